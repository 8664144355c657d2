"""A fake Docker Engine: the GETs that swarmward makes, over a unix socket, for scale and for faults.
What a real Engine does is tested against a real one (tests/swarm); this one has 500 services in a
second, and breaks on command.

    engine = FakeEngine(folder / "docker.sock")      # listens at once; engine.close() in the end
    front = engine.add_network("front", encrypted=True)
    shop = engine.add_service("shop", {"swarmward.enable": "true"}, networks=[front])
    engine.set_tasks(shop, ["10.0.1.5", "10.0.1.6"]) # running tasks at these addresses
    engine.update(shop, {"swarmward.enable": "false"})
    engine.crash_task(shop)                          # one task fails, a new one starts
    engine.remove_service(shop)
    engine.fault("/tasks", "error")                  # see FAULTS; engine.fault("*", None) ends all
    engine.bodies["/tasks"] = b"[null]"              # what is answered instead; del ends it
    engine.drop_event_streams()
    engine.refuse(True)                              # nobody listens; refuse(False): again
    engine.counts["/tasks"]                          # requests so far, by path without version

Every change raises the version of what it changes; services, networks and nodes also send the event
that the Engine sends (tasks have none). `info` and `version` are plain dictionaries; call changed()
after writing to anything by hand. Objects are serialised when they change, not when they are asked
for. As a program (for measurements):

    python3 -m lab.docker_api --socket PATH --services 500 --tasks 10 [--unlabelled]

Then it reads commands from standard input, a line each: `update N`, `crash N`, `counts`, `quit`.
"""

import argparse
import collections
import contextlib
import itertools
import json
import os
import re
import socket
import sys
import threading
import time
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

FAULTS = {
    "error": "500 with a message",
    "garbage": "200 with a body that is no JSON",
    "nonsense": "bytes that are no HTTP",
    "silence": "no answer until the fault is over",
    "cut": "half of the body, then the end of the connection",
    "slow": "the body in ten pieces, 0.1 s apart",
    "close": "the end of the connection instead of an answer",
}
VERSIONED = re.compile(r"^/v(\d+)\.(\d+)(/.*)$")
LEAST_API, MOST_API = (1, 44), (1, 52)


def now_text():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


def new_id(number, kind):
    """25 characters like the Engine's, but in order of creation."""
    return f"{kind}{number:024d}"


class Item:
    """An object of the Engine with its bytes."""

    def __init__(self, value):
        self.value = value
        self.changed()

    def changed(self):
        self.bytes = json.dumps(self.value).encode()

    @property
    def id(self):
        return self.value.get("ID") or self.value.get("Id")


class EventStream:
    def __init__(self, sock, types):
        self.sock, self.types = sock, types

    def send(self, event):
        if self.types and event["Type"] not in self.types:
            return
        line = json.dumps(event).encode() + b"\n"
        self.sock.sendall(b"%x\r\n%s\r\n" % (len(line), line))


class FakeEngine:
    def __init__(self, path, node_count=1):
        self.path = str(path)
        self.lock = threading.RLock()
        self.numbers = itertools.count(1)
        self.indexes = itertools.count(10)
        self.services, self.tasks, self.networks, self.nodes = {}, {}, {}, {}
        self.tasks_of = collections.defaultdict(list)  # service ID -> task IDs
        self.streams, self.sockets = [], set()
        self.faults = {}
        self.bodies = {}  # by path: what is answered instead of the truth
        self.fault_ended = threading.Condition(self.lock)
        self.counts = collections.Counter()
        self.queries = []  # (path, filters) of every request
        self.version = {
            "Version": "29.0.1", "ApiVersion": "1.52", "MinAPIVersion": "1.44", "Os": "linux", "Arch": "amd64",
        }  # fmt: skip
        first = [self.add_node(f"node{i + 1}", leader=i == 0) for i in range(node_count)][0]
        self.info = {
            "ID": "fake", "Name": "node1", "ServerVersion": "29.0.1",
            "Swarm": {
                "NodeID": first, "NodeAddr": "127.0.0.1", "LocalNodeState": "active",
                "ControlAvailable": True, "Error": "",
            },
        }  # fmt: skip
        self.listener = None
        self.refuse(False)

    # --- the model -------------------------------------------------------------------------------

    def add_node(self, hostname, engine="29.0.1", role="manager", leader=False, address="127.0.0.1", state="ready"):
        node = {
            "ID": new_id(next(self.numbers), "n"),
            "Version": {"Index": next(self.indexes)},
            "Spec": {"Role": role, "Availability": "active"},
            "Description": {"Hostname": hostname, "Engine": {"EngineVersion": engine}},
            "Status": {"State": state, "Addr": address},
        }
        if role == "manager":
            node["ManagerStatus"] = {"Leader": leader, "Reachability": "reachable"}
        return self._add(self.nodes, node, "node", hostname)

    def add_network(self, name, encrypted=False, subnet="10.0.1.0/24", driver="overlay", **more):
        network = {
            "Id": new_id(next(self.numbers), "w"),
            "Name": name,
            "Scope": "swarm" if driver == "overlay" else "local",
            "Driver": driver,
            "IPAM": {"Driver": "default", "Config": [{"Subnet": subnet}]},
            "Ingress": False,
            "Options": {"encrypted": ""} if encrypted else {},
            **more,
        }
        return self._add(self.networks, network, "network", name)

    def add_service(self, name, labels=None, networks=(), replicas=1, ports=(), **more):
        """`networks`: IDs; `ports`: pairs (published, target), in host mode. Returns the ID."""
        spec = {
            "Name": name,
            "Labels": dict(labels or {}),
            "TaskTemplate": {
                "ContainerSpec": {"Image": "app", "Env": ["SECRET=not for you"]},
                "Networks": [{"Target": network} for network in networks],
            },
            "Mode": {"Replicated": {"Replicas": replicas}},
            "EndpointSpec": {"Mode": "dnsrr"},
        }
        service = {
            "ID": new_id(next(self.numbers), "s"),
            "Version": {"Index": next(self.indexes)},
            "CreatedAt": now_text(),
            "UpdatedAt": now_text(),
            "Spec": spec,
            "Endpoint": {
                "Spec": {"Mode": "dnsrr"},
                "Ports": [
                    {"Protocol": "tcp", "PublishedPort": out, "TargetPort": to, "PublishMode": "host"}
                    for out, to in ports
                ],
            },
            **more,
        }
        return self._add(self.services, service, "service", name)

    def set_tasks(self, service, addresses, state="running", desired="running"):
        """The tasks of a service are these from now on; who keeps an address keeps the task."""
        with self.lock:
            old = {self.address_of(task): task for task in self.tasks_of[service]}
            kept = [old.pop(address, None) for address in addresses]
            for task in old.values():
                del self.tasks[task]
            self.tasks_of[service] = [
                task or self._new_task(service, slot + 1, address)
                for slot, (address, task) in enumerate(zip(addresses, kept))
            ]
            for task in self.tasks_of[service]:
                self.set_task_state(task, state, desired)
            return list(self.tasks_of[service])

    def set_task_state(self, task, state, desired=None):
        with self.lock:
            value = self.tasks[task].value
            if (value["Status"]["State"], value["DesiredState"]) == (state, desired):
                return
            value["Status"]["State"] = state
            value["Status"]["Timestamp"] = now_text()
            value["DesiredState"] = desired or value["DesiredState"]
            value["Version"]["Index"] = next(self.indexes)
            self.tasks[task].changed()

    def crash_task(self, service, index=0, address=None):
        """A task fails and a new one runs in its slot. Swarm sends no event for that."""
        with self.lock:
            task = self.tasks_of[service][index]
            slot = self.tasks[task].value["Slot"]
            self.set_task_state(task, "failed", "shutdown")
            new = self._new_task(service, slot, address or self.address_of(task))
            self.tasks_of[service][index] = new
            self.tasks_of[service].append(task)  # the Engine keeps some history
            for forgotten in self.tasks_of[service][16:]:
                del self.tasks[forgotten]
            del self.tasks_of[service][16:]
            return new

    def address_of(self, task):
        attachments = self.tasks[task].value["NetworksAttachments"]
        return attachments[0]["Addresses"][0].split("/")[0] if attachments else None

    def update(self, service, labels=None, state=None, name=None):
        """Change labels or name, or just the version; `state`: of UpdateStatus. Sends the event."""
        with self.lock:
            value = self.services[service].value
            if labels is not None:
                value["Spec"]["Labels"] = dict(labels)
            if name is not None:
                value["Spec"]["Name"] = name
            attributes = {}
            if state is not None:
                old = value.get("UpdateStatus", {}).get("State", "")
                value["UpdateStatus"] = {"State": state, "StartedAt": now_text()}
                attributes = {"updatestate.new": state, "updatestate.old": old}
            self.changed(self.services[service])
            self.emit("service", "update", service, name=value["Spec"]["Name"], **attributes)

    def remove_service(self, service):
        with self.lock:
            name = self.services.pop(service).value["Spec"]["Name"]
            for task in self.tasks_of.pop(service, []):
                self.tasks.pop(task, None)
            self.emit("service", "remove", service, name=name)

    def remove_network(self, network):
        with self.lock:
            name = self.networks.pop(network).value["Name"]
            self.emit("network", "remove", network, name=name)

    def set_node(self, node, availability=None, state=None, engine=None):
        with self.lock:
            value = self.nodes[node].value
            attributes = {"name": value["Description"]["Hostname"]}
            if availability:
                attributes["availability.old"] = value["Spec"]["Availability"]
                value["Spec"]["Availability"] = attributes["availability.new"] = availability
            if state:
                attributes["state.old"] = value["Status"]["State"]
                value["Status"]["State"] = attributes["state.new"] = state
            if engine:
                value["Description"]["Engine"]["EngineVersion"] = engine
            self.changed(self.nodes[node])
            self.emit("node", "update", node, **attributes)

    def changed(self, item):
        """What was written into item.value counts."""
        with self.lock:
            if "Version" in item.value:
                item.value["Version"]["Index"] = next(self.indexes)
            item.changed()

    def emit(self, kind, action, id_, **attributes):
        at = time.time_ns()
        event = {
            "Type": kind, "Action": action, "Actor": {"ID": id_, "Attributes": attributes}, "scope": "swarm",
            "time": at // 10**9, "timeNano": at,
        }  # fmt: skip
        with self.lock:
            for stream in list(self.streams):
                with contextlib.suppress(OSError):
                    stream.send(event)

    def _add(self, where, value, kind, name):
        with self.lock:
            item = Item(value)
            where[item.id] = item
            self.emit(kind, "create", item.id, name=name)
            return item.id

    def _new_task(self, service, slot, address):
        spec = self.services[service].value["Spec"]
        networks = [each["Target"] for each in spec["TaskTemplate"]["Networks"]]
        number = next(self.numbers)
        task = {
            "ID": new_id(number, "t"),
            "Version": {"Index": next(self.indexes)},
            "CreatedAt": now_text(),
            "ServiceID": service,
            "Slot": slot,
            "NodeID": next(iter(self.nodes)),
            "Spec": spec["TaskTemplate"],
            "Status": {
                "Timestamp": now_text(),
                "State": "running",
                "Message": "started",
                "ContainerStatus": {"ContainerID": f"{number:064x}", "PID": 1, "ExitCode": 0},
            },
            "DesiredState": "running",
            "NetworksAttachments": [
                {"Network": {"ID": network}, "Addresses": [f"{address}/24"]} for network in networks
            ],
        }
        self.tasks[task["ID"]] = Item(task)
        return task["ID"]

    # --- faults ----------------------------------------------------------------------------------

    def fault(self, path, what):
        """`path` without version ("/tasks", "*"), `what` of FAULTS, or None for well again."""
        assert what is None or what in FAULTS, what
        with self.lock:
            if path == "*":
                self.faults.clear()
            self.faults[path] = what
            self.fault_ended.notify_all()

    def drop_event_streams(self):
        with self.lock:
            for stream in self.streams:
                with contextlib.suppress(OSError):
                    stream.sock.shutdown(socket.SHUT_RDWR)

    def refuse(self, refusing):
        """True: nobody listens any more, and what was open is closed."""
        with self.lock:
            if self.listener:
                self.listener.shutdown(socket.SHUT_RDWR)
                self.listener.close()
                self.listener = None
                os.unlink(self.path)
            if refusing:
                for sock in self.sockets:
                    with contextlib.suppress(OSError):
                        sock.shutdown(socket.SHUT_RDWR)
                return
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.path)
            os.chmod(self.path, 0o666)  # control is another user when the tests run as root
            self.listener.listen(128)
            threading.Thread(target=self._accept, args=[self.listener], daemon=True).start()

    def close(self):
        self.fault("*", None)
        self.refuse(True)

    # --- HTTP ------------------------------------------------------------------------------------

    def _accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.sockets.add(sock)
            threading.Thread(target=self._serve, args=[sock], daemon=True).start()

    def _serve(self, sock):
        with contextlib.suppress(OSError, ValueError), sock, sock.makefile("rb") as lines:
            while True:
                line = lines.readline(65536)
                while lines.readline(65536) not in (b"\r\n", b""):
                    pass
                if not line:
                    break
                method, target, _ = line.decode().split(" ", 2)
                if not self._answer(sock, method, target):
                    break
        with self.lock:
            self.sockets.discard(sock)

    def _answer(self, sock, method, target):
        """False: the connection is over."""
        url = urlsplit(target)
        path, asked = url.path, None
        found = VERSIONED.match(path)
        if found:
            asked, path = (int(found[1]), int(found[2])), found[3]
        filters = json.loads(parse_qs(url.query).get("filters", ["{}"])[0])
        with self.lock:
            self.counts[path] += 1
            self.queries.append((path, filters))
            fault = self.faults.get(path) or self.faults.get("*")
            while fault == "silence":
                self.fault_ended.wait()
                fault = self.faults.get(path) or self.faults.get("*")
        if fault == "close":
            return False
        if fault == "nonsense":
            sock.sendall(b"\0\1\2 what is this?\r\n\r\n")
            return False
        if fault == "error":
            return self._send(sock, 500, b'{"message":"rpc error: the swarm does not have a leader"}')
        if fault == "garbage":
            return self._send(sock, 200, b'[{"ID": "abc", \xff\xfe')
        if method != "GET":
            return self._send(sock, 403, b'{"message":"this Engine is only read"}')
        if asked and asked < self._pair("MinAPIVersion"):
            return self._refuse_version(sock, asked, "old. Minimum", "MinAPIVersion")
        if asked and asked > self._pair("ApiVersion"):
            return self._refuse_version(sock, asked, "new. Maximum", "ApiVersion")
        if path == "/events":
            return self._stream(sock, filters)
        body = self.bodies.get(path) or self._body(path, filters)
        if body is None:
            return self._send(sock, 404, b'{"message":"page not found"}')
        return self._send(sock, 200, body, fault)

    def _pair(self, name):
        major, minor = self.version[name].split(".")
        return int(major), int(minor)

    def _refuse_version(self, sock, asked, word, name):
        text = (
            f"client version {asked[0]}.{asked[1]} is too {word} supported API version is "
            f"{self.version[name]}"
        )
        return self._send(sock, 400, json.dumps({"message": text}).encode())

    def _send(self, sock, status, body, fault=None):
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        if fault == "cut":
            sock.sendall(head.encode() + body[: len(body) // 2])
            return False
        if fault == "slow":
            step = len(body) // 10 + 1
            sock.sendall(head.encode())
            for at in range(0, len(body), step):
                sock.sendall(body[at : at + step])
                time.sleep(0.1)
            return True
        sock.sendall(head.encode() + body)
        return True

    def _stream(self, sock, filters):
        stream = EventStream(sock, names(filters, "type"))
        with self.lock:  # no event may come between the head and the list
            sock.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            )
            self.streams.append(stream)
        try:
            sock.recv(1)  # nothing comes: until the client, or drop_event_streams(), ends it
        finally:
            with self.lock:
                self.streams.remove(stream)
        return False

    def _body(self, path, filters):
        with self.lock:
            if path == "/_ping":
                return b"OK"
            if path == "/version":
                return json.dumps(self.version).encode()
            if path == "/info":
                return json.dumps({"SystemTime": now_text(), **self.info}).encode()
            chosen = {
                "/services": self._chosen_services,
                "/tasks": self._chosen_tasks,
                "/networks": lambda filters: self.networks.values(),
                "/nodes": lambda filters: self.nodes.values(),
                "/configs": lambda filters: [],
            }.get(path)
            if not chosen:
                return None
            return b"[" + b",".join(item.bytes for item in chosen(filters)) + b"]"

    def _chosen_services(self, filters):
        ids, starts, labels = (names(filters, name) for name in ("id", "name", "label"))
        if ids:
            chosen = [self.services[each] for each in ids if each in self.services]
        else:
            chosen = list(self.services.values())
        if starts:
            chosen = [s for s in chosen if any(s.value["Spec"]["Name"].startswith(n) for n in starts)]
        for label in labels:
            name, _, value = label.partition("=")
            chosen = [
                item
                for item in chosen
                if name in item.value["Spec"]["Labels"]
                and value in ("", item.value["Spec"]["Labels"][name])
            ]
        return chosen

    def _chosen_tasks(self, filters):
        services, ids, desired = (names(filters, name) for name in ("service", "id", "desired-state"))
        if services:
            by_name = {item.value["Spec"]["Name"]: id_ for id_, item in self.services.items()}
            wanted = [by_name.get(each, each) for each in services]
            chosen = [self.tasks[t] for each in wanted for t in self.tasks_of.get(each, [])]
        else:
            chosen = list(self.tasks.values())
        if ids:
            chosen = [item for item in chosen if item.id in ids]
        if desired:
            chosen = [item for item in chosen if item.value["DesiredState"] in desired]
        return chosen


def names(filters, name):
    """Both forms of a filter: ["a"] and {"a": true}."""
    return list(filters.get(name, []))


def fill(engine, service_count, task_count, labelled=True):
    """Services "svcN" for the domains svcN.example, at most 250 x 250 addresses."""
    network = engine.add_network("front", encrypted=True, subnet="10.0.0.0/8")
    made = []
    for number in range(service_count):
        labels = {
            "swarmward.enable": "true",
            "swarmward.domain": f"svc{number}.example",
            "swarmward.port": "8080",
        }  # fmt: skip
        made.append(engine.add_service(f"svc{number}", labels if labelled else {}, [network], task_count))
        first = number * task_count
        places = range(first, first + task_count)
        engine.set_tasks(made[-1], [f"10.1.{i // 250 % 250}.{i % 250 + 1}" for i in places])
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--socket", required=True, type=Path)
    parser.add_argument("--services", type=int, default=500)
    parser.add_argument("--tasks", type=int, default=10)
    parser.add_argument("--labelled", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--unlabelled", dest="labelled", action="store_false")
    options = parser.parse_args()
    engine = FakeEngine(options.socket)
    made = fill(engine, options.services, options.tasks, options.labelled)
    print("ready", flush=True)
    for line in sys.stdin:
        word, *rest = line.split() or [""]
        if word == "update":
            engine.update(made[int(rest[0])])
        elif word == "crash":
            engine.crash_task(made[int(rest[0])])
        elif word == "counts":
            print(json.dumps(engine.counts), flush=True)
        elif word == "quit":
            break
    engine.close()


if __name__ == "__main__":
    main()
