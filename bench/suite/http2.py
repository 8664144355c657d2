"""HTTP/2 clients: h2load beside one proxy. What a request costs is the difference between a short and
a long load, so that the connections' beginnings are in neither."""

import os
import re
import statistics
import subprocess

from . import certificates, grpc, machine, processes
from .peers import Failure, Setup

MEBIBYTE = 1 << 20
LENGTHS = re.compile(r"traffic: .*\((\d+)\) data")
COUNTS = re.compile(r"requests: (\d+) total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored")
SHORT = 4  # requests a stream in the short load


def percentile(values, share):
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0


class Http2:
    """One scenario. `bytes_each` > 0: a unit is a gigabyte (1e9), else a request."""

    def __init__(self, name, title, path, **options):
        self.name = name
        self.title = title
        self.path = path
        self.size = options["size"]  # of each response's body
        self.connections = options["connections"]
        self.streams = options["streams"]
        self.guess_s = options["guess_s"]  # a request, to begin with
        self.grpc = options.get("grpc", False)
        self.bytes_each = options.get("bytes_each", 0)
        self.unit = "ms/GB" if self.bytes_each else "us"

    def setup(self, bench):
        served = bench.store.place(os.path.join(bench.directory, "c"), "a", 1)
        port = grpc.backend_port(bench) if self.grpc else bench.backend_port
        return Setup(bench.directory, port, served, bulk=self.bytes_each > 0, http2=True, grpc=self.grpc)

    def _load(self, bench, peer, requests):
        """One run of h2load: what it counted, and what the proxy used meanwhile."""
        name = certificates.domain_name(1)
        log = os.path.join(bench.directory, "h2load.tsv")
        command = ["h2load", "-t1", f"-c{self.connections}", f"-m{self.streams}", f"-n{requests}"]
        command += ["--npn-list=h2", f"--connect-to=127.0.0.1:{peer.https_port}", f"--log-file={log}"]
        command += ["--ciphers=ECDHE-ECDSA-AES128-GCM-SHA256", "--tls13-ciphers=TLS_AES_128_GCM_SHA256"]
        command += ["-w20", "-W24"] if self.bytes_each else []
        command += grpc.load_options(bench) if self.grpc else []
        command += [f"https://{name}:{peer.https_port}{self.path}"]
        if os.path.exists(log):
            os.remove(log)
        before = peer.tree.cpu_ns()
        process = processes.start(command, bench.load_core, os.path.join(bench.directory, "load.log"),
                                  stdout=subprocess.PIPE)  # fmt: skip
        try:
            text = process.communicate(timeout=300)[0].decode()
        finally:
            processes.end(process, 0.1)
        used = peer.tree.cpu_ns() - before
        counts, data = COUNTS.search(text), LENGTHS.search(text)
        if not counts or not data:
            raise Failure(f"{peer.name}: h2load said:\n{text[-2000:]}")
        with open(log, encoding="ascii") as file:
            rows = [line.split("\t") for line in file]
        done = [(int(start), int(took)) for start, status, took in rows if status == "200"]
        wrong = requests - len(done) + abs(int(data.group(1)) - len(done) * self.size) // self.size
        return {"done": done, "wrong": wrong, "cpu_ns": used}

    def _round(self, bench, peer, requests):
        short_count = self.connections * self.streams * (1 if self.bytes_each else SHORT)
        short = self._load(bench, peer, short_count)
        found = self._load(bench, peer, short_count + requests)
        if not found["done"]:
            raise Failure(f"{peer.name}: nothing was answered")
        units = requests * self.bytes_each / 1e9 if self.bytes_each else requests
        begin = min(start for start, _ in found["done"])
        seconds = (max(start + took for start, took in found["done"]) - begin) / 1e6
        used = found["cpu_ns"] - short["cpu_ns"]
        times = sorted(took for _, took in found["done"])
        return {
            "cost": used / units / (1e6 if self.bytes_each else 1e3),
            "rate": len(found["done"]) * (self.bytes_each / 1e9 if self.bytes_each else 1) / seconds,
            "busy": min(1, found["cpu_ns"] / 1e9 / seconds),
            "load_busy": 0,
            "p50_us": percentile(times, 0.5),
            "p99_us": percentile(times, 0.99),
            "peak_bytes": peer.tree.pss_bytes(),
            "failures": short["wrong"] + found["wrong"],
            "requests_a_second": len(found["done"]) / seconds,
        }

    def _start(self, bench, running):
        for kind in bench.peers + bench.before + bench.http2_peers:
            if self.grpc and not kind.grpc:
                continue
            peer = kind(self.setup(bench), bench.proxy_core)
            running.append(peer)
            peer.start()
            peer.wait_listening()

    def _measure(self, bench, running):
        rounds, requests = {}, {}
        for peer in running:
            first = self._round(bench, peer, max(1, int(bench.seconds / 4 / self.guess_s)))
            if first["failures"]:
                raise Failure(f"{peer.name}: {first['failures']} wrong answers")
            requests[peer.name] = max(1, int(bench.seconds * first["requests_a_second"]))
        for turn in range(bench.rounds):
            first = turn % len(running)
            for peer in running[first:] + running[:first]:
                counted = self._round(bench, peer, requests[peer.name])
                rounds.setdefault(peer.name, []).append(counted)
                bench.progress(self, peer, turn, f"{counted['cost']:.1f} {self.unit}")
        return rounds

    def run(self, bench):
        """peer name -> medians over the rounds."""
        if not machine.first_line("h2load", "--version"):
            raise Failure("h2load is not here: run .ci/install bench")
        running = []
        try:
            self._start(bench, running)
            rounds = self._measure(bench, running)
        finally:
            for peer in running:
                peer.stop()
        return {name: self.medians(all_rounds) for name, all_rounds in rounds.items()}

    def medians(self, rounds):
        middle = {
            key: statistics.median(one[key] for one in rounds)
            for key in ("cost", "rate", "busy", "load_busy", "p50_us", "p99_us", "peak_bytes")
        }
        middle["failures"] = sum(one["failures"] for one in rounds)
        middle["costs"] = [round(one["cost"], 2) for one in rounds]
        return middle


SCENARIOS = [
    Http2("h2-1k", "HTTP/2 requests of 1 KB, 64 connections with 10 streams each", "/1k",
          size=1024, connections=64, streams=10, guess_s=40e-6),
    Http2("h2-download-1m", "HTTP/2 downloads of 1 MB, 4 connections with 4 streams each", "/1m",
          size=MEBIBYTE, connections=4, streams=4, guess_s=2e-3, bytes_each=MEBIBYTE),
    Http2("grpc-unary", "unary gRPC calls to an HTTP/2 backend, 16 connections with 10 streams each", grpc.PATH,
          size=grpc.MESSAGE_BYTES, connections=16, streams=10, guess_s=60e-6, grpc=True),
]  # fmt: skip
