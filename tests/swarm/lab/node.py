"""One node of the lab: a dockerd in namespaces of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from .shell import ENVIRONMENT, CommandFailed, run, wait_until

INIT = Path(__file__).with_name("node_init.py")
START_SECONDS = 40
CGROUPS = Path("/sys/fs/cgroup")


def process_state(pid):
    """The letter of /proc/PID/stat; None: there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return None


def is_gone(pid):
    return process_state(pid) in (None, "Z")


class Node:
    def __init__(self, wires, folder, number):
        self.wires = wires
        self.number = number
        self.who = f"n{number}"
        self.name = f"node{number}"
        self.address = f"{wires.network}.{number}"
        self.folder = Path(folder) / self.who
        self.socket = self.folder / "docker.sock"
        self.cgroup = f"/{wires.tag}-{self.who}"

    # -- power

    @property
    def pid(self):
        """The node's first process, in this machine's numbers; None: it is off."""
        try:
            outer = int((self.folder / "unshare.pid").read_text())
            command = Path(f"/proc/{outer}/cmdline").read_bytes()
            children = Path(f"/proc/{outer}/task/{outer}/children").read_text().split()
        except (OSError, ValueError):
            return None
        if str(self.folder).encode() not in command.split(b"\0") or not children:
            return None
        return int(children[0])

    def begin(self):
        """Power on, without waiting for the daemon."""
        if not self.wires.exists(self.who):
            self.wires.plug(self.who, self.number)
        for own in ("cgroup", "etc/docker", "var/lib/docker"):
            (self.folder / own).mkdir(parents=True, exist_ok=True)
        (self.folder / "etc/hosts").write_text(f"127.0.0.1 localhost\n{self.address} {self.name}\n")
        (self.folder / "etc/resolv.conf").write_text(
            f"nameserver {self.wires.network}.254\noptions timeout:1 attempts:1\n"
        )
        with open(self.folder / "dockerd.log", "ab") as log:
            outer = subprocess.Popen(
                # A run that is killed takes its nodes with it; what they leave is removed by the next.
                ["setpriv", "--pdeathsig", "KILL", *self.wires.inside(self.who), "unshare", "--mount", "--propagation", "private",
                 "--uts", "--ipc", "--pid", "--fork", "--kill-child=KILL", "--mount-proc",
                 sys.executable, str(INIT), str(self.folder), self.name, self.cgroup],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRONMENT,
                start_new_session=True,
            )  # fmt: skip
        (self.folder / "unshare.pid").write_text(str(outer.pid))
        self.outer = outer

    def answers(self):
        with contextlib.suppress(CommandFailed):
            return run(
                "curl", "-s", "-m", "2", "--unix-socket", self.socket, "http://docker/_ping",
                check=False, seconds=5,
            ) == "OK"  # fmt: skip
        return False

    def wait(self):
        try:
            wait_until(self.answers, f"{self.name} answers", START_SECONDS, 0.1)
        except AssertionError as error:
            lines = (self.folder / "dockerd.log").read_text(errors="replace").splitlines()
            raise AssertionError("\n".join([str(error), *lines[-8:]])) from None

    def start(self):
        self.begin()
        self.wait()

    def power_cut(self):
        """Every process of the node dies at once."""
        pid = self.pid
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            wait_until(lambda: is_gone(pid), f"{self.name} is dead", 10)
        if getattr(self, "outer", None):
            self.outer.wait(10)
        self.socket.unlink(missing_ok=True)
        self._drop_cgroups()

    def _drop_cgroups(self):
        for top in {CGROUPS, *CGROUPS.iterdir()}:
            group = Path(f"{top}{self.cgroup}")
            if group.is_dir():
                for folder, _, _ in os.walk(group, topdown=False):
                    with contextlib.suppress(OSError):
                        os.rmdir(folder)

    # -- its daemon

    def inside(self):
        """The words that run a command in the node."""
        return ["nsenter", "-t", str(self.pid), "--net", "--mount", "--uts", "--ipc", "--pid"]

    def signal_daemon(self, number=signal.SIGTERM):
        """The daemon ends and is started again by the node; returns when the new one answers."""
        before = (self.folder / "dockerd.pid").read_text()
        self.run("kill", f"-{int(number)}", before)
        wait_until(
            lambda: (self.folder / "dockerd.pid").read_text() not in ("", before),
            f"{self.name}'s daemon was started again", START_SECONDS,
        )  # fmt: skip
        self.wait()

    def run(self, *words, **options):
        return run(*self.inside(), *words, **options)

    def docker(self, *words, **options):
        return run("docker", "-H", f"unix://{self.socket}", *words, **options)

    def inspect(self, kind, *names):
        return json.loads(self.docker(kind, "inspect", *names))

    # -- its containers

    def containers(self, service):
        """The running containers of a service on this node: their IDs."""
        return self.docker(
            "ps", "-q", "--no-trunc", "--filter", f"label=com.docker.swarm.service.name={service}"
        ).split()

    def kill_container(self, container, number=signal.SIGKILL):
        """Not by Docker: its first process gets the signal from the node, as if the machine did it."""
        pid = self.inspect("container", container)[0]["State"]["Pid"]
        self.run("kill", f"-{int(number)}", str(pid))
        return time.monotonic()
