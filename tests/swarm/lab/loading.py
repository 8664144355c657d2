"""The load generator (load.py) as a context: it runs in the client's network while the block does."""

import json
import select
import subprocess
import sys
import tempfile
from pathlib import Path

from .shell import ENVIRONMENT

LOAD = Path(__file__).resolve().parents[1] / "load.py"
READY_SECONDS = 90
END_SECONDS = 90


class LoadFailed(AssertionError):
    pass


class Loading:
    def __init__(self, lab, address, hosts, rate=250, websockets=20, options=()):
        words = [*lab.wires.inside("client"), sys.executable, str(LOAD), "--address", address,
                 "--rate", str(rate), "--websockets", str(websockets), *options]  # fmt: skip
        for host, service in hosts.items():
            words += ["--host", f"{host}={service}"]
        self.words = words
        self.result = None
        self.nodes = [node for node in lab.nodes.values() if node.pid]
        self.deaths = {}  # host name of a task -> Unix time of its end

    def __enter__(self):
        # Followed, for the Engine keeps 256 events only.
        self.events = tempfile.TemporaryFile("w+")
        self.followers = [
            subprocess.Popen(
                ["docker", "-H", f"unix://{node.socket}", "events", "--filter", "event=die",
                 "--format", "{{.ID}} {{.TimeNano}}"],
                stdin=subprocess.DEVNULL, stdout=self.events, stderr=subprocess.DEVNULL, env=ENVIRONMENT,
            )
            for node in self.nodes
        ]  # fmt: skip
        self.process = subprocess.Popen(
            self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=ENVIRONMENT,
        )  # fmt: skip
        line = self._first_line()
        if line != "ready\n":
            self.process.kill()
            self._end_followers()
            raise LoadFailed(f"the load did not begin: {line}{self.process.communicate()[1][-3000:]}")
        return self

    def _first_line(self):
        ready, _, _ = select.select([self.process.stdout], [], [], READY_SECONDS)
        return self.process.stdout.readline() if ready else "(nothing said) "

    def _end_followers(self):
        for follower in self.followers:
            follower.terminate()
            follower.wait(END_SECONDS)
        with self.events:
            self.events.seek(0)
            for line in self.events:
                task, nanoseconds = line.split()
                self.deaths[task[:12]] = int(nanoseconds) / 1e9

    def __exit__(self, kind, *_):
        self._end_load(kind)
        self._end_followers()

    def _end_load(self, kind):
        try:
            output, errors = self.process.communicate("\n", END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            output, errors = self.process.communicate()
        if kind is None:
            if self.process.returncode != 0 or not output:
                raise LoadFailed(f"the load ended with {self.process.returncode}: {errors[-3000:]}")
            self.result = json.loads(output)
