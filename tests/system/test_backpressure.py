"""A slow reader on either side never makes the worker buffer more than a little."""

import socket
import struct
import threading
import time
from pathlib import Path

from lab import process_table

CLIENTS = 24
EACH = 64 * 1024 * 1024
PER_CLIENT = 300 * 1024  # two buffers a direction, TLS, and the two connections themselves


class Flood:
    """A backend that sends without end, and knows when it can not go on."""

    def __init__(self, backend):
        self.blocked = threading.Semaphore(0)
        self.backend = backend(self.script)

    def script(self, connection):
        connection.read()
        connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {EACH}\r\n\r\n")
        connection.sock.settimeout(0.5)
        try:
            while True:
                connection.send(b"x" * 16384)
        except TimeoutError:
            self.blocked.release()
        connection.sock.settimeout(60)
        connection.wait_for_end()


def test_clients_that_do_not_read_cost_little_memory(released, backend):
    flood = Flood(backend)
    instance = released({"app": flood.backend}, limits={"write_idle": "10m"})
    worker = instance.worker()
    with instance.client(small=True) as warm:
        warm.send_head()
        assert flood.blocked.acquire(timeout=30)
    before = process_table.memory_bytes(worker)
    clients = [instance.client(small=True) for _ in range(CLIENTS)]
    for client in clients:
        client.send_head()
    for _ in clients:
        assert flood.blocked.acquire(timeout=30)
    grown = process_table.memory_bytes(worker) - before
    for client in clients:
        client.close()
    assert grown < CLIENTS * PER_CLIENT, f"{grown / CLIENTS / 1024:.0f} KiB a client"


def test_backends_that_do_not_read_cost_little_memory(released, backend):
    release = threading.Event()

    def script(connection):
        connection.read_head()
        release.wait(60)

    app = backend(script)
    instance = released({"app": app}, limits={"body_idle": "10m"}, defaults={"max_body": 0})
    worker = instance.worker()

    def push(client):
        client.send_head("POST", fields={"Content-Length": EACH})
        client.sock.settimeout(0.5)
        sent = 0
        try:
            while sent < EACH:
                client.send(b"x" * 16384)
                sent += 16384
        except OSError:
            pass
        return sent

    with instance.client(small=True) as warm:
        push(warm)
    before = process_table.memory_bytes(worker)
    clients = [instance.client(small=True) for _ in range(CLIENTS)]
    threads = [threading.Thread(target=push, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    grown = process_table.memory_bytes(worker) - before
    release.set()
    for client in clients:
        client.close()
    assert grown < CLIENTS * PER_CLIENT, f"{grown / CLIENTS / 1024:.0f} KiB a client"


def test_a_slow_reader_still_gets_everything(serving, backend):
    body = bytes(range(256)) * 40_000

    def script(connection):
        connection.read()
        connection.answer(body)

    instance = serving({"app": backend(script)})
    with instance.client(small=True) as client:
        client.send_head()
        head = client.reader.head()
        got = []
        while sum(map(len, got)) < int(head.get("Content-Length")):
            got.append(client.reader.exactly(1000 if len(got) < 200 else 100_000 if len(got) < 290 else 1000))
            if int(head.get("Content-Length")) - sum(map(len, got)) < 100_000:
                break
        left = int(head.get("Content-Length")) - sum(map(len, got))
        got.append(client.reader.exactly(left))
    assert b"".join(got) == body


def kept_by_kernel(address):
    """Bytes that were sent from an address and are not acknowledged, of the connection with most."""
    at = f"{struct.unpack('<I', socket.inet_aton(address))[0]:08X}:"
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return max(int(row[4].split(":")[0], 16) for row in rows if row[1].startswith(at))


def test_who_reads_nothing_for_a_while_gets_the_end_of_a_last_response(serving, backend):
    def script(connection):
        connection.answer(b"x" * int(connection.read().target[1:]))

    def asked(size):
        client = instance.client(small=True)
        client.send_head(target=f"/{size}", fields={"Connection": "close"})
        return client

    instance = serving({"app": backend(script)})
    with asked(EACH) as client:
        time.sleep(1)  # nothing says that no more can be sent
        room = kept_by_kernel(instance.address)
        client.reset()
    # Of some of them the last bytes are those that the socket does not take.
    waiting = {size: asked(size) for size in range(room - 10_000, room + 40_000, 1000)}
    time.sleep(3)  # longer than the worker lingers for clients that say nothing more
    got = {}
    for size, client in waiting.items():
        with client:
            got[size] = sum(map(len, iter(lambda: client.sock.recv(65536), b"")))
    assert not [size for size in got if got[size] <= size]


def test_one_slow_reader_does_not_hold_up_the_others(serving, backend):
    flood = Flood(backend)
    quick = backend()
    routes = [
        {"name": "flood", "path": "/flood", "service": "flood"},
        {"name": "quick", "path": "/", "service": "quick"},
    ]
    instance = serving({"flood": flood.backend, "quick": quick}, {"a.test": {"routes": routes}})
    with instance.client(small=True) as slow:
        slow.send_head(target="/flood")
        assert flood.blocked.acquire(timeout=30)
        for _ in range(20):
            assert instance.get().status == 200
