"""The backend of the gRPC scenario: nghttpd, which answers each call with one message and the trailer
grpc-status. To a proxy that is gRPC: HTTP/2 in the clear, POST, te: trailers, a body, trailers."""

import os
import time

from . import processes

PATH = "/swarmward.Bench/Unary"
MESSAGE_BYTES = 5 + 64  # one message: flag, length, payload
MESSAGE = b"\0" + (64).to_bytes(4, "big") + b"m" * 64


def _message_file(bench):
    return os.path.join(bench.directory, "grpc", PATH.strip("/"))


def backend_port(bench):
    """Started when first asked for."""
    if getattr(bench, "grpc_port", None):
        return bench.grpc_port
    path = _message_file(bench)
    os.makedirs(os.path.dirname(path))
    with open(path, "wb") as file:
        file.write(MESSAGE)
    (port,) = processes.free_ports(1)
    command = ["nghttpd", "--no-tls", "-a", "127.0.0.1", "-d", os.path.join(bench.directory, "grpc")]
    command += ["--trailer=grpc-status: 0", "--max-concurrent-streams=1000", str(port)]
    processes.start(command, bench.load_core, os.path.join(bench.directory, "backend.log"))
    if not processes.listens(port, time.monotonic() + 10):
        raise RuntimeError("nghttpd does not listen: run .ci/install bench")
    bench.grpc_port = port
    return port


def load_options(bench):
    """Of h2load: each request is such a call."""
    return ["-d", _message_file(bench), "-Hcontent-type: application/grpc", "-Hte: trailers"]
