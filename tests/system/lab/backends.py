"""Scripted backends: each connection is handed to a script, which may keep every rule or none."""

import contextlib
import queue
import socket
import ssl
import struct
import threading

from . import addresses, messages
from .client import WAIT_SECONDS


class Connection:
    """What a script holds: one connection from swarmward."""

    def __init__(self, backend, sock, number):
        self.backend = backend
        self.sock = sock
        self.number = number  # 0 for the first that this backend accepted
        self.received = b""
        self.reader = messages.Reader(self)

    def recv(self, count):
        got = self.sock.recv(count)
        self.received += got
        return got

    def read_head(self):
        request = self.reader.head()
        self.backend.requests.put(request)
        return request

    def read(self):
        """A whole request. Ended when there is none any more."""
        request = self.reader.body(self.reader.head())
        self.backend.requests.put(request)
        return request

    def send(self, data):
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def answer(self, body=b"", status="200 OK", fields=()):
        pairs = list(fields.items() if isinstance(fields, dict) else fields)
        pairs.append(("Content-Length", str(len(body))))
        self.send(messages.head(f"HTTP/1.1 {status}", pairs) + body)

    def close(self):
        self.sock.close()

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def wait_for_end(self):
        """Until swarmward ends its bytes; True when it was a reset."""
        try:
            while self.recv(65536):
                pass
        except ConnectionError:
            return True
        return False


def says(body, fields=()):
    """The script of a polite backend that always answers the same."""
    body = body.encode() if isinstance(body, str) else body

    def script(connection):
        while True:
            request = connection.read()
            if request.method == "HEAD":
                connection.send(messages.head("HTTP/1.1 200 OK", {"Content-Length": len(body)}))
            else:
                connection.answer(body, fields=fields)

    return script


def echo(connection):
    """Answers with the body that it was sent."""
    while True:
        connection.answer(connection.read().body)


class Backend:
    """Listens at `.at` ("address:port") from construction to close()."""

    def __init__(
        self, script, host=None, port=addresses.BACKEND_PORT, backlog=128, accepting=True, context=None
    ):  # fmt: skip
        self.script = script
        self.context = context  # of TLS; None: in clear
        self.resumed = []  # of each handshake
        self.refused = []  # why handshakes failed
        self.host = host or addresses.fresh()
        self.port = port
        self.requests = queue.Queue()
        self.connections = []
        self.mistakes = []
        self.listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((self.host, self.port))
        self.arrived = threading.Condition()
        self.closed = False
        if accepting:
            self.listen(backlog)

    def listen(self, backlog=128):
        """Begin to accept, where `accepting` was False: connects were refused until now."""
        self.listener.listen(backlog)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def at(self):
        return f"{self.host}:{self.port}"

    @property
    def received(self):
        """Every byte that any connection brought."""
        return b"".join(connection.received for connection in self.connections)

    def request(self):
        """The next request that arrived; waits for it."""
        return self.requests.get(timeout=WAIT_SECONDS)

    def asked(self):
        """How many requests have arrived so far and were not taken by request()."""
        return self.requests.qsize()

    def wait_connections(self, count):
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.connections) >= count, WAIT_SECONDS)
        return self.connections

    def _accept(self):
        while not self.closed:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(WAIT_SECONDS * 2)
            with self.arrived:
                connection = Connection(self, sock, len(self.connections))
                self.connections.append(connection)
                self.arrived.notify_all()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _shake_hands(self, connection):
        plain = connection.sock
        with plain.dup() as spare:
            try:
                connection.sock = self.context.wrap_socket(plain, server_side=True)
            except ssl.SSLError as error:
                self.refused.append(error)
                spare.shutdown(socket.SHUT_WR)
                while spare.recv(65536):  # a reset would take the alert away from the other side
                    pass
                raise
        self.resumed.append(connection.sock.session_reused)

    def _serve(self, connection):
        try:
            if self.context:
                self._shake_hands(connection)
            self.script(connection)
        except (messages.Ended, OSError):
            pass  # swarmward or the script closed
        except Exception as mistake:  # the scenario's own; shown when it ends
            self.mistakes.append(mistake)
        finally:
            connection.sock.close()

    def close(self):
        """Nobody is there any more. A descriptor is closed only by the thread that reads from it, which
        could read from somebody else's of the same number otherwise."""
        self.closed = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)
