"""One run of the load generator beside one proxy, and what it cost that proxy."""

import json
import os
import select
import subprocess
import time

from . import machine, processes

SAMPLE_S = 0.2


class Load:
    """swarmward-load: warmed up when made; measures between go() and finish()."""

    def __init__(self, bench, port, arguments):
        command = [bench.load_program, "--port", str(port), *arguments]
        self.process = processes.start(
            command,
            bench.load_core,
            os.path.join(bench.directory, "load.log"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._pending = b""
        if self.read_line(240) != "ready":
            raise RuntimeError("the load generator did not get ready")

    def read_line(self, patience_s, meanwhile=None):
        """Its next line; `meanwhile` is called about every SAMPLE_S until then."""
        deadline = time.monotonic() + patience_s
        while b"\n" not in self._pending:
            left = deadline - time.monotonic()
            if left <= 0:
                raise RuntimeError("the load generator is stuck")
            if select.select([self.process.stdout], [], [], min(left, SAMPLE_S))[0]:
                piece = os.read(self.process.stdout.fileno(), 65536)
                if not piece:
                    raise RuntimeError("the load generator ended early")
                self._pending += piece
            elif meanwhile is not None:
                meanwhile()
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode().strip()

    def go(self):
        os.write(self.process.stdin.fileno(), b"go\n")

    def ask_to_stop(self):
        os.write(self.process.stdin.fileno(), b"stop\n")

    def report(self, patience_s, meanwhile=None):
        """What it counted; its connections are still open."""
        return json.loads(self.read_line(patience_s, meanwhile))

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        processes.end(self.process, 0.1)
        self.process.stdout.close()


def measure(bench, peer, port, arguments, seconds):
    """One round: a dict of what was counted, and what the proxy used meanwhile."""
    load = Load(bench, port, [*arguments, "--seconds", str(seconds)])
    try:
        memory = [peer.tree.pss_bytes()]
        before, load_before = peer.tree.cpu_ns(), machine.cpu_ns(load.process.pid)
        load.go()
        counted = load.report(seconds + 60, lambda: memory.append(peer.tree.pss_bytes()))
        used = peer.tree.cpu_ns() - before
        load_used = machine.cpu_ns(load.process.pid) - load_before
        memory.append(peer.tree.pss_bytes())
    finally:
        load.end()
    counted["cpu_ns"] = used
    counted["busy"] = used / 1e9 / counted["seconds"]
    counted["load_busy"] = load_used / 1e9 / counted["seconds"]
    counted["peak_bytes"] = max(memory)
    counted["failures"] = sum(counted["failed"].values())
    return counted


def failure_kinds(rounds):
    """What failed in all rounds together: kind -> how many."""
    total = {}
    for one in rounds:
        for kind, count in one["failed"].items():
            total[kind] = total.get(kind, 0) + count
    return total
