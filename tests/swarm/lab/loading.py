"""The load generator (load.py) as a context: it runs in the client's network while the block does."""

import json
import subprocess
import sys
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

    def __enter__(self):
        self.process = subprocess.Popen(
            self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=ENVIRONMENT,
        )  # fmt: skip
        line = self._first_line()
        if line != "ready\n":
            self.process.kill()
            raise LoadFailed(f"the load did not begin: {line}{self.process.communicate()[1][-3000:]}")
        return self

    def _first_line(self):
        import select

        ready, _, _ = select.select([self.process.stdout], [], [], READY_SECONDS)
        return self.process.stdout.readline() if ready else "(nothing said) "

    def __exit__(self, kind, *_):
        try:
            output, errors = self.process.communicate("\n", END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            output, errors = self.process.communicate()
        if kind is None:
            if self.process.returncode != 0 or not output:
                raise LoadFailed(f"the load ended with {self.process.returncode}: {errors[-3000:]}")
            self.result = json.loads(output)
