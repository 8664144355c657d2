"""How much memory an idle TLS connection keeps."""

import os
import statistics
import time

from . import certificates, load
from .peers import Setup


class Idle:
    name = "idle"
    title = "idle TLS connections, one request made on each"
    unit = "KiB"

    def _round(self, bench, kind):
        place = os.path.join(bench.directory, "c")
        served = bench.store.place(place, "a", 1)
        peer = kind(Setup(bench.directory, bench.backend_port, served), bench.proxy_core)
        count = bench.idle_connections
        arguments = ["--mode", "idle", "--path", "/1k", "--expect-bytes", "1024"]
        arguments += ["--connections", str(count), "--name", certificates.domain_name(1)]
        try:
            peer.start()
            peer.wait_ready()
            warm = ["--mode", "full", "--connections", "64", "--path", "/1k"]
            warm += ["--name", certificates.domain_name(1)]
            load.measure(bench, peer, peer.https_port, warm, 0.1)
            time.sleep(0.5)
            before = peer.tree.pss_bytes()
            running = load.Load(bench, peer.https_port, arguments)
            try:
                time.sleep(1.0)
                after = peer.tree.pss_bytes()
                running.go()
                counted = running.report(60)
            finally:
                running.end()
        finally:
            peer.stop()
        return {
            "cost": (after - before) / 1024 / max(1, counted["done"]),
            "open": counted["done"],
            "failures": sum(counted["failed"].values()),
            "before_bytes": before,
            "peak_bytes": after,
        }

    def run(self, bench):
        rounds = {}
        for turn in range(min(bench.rounds, 3)):
            first = turn % len(bench.peers)
            for kind in bench.peers[first:] + bench.peers[:first]:
                counted = self._round(bench, kind)
                rounds.setdefault(kind.name, []).append(counted)
                bench.progress(self, kind, turn, f"{counted['cost']:.1f} KiB")
        results = {}
        for name, all_rounds in rounds.items():
            results[name] = {
                key: statistics.median(one[key] for one in all_rounds)
                for key in ("cost", "open", "before_bytes", "peak_bytes")
            }
            results[name]["failures"] = sum(one["failures"] for one in all_rounds)
        return results


SCENARIOS = [Idle()]
