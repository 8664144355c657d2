"""Reloads under load, with one domain and with many, and the cold start with many.

Each proxy in turn: started with N domains, each with a certificate of its own; then clients keep
asking for the first domain while (a) one domain is added, (b) every certificate is replaced.
"""

import os
import statistics
import threading
import time

from . import certificates, load, processes
from .peers import Failure, Setup

PROBE_S = 0.005
STABLE_PROBES = 5  # old and new processes may both accept for a while
SETTLE_S = 15.0


class Watch:
    """Memory of a tree while something happens; a thread, because reading it takes a while."""

    def __init__(self, tree):
        self.tree = tree
        self.peak = self.before = tree.pss_bytes()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._over.wait(0.02):
            self.peak = max(self.peak, self.tree.pss_bytes())

    def end(self):
        self._over.set()
        self._thread.join()


class Reload:
    """With `count` domains; quick runs may use fewer."""

    unit = "ms"

    def __init__(self, name, title, domains):
        self.name = name
        self.title = title
        self.domains = domains

    def _probe(self, peer, number, expected, patience_s):
        """Seconds until the domain is served with the certificate expected, and stays so."""
        context = certificates.client_context(peer.setup.served.authority)
        name = certificates.domain_name(number)
        begun = time.monotonic()
        first, good = None, 0
        while time.monotonic() - begun < patience_s:
            if certificates.serves(context, peer.https_port, name) == expected:
                first = first if good else time.monotonic()
                good += 1
                if good == STABLE_PROBES:
                    return first - begun
            else:
                good = 0
                if peer.process.poll() is not None:
                    break
            time.sleep(PROBE_S)
        output = processes.tail(peer.output_path)
        raise Failure(f"{peer.name}: domain {number} is not served after {patience_s} s\n{output}")

    def _settle(self, peer, processes_before):
        """Until what the reload left behind has gone, at most SETTLE_S."""
        deadline = time.monotonic() + SETTLE_S
        while time.monotonic() < deadline and len(peer.tree.living()) > processes_before:
            time.sleep(0.05)
        time.sleep(0.5)

    def _load(self, bench, peer):
        arguments = ["--mode", "keepalive", "--connections", "32", "--pause-ms", "20"]
        arguments += ["--path", "/1k", "--expect-bytes", "1024", "--seconds", "300"]
        arguments += ["--name", certificates.domain_name(1)]
        return load.Load(bench, peer.https_port, arguments)

    def _reload(self, bench, peer, number, expected):
        """One reload under load; the files are changed already."""
        clients = self._load(bench, peer)
        try:
            count = len(peer.tree.living())
            watch = Watch(peer.tree)
            try:
                clients.go()
                time.sleep(0.5)
                used = peer.tree.cpu_ns()
                peer.reload()
                served_s = self._probe(peer, number, expected, 120.0)
                self._settle(peer, count)
                used = peer.tree.cpu_ns() - used
            finally:
                watch.end()
            clients.ask_to_stop()
            counted = clients.report(60)
        finally:
            clients.end()
        return {
            "served_ms": served_s * 1e3,
            "failed": counted["failed"],
            "failures": sum(counted["failed"].values()),
            "requests": counted["done"],
            "p99_us": counted["p99_us"],
            "cpu_ms": used / 1e6,
            "before_bytes": watch.before,
            "peak_bytes": watch.peak,
            "after_bytes": peer.tree.pss_bytes(),
        }

    def _cold_start(self, peer):
        begun = time.monotonic()
        peer.start()
        served = peer.setup.served
        self._probe(peer, served.count, served.der(served.count), 120.0)
        return (time.monotonic() - begun) * 1e3

    def _round(self, bench, kind):
        count = bench.domains_of(self)
        place = os.path.join(bench.directory, "c")
        served = bench.store.place(place, "a", count)
        setup = Setup(bench.directory, bench.backend_port, served, admin=True)
        peer = kind(setup, bench.proxy_core)
        try:
            results = {"start": {"served_ms": self._cold_start(peer)}}
            time.sleep(0.5)
            results["start"]["after_bytes"] = peer.tree.pss_bytes()
            served = bench.store.place(place, "a", count + 1)
            peer.setup.served = served
            peer.write()
            results["one"] = self._reload(bench, peer, count + 1, served.der(count + 1))
            served = bench.store.place(place, "b", count + 1)
            results["all"] = self._reload(bench, peer, count + 1, served.der(count + 1))
        finally:
            peer.stop()
        return results

    def run(self, bench):
        """step -> peer name -> medians."""
        rounds = {}
        count = bench.domains_of(self)
        for turn in range(bench.reload_rounds(count)):
            first = turn % len(bench.peers)
            for kind in bench.peers[first:] + bench.peers[:first]:
                results = self._round(bench, kind)
                rounds.setdefault(kind.name, []).append(results)
                served = [f"{step} {one['served_ms']:.0f}" for step, one in results.items()]
                bench.progress(self, kind, turn, " ".join(served) + " ms")
        return {
            step: {name: self.medians([one[step] for one in all_rounds])
                   for name, all_rounds in rounds.items()}
            for step in ("start", "one", "all")
        }

    @staticmethod
    def medians(rounds):
        middle = {"failed": load.failure_kinds([one for one in rounds if "failed" in one])}
        for key, value in rounds[0].items():
            if key == "failed":
                continue
            combine = sum if key in ("failures", "requests") else statistics.median
            middle[key] = combine(one[key] for one in rounds)
        return middle


SCENARIOS = [
    Reload("reload-1", "reload with 1 domain", 1),
    # the one that is added is the ten thousandth: swarmward takes no more in one file
    Reload("reload-10k", "cold start and reload with 10,000 domains", 9999),
]
