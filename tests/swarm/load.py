#!/usr/bin/python3
"""The load of the swarm tests: requests over kept and over new connections, GET and POST, and open
WebSockets; counts every failure with its time and kind.

    load.py --address ADDRESS[:PORT] --host NAME=SERVICE... [--rate N] [--websockets N]

Says `ready` when every WebSocket is open and every host has answered, then goes on until a line comes
on standard input (or its end); then one JSON object on standard output:

    sent, answered, failed      requests; failed: no answer, a status from 400 on, or the wrong answer
    failures                    the first of them: at (Unix time), kind, method, kept, host, reason
    rate, seconds, slowest_ms
    served                      {service: {host name of the task: requests}}
    websockets                  {opened, closed: [{at, task, reason}]} of those open at the begin; one
                                that was closed is opened again

Each connection has its own schedule; one that was held up works off what it owes, so that the rate
is kept. Certificates are not checked: what is measured is whether requests get through.
"""

import argparse
import asyncio
import base64
import collections
import json
import os
import re
import ssl
import sys
import time

REQUEST_SECONDS = 45  # longer than everything that swarmward waits for on a way to a good answer
OPEN_SECONDS = 15
PING_SECONDS = 0.2
KEPT_CONNECTIONS = 16
NEW_SHARE = 0.2  # of the requests, each on a connection of its own
MOST_FAILURES = 20000
BODY = bytes(range(256)) * 4


def digest(body):
    value = 0xCBF29CE484222325
    for byte in body:
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


BODY_DIGEST, EMPTY_DIGEST = digest(BODY), digest(b"")


class Wrong(Exception):
    """An answer came, and it is not what it should be."""


class Connection:
    """HTTP/1.1 to swarmward by one host name."""

    def __init__(self, load, host):
        self.load = load
        self.host = host
        self.reader = self.writer = None
        self.used = 0

    async def open(self):
        address, port = self.load.target
        self.reader, self.writer = await asyncio.wait_for(
            asyncio.open_connection(
                address, port, ssl=self.load.tls, server_hostname=self.host if self.load.tls else None
            ),
            OPEN_SECONDS,
        )
        self.used = 0

    def close(self):
        if self.writer:
            self.writer.transport.abort()
        self.reader = self.writer = None

    async def head(self):
        text = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = text.split("\r\n")
        fields = {}
        for line in lines:
            name, _, value = line.partition(":")
            fields[name.strip().lower()] = value.strip()
        return int(first.split()[1]), fields

    async def ask(self, method):
        """(status, fields, body)"""
        body = BODY if method == "POST" else b""
        fields = f"Content-Length: {len(body)}\r\n" if body else ""
        self.writer.write(
            f"{method} /load HTTP/1.1\r\nHost: {self.host}\r\n{fields}\r\n".encode() + body
        )
        self.used += 1
        status, fields = await self.head()
        if "content-length" not in fields:
            raise Wrong(f"status {status} without a length")
        answer = await self.reader.readexactly(int(fields["content-length"]))
        if fields.get("connection", "").lower() == "close":
            self.close()
        return status, fields, answer


class Load:
    def __init__(self, options):
        address, _, port = options.address.partition(":")
        self.target = (address, int(port or 443))
        self.tls = None if options.plain else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.tls:
            self.tls.check_hostname = False
            self.tls.verify_mode = ssl.CERT_NONE
        self.service_of = dict(row.split("=", 1) for row in options.host)
        self.hosts = list(self.service_of)
        self.rate = options.rate
        self.stopping = asyncio.Event()
        self.sent = self.answered = self.failed = 0
        self.failures = []
        self.kinds = collections.Counter()
        self.served = collections.defaultdict(collections.Counter)
        self.slowest = 0.0
        self.opened = 0
        self.closed = []
        self.websockets_open = [asyncio.Event() for _ in range(options.websockets)]

    # -- requests

    def check(self, host, method, status, answer):
        text = answer.decode("latin-1")
        if status != 200:
            raise Wrong(f"status {status}: {text.strip()[:100]}")
        said = dict(word.split("=", 1) for word in text.split() if "=" in word)
        wanted = {
            "service": self.service_of[host],
            "method": method,
            "digest": f"{BODY_DIGEST if method == 'POST' else EMPTY_DIGEST:016x}",
        }
        for name, value in wanted.items():
            if said.get(name) != value:
                raise Wrong(f"{name} is {said.get(name)}, not {value}: {text.strip()[:100]}")
        self.served[said["service"]][said.get("host")] += 1

    def fail(self, kind, method, connection, reason):
        self.failed += 1
        self.kinds[kind] += 1
        if len(self.failures) < MOST_FAILURES:
            self.failures.append({
                "at": round(time.time(), 3), "kind": kind, "method": method,
                "kept": connection.used > 1, "host": connection.host, "reason": reason,
            })  # fmt: skip

    async def request(self, connection, method):
        begin = time.monotonic()
        self.sent += 1
        try:
            if not connection.writer:
                await connection.open()
            status, _, answer = await asyncio.wait_for(connection.ask(method), REQUEST_SECONDS)
            self.answered += 1
            self.check(connection.host, method, status, answer)
        except Wrong as wrong:
            found = re.match(r"status (\d+)", str(wrong))
            self.fail(found[1] if found else "wrong", method, connection, str(wrong))
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, ValueError) as error:
            # What the connection was in the middle of is lost with it.
            self.fail(type(error).__name__, method, connection, str(error)[:200])
            connection.close()
        self.slowest = max(self.slowest, time.monotonic() - begin)

    async def asker(self, number, every, keep):
        """One connection's requests, `every` so many seconds, alternating GET and POST."""
        connection = Connection(self, self.hosts[number % len(self.hosts)])
        due = time.monotonic() + every * (number % 16) / 16
        count = number
        while not self.stopping.is_set():
            await self.pause(due - time.monotonic())
            if self.stopping.is_set():
                break
            due += every
            await self.request(connection, "POST" if count % 2 else "GET")
            count += 1
            if not keep:
                connection.close()
        connection.close()

    async def pause(self, seconds):
        if seconds > 0:
            try:
                await asyncio.wait_for(self.stopping.wait(), seconds)
            except asyncio.TimeoutError:
                pass

    # -- WebSockets

    async def frame(self, reader):
        kind, length = await reader.readexactly(2)
        if length == 126:
            length = int.from_bytes(await reader.readexactly(2), "big")
        return kind & 15, await reader.readexactly(length)

    async def tunnel(self, connection, is_open):
        """One WebSocket from its opening to its end; who served it."""
        await connection.open()
        key = base64.b64encode(os.urandom(16)).decode()
        connection.writer.write(
            f"GET /ws HTTP/1.1\r\nHost: {connection.host}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        status, _ = await asyncio.wait_for(connection.head(), REQUEST_SECONDS)
        if status != 101:
            raise Wrong(f"WebSocket: status {status}")
        _, greeting = await asyncio.wait_for(self.frame(connection.reader), OPEN_SECONDS)
        said = dict(word.split("=", 1) for word in greeting.decode().split())
        if said.get("service") != self.service_of[connection.host]:
            raise Wrong(f"WebSocket: it is {said}")
        self.opened += 1
        is_open.set()
        return said["host"]

    async def ping(self, connection):
        mask = os.urandom(4)
        text = str(time.time()).encode()
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(text))
        connection.writer.write(bytes([0x89, 0x80 | len(text)]) + mask + masked)
        while True:
            kind, bytes_back = await asyncio.wait_for(self.frame(connection.reader), OPEN_SECONDS)
            if kind == 8:
                raise ConnectionError("a close frame")
            if kind == 10 and bytes_back == text:
                return

    async def websocket(self, number):
        connection = Connection(self, self.hosts[number % len(self.hosts)])
        while not self.stopping.is_set():
            task = None
            try:
                task = await self.tunnel(connection, self.websockets_open[number])
                while not self.stopping.is_set():
                    await self.ping(connection)
                    await self.pause(PING_SECONDS)
            except (OSError, Wrong, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
                reason = f"{type(error).__name__}: {error}"[:200]
                if task:
                    self.closed.append({"at": round(time.time(), 3), "task": task, "reason": reason})
                else:
                    self.sent += 1
                    self.fail("websocket", "GET", connection, reason)
                await self.pause(PING_SECONDS)
            connection.close()

    # -- from begin to end

    async def until_told(self):
        told = asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        await told
        self.stopping.set()

    async def run(self):
        new = max(1, round(KEPT_CONNECTIONS * NEW_SHARE * 2))
        kept_every = KEPT_CONNECTIONS / (self.rate * (1 - NEW_SHARE))
        new_every = new / (self.rate * NEW_SHARE)
        tunnels = [asyncio.ensure_future(self.websocket(i)) for i in range(len(self.websockets_open))]
        await asyncio.wait_for(
            asyncio.gather(*(one.wait() for one in self.websockets_open)), REQUEST_SECONDS
        )
        for host in self.hosts:
            first = Connection(self, host)
            await self.request(first, "GET")
            first.close()
        begin = time.monotonic()
        askers = [asyncio.ensure_future(self.asker(i, kept_every, True)) for i in range(KEPT_CONNECTIONS)]
        askers += [asyncio.ensure_future(self.asker(i, new_every, False)) for i in range(new)]
        print("ready", flush=True)
        await self.until_told()
        await asyncio.gather(*askers, *tunnels)
        seconds = time.monotonic() - begin
        print(json.dumps({
            "sent": self.sent, "answered": self.answered, "failed": self.failed,
            "kinds": self.kinds, "failures": self.failures, "seconds": round(seconds, 1),
            "rate": round(self.sent / seconds, 1), "slowest_ms": round(self.slowest * 1000),
            "served": self.served, "websockets": {"opened": self.opened, "closed": self.closed},
        }), flush=True)  # fmt: skip


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", required=True)
    parser.add_argument("--host", action="append", required=True)
    parser.add_argument("--rate", type=float, default=250)
    parser.add_argument("--websockets", type=int, default=20)
    parser.add_argument("--plain", action="store_true", help="no TLS: straight to a task")
    options = parser.parse_args()

    async def run():
        await Load(options).run()

    asyncio.run(run())
    os._exit(0)  # the thread that reads standard input may wait for ever


main()
