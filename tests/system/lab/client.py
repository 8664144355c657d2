"""Clients with full control over the bytes that they send, and when."""

import socket
import ssl
import struct

from . import messages, valgrind

WAIT_SECONDS = valgrind.scaled(20)  # for anything that must happen; reached only when it does not


class Client:
    """One connection. `address` is (host, port); `host` is the SNI and the default Host field."""

    def __init__(
        self, address, host="a.test", context=None, source=None, session=None, small=False, before=()
    ):  # fmt: skip
        """`before`: pieces of bytes that are sent in the clear, before anything of TLS."""
        self.host = host
        plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        plain.settimeout(WAIT_SECONDS)
        if small:  # little room in the kernel, so that back-pressure is felt soon
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        if source:
            plain.bind((source, 0))
        plain.connect(address)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = plain
        for piece in [before] if isinstance(before, bytes) else before:
            plain.sendall(piece)
        if context:
            try:
                self.sock = context.wrap_socket(plain, server_hostname=host, session=session)
            except BaseException:
                plain.close()
                raise
        self.reader = messages.Reader(self.sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def reset(self):
        """Close so that the peer sees a reset."""
        self.plain_fd_linger()
        self.sock.close()

    def plain_fd_linger(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def send(self, data):
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def send_head(self, method="GET", target="/", fields=(), host=None):
        pairs = list(fields.items() if isinstance(fields, dict) else fields)
        if not any(name.lower() == "host" for name, _ in pairs):
            pairs.insert(0, ("Host", host or self.host))
        self.send(messages.head(f"{method} {target} HTTP/1.1", pairs))

    def ask(self, method="GET", target="/", fields=(), body=None, host=None):
        """Send a whole request, read the whole response."""
        pairs = list(fields.items() if isinstance(fields, dict) else fields)
        if body is not None:
            pairs.append(("Content-Length", str(len(body))))
        self.send_head(method, target, pairs, host)
        if body:
            self.send(body)
        return self.response(method)

    def response(self, method="GET"):
        return self.reader.response(method)

    def is_closed(self):
        """Wait for the peer's end: True, or False when it sent bytes instead."""
        if self.reader.buffer:
            return False
        try:
            return self.sock.recv(1) == b""
        except (ConnectionError, ssl.SSLError, ssl.SSLEOFError):
            return True

    def rest(self):
        """Everything until the end, however the peer ends."""
        pieces = [self.reader.buffer]
        self.reader.buffer = b""
        try:
            while got := self.sock.recv(65536):
                pieces.append(got)
        except (ConnectionError, ssl.SSLError):
            pass
        return b"".join(pieces)


def trusting(ca_file, **options):
    """A TLS context as browsers have it, for one private CA."""
    context = ssl.create_default_context(cafile=str(ca_file))
    context.set_alpn_protocols(options.get("alpn", ["http/1.1"]))
    if "most" in options:
        context.maximum_version = options["most"]
    if "ciphers" in options:
        context.set_ciphers(options["ciphers"])
    return context
