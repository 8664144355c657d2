"""Bodies, counted and chunked, both ways, with trailers."""

import hashlib
import select
import ssl

import pytest
from lab import backends, messages

SIZES = [0, 1, 2, 1000, 16383, 16384, 16385, 65536, 1_000_003]


@pytest.mark.parametrize("size", SIZES)
def test_a_counted_body_arrives_whole_and_comes_back_whole(serving, backend, size):
    instance = serving({"app": backend(backends.echo)})
    body = bytes(range(256)) * (size // 256 + 1)
    assert instance.get(method="POST", body=body[:size]).body == body[:size]


@pytest.mark.parametrize("size", SIZES)
def test_a_chunked_response_of_any_size_arrives_whole(serving, backend, size):
    body = (b"0123456789abcdef" * (size // 16 + 1))[:size]

    def script(connection):
        while True:
            connection.read()
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            connection.send(messages.chunked(body[: size // 3], body[size // 3 :]))

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        for _ in range(2):
            assert client.ask().body == body


def test_a_chunked_request_arrives_whole(serving, backend):
    app = backend(backends.echo)
    instance = serving({"app": app})
    with instance.client() as client:
        client.send_head("POST", fields={"Transfer-Encoding": "chunked"})
        client.send(messages.chunked(b"a", b"bc" * 5000, b"d"))
        assert client.response().body == b"a" + b"bc" * 5000 + b"d"
    assert app.request().get("Content-Length") is None


def test_chunk_extensions_do_not_reach_the_backend(serving, backend):
    app = backend(backends.echo)
    instance = serving({"app": app})
    with instance.client() as client:
        client.send_head("POST", fields={"Transfer-Encoding": "chunked"})
        client.send("5;name=value\r\nhello\r\n0\r\n\r\n")
        assert client.response().body == b"hello"
    assert b"name=value" not in app.received


def test_trailers_of_a_response_reach_a_client_that_wants_them(serving, backend):
    def script(connection):
        connection.read()
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
        connection.send(messages.chunked(b"body", trailers=[("X-Sum", "42")]))

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        answer = client.ask(fields={"TE": "trailers", "Connection": "TE"})
        assert answer.body == b"body"
        assert ("X-Sum", "42") in answer.trailers


def test_trailers_of_a_request_reach_the_backend(serving, backend):
    app = backend(backends.echo)
    instance = serving({"app": app})
    with instance.client() as client:
        client.send_head("POST", fields={"Transfer-Encoding": "chunked", "Trailer": "X-Sum"})
        client.send(messages.chunked(b"body", trailers=[("X-Sum", "42")]))
        assert client.response().body == b"body"
    assert ("x-sum", "42") in [(n.lower(), v) for n, v in app.request().trailers]


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding", "Host", "X-Forwarded-For"])
def test_trailers_that_would_change_the_request_are_dropped(serving, backend, name):
    app = backend(backends.echo)
    instance = serving({"app": app})
    with instance.client() as client:
        client.send_head("POST", fields={"Transfer-Encoding": "chunked"})
        client.send(messages.chunked(b"body", trailers=[(name, "1")]))
        answer = client.response()
    if answer.status == 200:  # refusing them is right, too
        assert name.lower() not in [n.lower() for n, _ in app.request().trailers]


def test_a_response_that_ends_by_close_arrives_whole(serving, backend):
    def script(connection):
        connection.read()
        connection.send("HTTP/1.1 200 OK\r\n\r\n")
        connection.send(b"x" * 100_000)

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        answer = client.ask()
        assert answer.body == b"x" * 100_000
        assert "chunked" in answer.get("Transfer-Encoding")


def both_ways(sock, data):
    """Sends `data` and reads a response of as many bytes meanwhile: one thread, as an SSL socket wants it."""
    sock.setblocking(False)
    left, seen = memoryview(data), bytearray()
    while b"\r\n\r\n" not in seen[:4096] or len(seen) - seen.index(b"\r\n\r\n") - 4 < len(data):
        if not sock.pending():
            ready = select.select([sock], [sock] if left else [], [], 20)
            assert any(ready), "nothing moves"
        try:
            left = left[sock.send(left[:16384]) :] if left else left
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        try:
            got = sock.recv(65536)
            assert got, "the peer closed"
            seen += got
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
    return bytes(seen[seen.index(b"\r\n\r\n") + 4 :])


def test_twenty_megabytes_flow_both_ways_at_once(serving, backend):
    piece, count = b"%08d" * 8192 % tuple(range(8192)), 320

    def script(connection):
        connection.read_head()
        connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(piece) * count}\r\n\r\n")
        for _ in range(count):
            connection.send(connection.reader.exactly(len(piece)))

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        client.send_head("POST", fields={"Content-Length": len(piece) * count})
        body = both_ways(client.sock, piece * count)
    assert hashlib.sha256(body).digest() == hashlib.sha256(piece * count).digest()
