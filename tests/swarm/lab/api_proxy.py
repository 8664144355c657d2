"""Stands between swarmward and a real Docker Engine, on a unix socket, and breaks on command.

    proxy = ApiProxy(folder / "docker.sock", node.socket)
    proxy.fault("error")        # see FAULTS; also ends what is under way; None ends the fault
    proxy.cut_events()          # the event streams end, nothing else
    proxy.counts["/tasks"]      # requests so far, by path without version and query
    proxy.close()

One connection to the Engine a request, so that what is sent back ends when the Engine ends it.
"""

import collections
import contextlib
import os
import re
import socket
import threading

FAULTS = {
    "error": b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n"
    b'Content-Length: 31\r\nConnection: close\r\n\r\n{"message":"a fault of the lab"}',
    "garbage": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 24\r\n"
    b"Connection: close\r\n\r\n[{\"ID\":\"x\",]\x00\xff{{ no JSON\n",
    "nonsense": b"\x16\x03\x01 this is no HTTP at all\r\n\r\n",
    "silence": None,  # no answer until the fault is over, which ends the connection
    "close": b"",
}
MOST_HEAD_BYTES = 65536


class ApiProxy:
    def __init__(self, path, engine):
        self.engine = str(engine)
        self.counts = collections.Counter()
        self.problems = []
        self.lock = threading.Lock()
        self.now = None
        self.open = {}  # connection -> path that it asked for
        self.listener = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self.listener.bind(str(path))
        os.chmod(path, 0o666)  # swarmward's ordinary user asks
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    # -- faults

    def fault(self, kind):
        assert kind is None or kind in FAULTS, kind
        with self.lock:
            self.now = kind
        self._cut(lambda path: True)

    def cut_events(self):
        """How many streams that were."""
        return self._cut(lambda path: path == "/events")

    def _cut(self, wanted):
        with self.lock:
            ending = [one for one, path in self.open.items() if wanted(path)]
        for one in ending:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        return len(ending)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._cut(lambda path: True)

    # -- connections

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client:
            with self.lock:
                self.open[client] = ""
            try:
                self._one_request(client)
            except OSError as error:
                self.problems.append(str(error))
            finally:
                with self.lock:
                    del self.open[client]

    def _one_request(self, client):
        head = b""
        while b"\r\n\r\n" not in head and len(head) < MOST_HEAD_BYTES:
            more = client.recv(65536)
            if not more:
                return
            head += more
        target = head.split(b" ", 2)[1].decode("latin-1")
        path = re.sub(r"^/v[0-9.]+", "", target).split("?")[0]
        with self.lock:
            self.counts[path] += 1
            self.open[client] = path
            fault = self.now
        if fault:
            self._answer_fault(client, FAULTS[fault])
        else:
            self._relay(client, head)

    def _answer_fault(self, client, answer):
        if answer is None:
            while client.recv(65536):  # until fault() ends the connection
                pass
        elif answer:
            client.sendall(answer)
            client.shutdown(socket.SHUT_WR)

    def _relay(self, client, head):
        head = re.sub(rb"\r\nConnection:[^\r]*", b"", head, flags=re.I)
        head = head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        with socket.socket(socket.AF_UNIX) as engine:
            engine.connect(self.engine)
            engine.sendall(head)
            ender = threading.Thread(target=self._end_with, args=(client, engine), daemon=True)
            ender.start()
            while True:
                more = engine.recv(65536)
                if not more:
                    break
                client.sendall(more)
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            ender.join()

    def _end_with(self, client, engine):
        """The Engine's side ends when the client's has: an event stream has no end of its own."""
        with contextlib.suppress(OSError):
            while client.recv(65536):
                pass
        with contextlib.suppress(OSError):
            engine.shutdown(socket.SHUT_RDWR)
