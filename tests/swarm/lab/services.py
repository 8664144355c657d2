"""What the scenarios do: services of the lab's application behind swarmward, load on them, and what came
of it."""

import calendar
import concurrent.futures
import contextlib
import json
import re
import time

from . import table
from .loading import Loading
from .shell import run, wait_until

APP_IMAGE = "app:lab"
ZONE = "lab.test"
# A WebSocket that ends earlier than this before its task was not ended by the task.
CLOCK_SLACK_SECONDS = 0.3


def unix_time(text):
    """Of RFC 3339 in UTC, whose nanoseconds Python does not know."""
    whole, _, part = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float(f"0.{part or 0}")


class Answer:
    def __init__(self, text):
        head, _, status = text.rpartition("\n")
        self.status = int(status)
        self.body = head
        self.said = dict(re.findall(r"(\w+)=(\S+)", head))


class Services:
    def __init__(self, lab, front, proxy):
        self.lab = lab
        self.front = front
        self.proxy = proxy
        self.made = []
        self.address = front.nodes[0].address

    def host(self, name):
        return f"{name}.{ZONE}"

    # -- services

    def create(self, name, *words, exits="now", replicas=2, labels=None, network="edge", wait=True):
        """A service NAME whose domain is NAME.lab.test; `exits` is what its tasks do on SIGTERM."""
        all_labels = {
            "swarmward.enable": "true",
            "swarmward.domain": self.host(name),
            "swarmward.port": "8080",
            "swarmward.balance": "round_robin",  # every task is asked, however many WebSockets it has
            **(labels or {}),
        }
        self.made.append(name)
        self.lab.docker(
            "service", "create", "--detach", "--name", name, "--network", network,
            "--endpoint-mode", "dnsrr", "--replicas", str(replicas), "--no-resolve-image",
            "--env", f"SERVICE={name}", "--env", "VERSION=1", "--env", f"EXIT={exits}",
            "--stop-grace-period", "1s", "--restart-delay", "1s", "--update-delay", "0s",
            "--update-monitor", "1s",
            *[word for key, value in all_labels.items() for word in ("--label", f"{key}={value}")],
            *words, APP_IMAGE, "/app",
        )  # fmt: skip
        if wait:
            self.wait_ready(name, replicas)
        return name

    def update_together(self, *names, version):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            updates = [
                pool.submit(self.lab.update, name, "--env-add", f"VERSION={version}") for name in names
            ]
            for one in updates:
                one.result()

    def remove(self, *names):
        self.lab.remove_service(*names)
        self.made = [name for name in self.made if name not in names]

    def clear(self):
        """Everything a scenario has made or broken."""
        self.proxy.fault(None)
        if self.made:
            self.remove(*self.made)

    def create_both(self, *words, replicas=2):
        """Tasks that exit at once on SIGTERM, and tasks that do not: [(exits, name)]."""
        both = [(exits, f"shop-{exits}") for exits in ("now", "stay")]
        for exits, name in both:
            self.create(name, *words, exits=exits, replicas=replicas, wait=False)
        for _, name in both:
            self.wait_ready(name, replicas)
        return both

    def wait_ready(self, name, replicas):
        self.lab.wait_running(name, replicas)
        self.wait_served(name, replicas)

    # -- requests

    def get(self, name, path="/", address=None):
        """One request of curl; status 0: no answer."""
        address = address or self.address
        return Answer(run(
            *self.lab.wires.inside("client"), "curl", "-sk", "-m", "5", "-w", "\n%{http_code}",
            "--resolve", f"{self.host(name)}:443:{address}", f"https://{self.host(name)}{path}",
            check=False,
        ))  # fmt: skip

    def wait_status(self, name, status, seconds=30):
        """How long it took; the last answer is what it says when that never comes."""
        begin = time.monotonic()
        last = None

        def is_so():
            nonlocal last
            last = self.get(name)
            return last.status == status

        try:
            wait_until(is_so, f"{name} answers {status}", seconds, 0.02)
        except AssertionError as late:
            raise AssertionError(f"{late}; now: {last.status} {last.body}\n{self.explained(name)}") from None
        return time.monotonic() - begin

    def wait_served(self, name, replicas):
        """Until every task has answered. Its name may take a while: after a daemon was restarted, the nodes'
        own records are only brought together by Docker's bulk sync, each 30 s."""
        self.wait_status(name, 200)
        seen = set()

        def all_seen():
            seen.add(self.get(name).said.get("host"))
            return len(seen - {None}) >= replicas

        wait_until(all_seen, f"all {replicas} tasks of {name} answer through swarmward", 90)

    def explained(self, name):
        return self.front.explain(self.front.nodes[0], f"https://{self.host(name)}/")

    # -- what the swarm says

    def running_since(self, name):
        """The Unix time at which the only task of a service began to run, as swarm says."""
        (task,) = self.lab.running(name)
        return unix_time(task["Status"]["Timestamp"])

    def addresses(self, name):
        return {
            address.split("/")[0]
            for task in self.lab.running(name)
            for network in task.get("NetworksAttachments") or []
            for address in network["Addresses"]
        }

    def hosts_on(self, name, node):
        """The host names of a service's tasks on a node."""
        return {container[:12] for container in node.containers(name)}

    def endpoints(self, name, hosts):
        """What swarmward calls the tasks with these host names."""
        return {
            f"{name}.{task['Slot']}" for task in self.lab.running(name)
            if task["Status"]["ContainerStatus"]["ContainerID"][:12] in hosts
        }  # fmt: skip

    def wait_replaced(self, name, replicas, *gone, seconds=120):
        """`replicas` tasks run, and none of them is one of these containers."""

        def replaced():
            running = [
                task["Status"]["ContainerStatus"]["ContainerID"] for task in self.lab.running(name)
            ]
            old = [one for one in running if any(one.startswith(id[:12]) for id in gone)]
            return len(running) == replicas and not old

        wait_until(replaced, f"{name} has {replicas} tasks again", seconds, 0.2)

    def wait_moved(self, name, replicas, node):
        wait_until(
            lambda: not node.containers(name) and len(self.lab.running(name)) == replicas,
            f"no task of {name} is left on {node.name}", 90, 0.2,
        )  # fmt: skip

    def wait_deaths(self, since, count):
        wait_until(
            lambda: len(self.deaths(since, time.time())) >= count, f"{count} tasks have died", 60, 0.2
        )

    # -- what swarmward says

    def wait_discovery_live(self):
        """swarmward on the first node follows the API (again)."""

        def live():
            status = self.front.status(self.front.nodes[0]) or {}
            return (status.get("docker") or {}).get("link") == "live"

        wait_until(live, "swarmward follows the Docker API", 90, 0.2)

    def wait_event_stream(self):
        wait_until(lambda: "/events" in self.proxy.open.values(), "an event stream is open", 60)

    def wait_until_time(self, end):
        wait_until(lambda: time.time() >= end, "the fault is over", 120, 0.2)

    def accesses(self, since, until):
        """The access log's lines, with `begin` and `end` as Unix times."""
        found = []
        for line in self.front.accesses(self.front.nodes[0]):
            line["end"] = unix_time(line["time"])
            line["begin"] = line["end"] - line["total_ms"] / 1000
            if since <= line["end"] <= until:
                found.append(line)
        return found

    # -- load

    def load(self, *names, address=None, **options):
        hosts = {self.host(name): name for name in names}
        return Loading(self.lab, address or self.address, hosts, **options)

    @contextlib.contextmanager
    def loads(self, both):
        """A load of its own for each of create_both(): [(exits, name, load)]."""
        with contextlib.ExitStack() as stack:
            yield [(exits, name, stack.enter_context(self.load(name))) for exits, name in both]

    def deaths(self, since, until):
        """{host name of a task: Unix time of its end} over all live nodes, of the last few."""
        found = {}
        for node in self.lab.nodes.values():
            if not node.pid:
                continue
            text = node.docker("events", "--since", f"{since:.3f}", "--until", f"{until:.3f}",
                               "--filter", "event=die", "--format", "{{json .}}")  # fmt: skip
            for line in text.splitlines():
                event = json.loads(line)
                found[event["id"][:12]] = event["timeNano"] / 1e9
        return found

    def judge(self, scenario, behaviour, load, since, dead=(), note=""):
        """The row of the table. `dead`: host names of tasks whose node could not tell of their end."""
        result = load.result
        deaths = {**self.deaths(since, time.time()), **load.deaths}
        stopped, others = [], []
        for one in result["websockets"]["closed"]:
            end = deaths.get(one["task"])
            by_task = one["task"] in dead or (end and one["at"] >= end - CLOCK_SLACK_SECONDS)
            (stopped if by_task else others).append(one)
        result["others"] = others
        table.add(scenario, behaviour, result, len(stopped), len(others), note)
        return result


def assert_nothing_lost(result):
    assert result["failed"] == 0, json.dumps([result["kinds"], result["failures"][:10]])
    assert not result["others"], json.dumps(result["others"])
    assert result["rate"] >= 200, f"only {result['rate']} requests a second: this machine is too busy"


def for_both_kinds_of_tasks(scenario, check):
    """Run it for tasks that exit at once on SIGTERM and for those that do not, at the same time."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(scenario, ["now", "stay"]))
    for result in results:
        check(result)
