"""A fake of the name server that Docker gives to tasks: tasks.NAME has the addresses that it is told.

    names = NameServer(addresses.fresh())
    names.table["web"] = ["127.20.0.1"]     # [] is "no such name"
    names.behaviour = "answers"             # or "fails" (SERVFAIL), "silent"
    names.queries                           # Counter by name
"""

import collections
import contextlib
import ipaddress
import socket
import struct
import threading

PORT = 5353


class NameServer:
    def __init__(self, host, port=PORT):
        self.at = f"{host}:{port}"
        self.table = {}
        self.behaviour = "answers"
        self.queries = collections.Counter()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, port))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def close(self):
        # close() alone does not wake a thread that waits in recvfrom()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _serve(self):
        while True:
            try:
                query, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            if len(query) < 12 or self.behaviour == "silent":
                continue
            with contextlib.suppress(OSError, ValueError, IndexError):
                self.socket.sendto(self._answer(query), peer)

    def _answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += query[at] + 1
        question = query[12 : at + 5]
        assert labels[0] == "tasks"
        name = ".".join(labels[1:])
        self.queries[name] += 1
        found = self.table.get(name, [])
        code = 2 if self.behaviour == "fails" else 0 if found else 3
        records = [] if code else found
        head = query[:2] + struct.pack("!HHHHH", 0x8400 | code, 1, len(records), 0, 0)
        body = b"".join(
            struct.pack("!HHHIH", 0xC00C, 1, 1, 600, 4) + ipaddress.ip_address(each).packed for each in records
        )
        return head + question + body
