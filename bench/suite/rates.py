"""Scenarios of the kind: so much work, how much CPU for each unit of it."""

import os
import statistics

from . import certificates, load, preflight
from .peers import Failure, Setup

MEBIBYTE = 1 << 20


class Rate:
    """One such scenario. `bytes_each` > 0: a unit is a gigabyte (1e9), else a request."""

    def __init__(self, name, title, arguments, **options):
        self.name = name
        self.title = title
        self.arguments = arguments
        self.certificate = options.get("certificate", "a")
        self.log = options.get("log", False)
        self.plain = options.get("plain", False)
        self.variants = options.get("variants", False)  # with those of swarmward, too
        self.sink = options.get("sink", False)
        self.bytes_each = options.get("bytes_each", 0)
        self.unit = "ms/GB" if self.bytes_each else "us"

    def setup(self, bench):
        place = os.path.join(bench.directory, "c")
        served = bench.store.place(place, self.certificate, 1)
        port = bench.sink_port if self.sink else bench.backend_port
        return Setup(bench.directory, port, served, log=self.log, bulk=self.bytes_each > 0)

    def _arguments(self):
        arguments = list(self.arguments)
        arguments += ["--name", certificates.domain_name(1)]
        return arguments

    def _round(self, bench, peer, seconds):
        port = peer.http_port if self.plain else peer.https_port
        counted = load.measure(bench, peer, port, self._arguments(), seconds)
        if counted["done"] == 0:
            raise Failure(f"{peer.name}: nothing was answered: {counted['failed']}")
        units = counted["done"] * self.bytes_each / 1e9 if self.bytes_each else counted["done"]
        counted["cost"] = counted["cpu_ns"] / units / (1e6 if self.bytes_each else 1e3)
        counted["rate"] = units / counted["seconds"]
        return counted

    def run(self, bench):
        """peer name -> medians over the rounds."""
        running, rounds = [], {}
        try:
            for kind in bench.peers + bench.before + (bench.variants if self.variants else []):
                peer = kind(self.setup(bench), bench.proxy_core)
                running.append(peer)
                peer.start()
                peer.wait_ready(b"411" if self.sink else b"200")  # the sink takes no GET
                if not self.sink:
                    preflight.check(peer)
            for turn in range(bench.rounds):
                first = turn % len(running)
                for peer in running[first:] + running[:first]:
                    counted = self._round(bench, peer, bench.seconds)
                    rounds.setdefault(peer.name, []).append(counted)
                    bench.progress(self, peer, turn, f"{counted['cost']:.1f} {self.unit}")
        finally:
            for peer in running:
                peer.stop()
        if self.log:
            for peer in running:
                preflight.check_log(peer, sum(one["done"] for one in rounds[peer.name]))
        return {name: self.medians(all_rounds) for name, all_rounds in rounds.items()}

    def medians(self, rounds):
        middle = {
            key: statistics.median(one[key] for one in rounds)
            for key in ("cost", "rate", "busy", "load_busy", "p50_us", "p99_us", "peak_bytes")
        }
        middle["failures"] = sum(one["failures"] for one in rounds)
        middle["failed"] = load.failure_kinds(rounds)
        middle["costs"] = [round(one["cost"], 2) for one in rounds]
        return middle


def keepalive(name, title, path, size, log):
    arguments = ["--mode", "keepalive", "--connections", "64", "--path", path]
    return Rate(name, title, [*arguments, "--expect-bytes", str(size)], log=log)


def handshake(name, title, mode, certificate):
    arguments = ["--mode", mode, "--connections", "32", "--path", "/1k", "--expect-bytes", "1024"]
    return Rate(name, title, arguments, certificate=certificate, variants=True)


def download(name, title, path, size, connections):
    arguments = ["--mode", "download", "--connections", str(connections), "--path", path]
    return Rate(name, title, [*arguments, "--expect-bytes", str(size)], bytes_each=size)


SCENARIOS = [
    handshake("handshake-ecdsa", "full TLS 1.3 handshake and a request, ECDSA P-256", "full", "a"),
    handshake("handshake-rsa", "full TLS 1.3 handshake and a request, RSA-2048", "full", "rsa"),
    handshake("resumed", "resumed TLS 1.3 handshake and a request", "resume", "a"),
    keepalive("keepalive-1k", "keep-alive requests of 1 KB", "/1k", 1024, False),
    keepalive("keepalive-1k-log", "the same with the access log", "/1k", 1024, True),
    keepalive("keepalive-16k", "keep-alive requests of 16 KB", "/16k", 16384, False),
    keepalive("keepalive-16k-log", "the same with the access log", "/16k", 16384, True),
    download("download-1m", "downloads of 1 MB", "/1m", MEBIBYTE, 16),
    download("download-100m", "downloads of 100 MB", "/100m", 100 * MEBIBYTE, 4),
    Rate(
        "upload-100m",
        "uploads of 100 MB",
        ["--mode", "upload", "--connections", "4", "--path", "/"]
        + ["--upload-bytes", str(100 * MEBIBYTE)],
        bytes_each=100 * MEBIBYTE,
        sink=True,
    ),
    Rate(
        "redirect",
        "a new connection redirected on the plain port",
        ["--mode", "redirect", "--connections", "64", "--path", "/1k?q=1"]
        + ["--expect-status", "308"],
        plain=True,
    ),
]
