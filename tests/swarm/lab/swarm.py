"""A swarm of several nodes on this machine, gone again whatever happens.

Each lab has a number: its tag, its addresses and its folder follow from it, so that several labs can
be up at the same time. A lock says that a lab is in use; what is there without its lock was left by a
run that was killed, and is removed by the next run that takes the number.
"""

import atexit
import concurrent.futures
import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
from pathlib import Path

from .node import Node, is_gone
from .shell import CommandFailed, run, wait_until
from .wires import Wires

LABS = 8
CLIENT = 200


def parallel(function, items):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(function, items))


def end(*_):
    raise KeyboardInterrupt  # pytest ends with its finalisers, anything else with atexit's


def remove_abandoned():
    """What killed runs have left; labs that are in use stay."""
    for number in range(LABS):
        if folder_of(number).exists():
            with contextlib.suppress(AssertionError):
                Lab([number]).down()


def folder_of(number):
    return Path(f"/tmp/swl{number}")  # short: sockets live in it


class Lab:
    def __init__(self, numbers=range(LABS)):
        self.lock = None
        if not any(self._take(number) for number in numbers):
            raise AssertionError(f"all {LABS} labs are in use; is a test run hanging?")
        self.nodes = {}
        atexit.register(self.down)
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, end)
        self._remove()

    def _take(self, number):
        path = f"/tmp/swl{number}.lock"
        lock = open(path, "a")  # noqa: SIM115 (kept open as long as the lab is up)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            return False
        self.lock = lock
        self.folder = folder_of(number)
        self.wires = Wires(f"swl{number}", f"10.{220 + number}.0")
        return True

    # -- up and down

    def up(self, count=1, managers=1):
        self.folder.mkdir(mode=0o755)
        self.wires.make_switch()
        self.wires.plug("client", CLIENT)
        for number in range(1, count + 1):
            self.nodes[number] = Node(self.wires, self.folder, number)
            self.nodes[number].begin()
        for node in self.nodes.values():
            node.wait()
        first = self.nodes[1]
        first.docker("swarm", "init", "--advertise-addr", first.address, "--listen-addr",
                     f"{first.address}:2377", "--task-history-limit", "1")  # fmt: skip
        for number in range(2, count + 1):
            self.join(self.nodes[number], number <= managers)
        return self

    def join(self, node, as_manager=False):
        role = "manager" if as_manager else "worker"
        token = self.manager.docker("swarm", "join-token", "-q", role).strip()
        node.docker("swarm", "join", "--token", token, "--advertise-addr", node.address,
                    "--listen-addr", f"{node.address}:2377", f"{self.manager.address}:2377")  # fmt: skip

    def add(self, as_manager=False):
        number = max(self.nodes) + 1
        node = self.nodes[number] = Node(self.wires, self.folder, number)
        node.start()
        self.join(node, as_manager)
        return node

    def remove(self, node):
        """A worker without tasks leaves for good."""
        node.docker("swarm", "leave", "--force")
        del self.nodes[node.number]
        node.power_cut()
        self.docker("node", "rm", "--force", node.name)

    def down(self):
        if not self.lock:
            return
        atexit.unregister(self.down)
        self._remove()
        self.nodes = {}
        self.lock.close()
        self.lock = None

    def _remove(self):
        """This lab, or what a killed run has left of it."""
        for folder in self.folder.glob("n[0-9]*"):
            number = int(re.sub(r"\D", "", folder.name))
            node = self.nodes.get(number) or Node(self.wires, self.folder, number)
            with contextlib.suppress(AssertionError):
                node.power_cut()
        self._end_strangers()
        self.wires.unplug_all()
        mounted = Path("/proc/self/mounts").read_text()
        if f" {self.folder}/" in mounted:
            raise AssertionError(f"something is still mounted under {self.folder}; umount it")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end_strangers(self):
        """Clients of a run that was killed: what still is in one of the lab's network namespaces."""
        for who in ("client", "switch"):
            if self.wires.exists(who):
                for pid in run("ip", "netns", "pids", self.wires.name(who)).split():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)
                    wait_until(lambda pid=pid: is_gone(pid), "a client of the lab ended", 10)

    # -- the swarm

    @property
    def manager(self):
        """A live manager."""
        return self.nodes[1]

    def docker(self, *words, **options):
        return self.manager.docker(*words, **options)

    def client(self, *words, **options):
        """A command of this machine in the client's network."""
        return run(*self.wires.inside("client"), *words, **options)

    def load_image(self, name, tar, *options):
        """`docker import` on every node that has it not yet."""

        def load(node):
            node.docker("import", *options, tar, name)

        parallel(load, [node for node in self.nodes.values() if node.pid])

    def network(self, name, encrypted=False, subnet=None):
        words = ["--opt", "encrypted"] if encrypted else []
        words += ["--subnet", subnet] if subnet else []
        self.docker("network", "create", "-d", "overlay", "--attachable", *words, name)

    # -- services and tasks

    def tasks(self, service):
        """What swarm says of the service's tasks: dictionaries as of the API."""
        listed = self.docker("service", "ps", "-q", "--no-trunc", service, check=False).split()
        if not listed:
            return []
        return json.loads(self.docker("inspect", "--type", "task", *listed, check=False) or "[]")

    def running(self, service):
        return [
            task for task in self.tasks(service)
            if task["DesiredState"] == "running" and task["Status"]["State"] == "running"
        ]  # fmt: skip

    def wait_running(self, service, count, seconds=60):
        def settled():
            tasks = self.tasks(service)
            running = [t for t in tasks if t["Status"]["State"] == "running"]
            wanted = [t for t in running if t["DesiredState"] == "running"]
            return len(wanted) == count == len(running) and wanted

        return wait_until(settled, f"{count} running tasks of {service}", seconds, 0.1)

    def wait_node_ready(self, name):
        def ready():
            state = self.manager.inspect("node", name)[0]
            return state["Status"]["State"] == "ready" and state["Spec"]["Availability"] == "active"

        wait_until(ready, f"{name} is ready", 90, 0.2)

    def update_state(self, service):
        status = self.manager.inspect("service", service)[0].get("UpdateStatus") or {}
        return status.get("State", "")

    def update(self, service, *words, seconds=120):
        """An update, and the wait for its end."""
        self.docker("service", "update", "--detach", *words, service)
        wait_until(
            lambda: self.update_state(service) in ("completed", "paused", "rollback_completed"),
            f"the update of {service} is over", seconds, 0.1,
        )  # fmt: skip
        state = self.update_state(service)
        assert state == "completed", f"the update of {service} ended as {state}"

    def remove_service(self, *names):
        for name in names:
            with contextlib.suppress(CommandFailed):
                self.docker("service", "rm", name)
        wait_until(
            lambda: not any(self.containers(name) for name in names), f"{names} are gone", 60, 0.2
        )

    def containers(self, service):
        """(node, container ID) of the running containers of a service, on all live nodes."""
        found = []
        for node in self.nodes.values():
            if node.pid and node.answers():
                found += [(node, container) for container in node.containers(service)]
        return found
