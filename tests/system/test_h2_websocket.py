"""WebSocket over HTTP/2 (RFC 8441) to backends of HTTP/1.1."""

import base64
import hashlib
import threading

import pytest
from lab import backends
from lab.h2 import H2Client

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_of(request):
    return base64.b64encode(hashlib.sha1((request.get("Sec-WebSocket-Key") + GUID).encode()).digest()).decode()


def switch(request, accept=None, more=""):
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept or accept_of(request)}\r\n{more}\r\n"
    )


def echoes_bytes(connection):
    request = connection.read_head()
    connection.send(switch(request, more="Sec-WebSocket-Protocol: chat\r\n"))
    while got := connection.reader.buffer or connection.recv(65536):
        connection.reader.buffer = b""
        connection.send(got)


def connect(client, *more):
    stream = client.stream()
    fields = [
        (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":authority", "a.test"),
        (":path", "/chat"), ("sec-websocket-version", "13"), *more,
    ]  # fmt: skip
    client.headers(stream, fields)
    return stream


def test_bytes_flow_both_ways(serving, backend):
    app = backend(echoes_bytes)
    instance = serving({"app": app})
    with H2Client(instance) as client:
        client.ping()
        assert client.settings[8] == 1
        stream = connect(client, ("sec-websocket-protocol", "chat"), ("sec-websocket-key", "the client's"))
        answer = client.head(stream)
        assert (answer.status, answer.ended) == (200, False)
        assert answer.get("sec-websocket-protocol") == "chat"
        assert answer.get("sec-websocket-accept") is None and answer.get("upgrade") is None
        total = 0
        for size in (1, 1000, 100_000):
            client.data(stream, b"x" * size)
            total += size
            client.read_until(lambda: len(answer.body) == total)
        client.data(stream, b"", end=True)
        client.read_until(lambda: answer.ended)
    request = app.request()
    assert request.start == "GET /chat HTTP/1.1"
    assert (request.get("Upgrade"), request.get("Connection")) == ("websocket", "Upgrade")
    assert len(base64.b64decode(request.get("Sec-WebSocket-Key"))) == 16
    assert request.get("sec-websocket-version") == "13"
    line = instance.exchange()
    assert (line["status"], line["protocol"], line["bytes_in"] > 100_000) == (200, "HTTP/2.0", True)


def test_words_before_the_answer_are_not_lost(serving, backend):
    go = threading.Event()

    def script(connection):
        request = connection.read_head()
        assert go.wait(20)
        connection.send(switch(request) + "first")
        assert connection.reader.exactly(5) == b"early"
        connection.send(" got it")

    instance = serving({"app": backend(script)})
    with H2Client(instance) as client:
        stream = connect(client)
        client.data(stream, b"early")
        client.ping()
        go.set()
        answer = client.answer(stream)
        assert (answer.status, answer.body, answer.ended) == (200, b"first got it", True)


def test_several_at_a_time_and_requests_beside_them(serving, backend):
    app = backend(echoes_bytes)
    routes = [
        {"name": "chat", "path": "/chat", "service": "chat"},
        {"name": "app", "path": "/", "service": "app"},
    ]
    instance = serving({"chat": app, "app": backend(backends.says("hello"))}, {"a.test": {"routes": routes}})
    with H2Client(instance) as client:
        streams = [connect(client) for _ in range(5)]
        for number, stream in enumerate(streams):
            client.head(stream)
            client.data(stream, b"%d" % number)
        assert client.get().body == b"hello"
        for number, stream in enumerate(streams):
            answer = client.answers[stream]
            client.read_until(lambda: answer.body)
            assert answer.body == b"%d" % number


def test_a_wrong_accept_is_502(serving, backend):
    def script(connection):
        request = connection.read_head()
        connection.send(switch(request, accept="c29tZXRoaW5nIGVsc2UgZW50aXJl"))

    instance = serving({"app": backend(script)})
    with H2Client(instance) as client:
        assert client.answer(connect(client)).status == 502
    assert instance.exchange()["reason"] == "backend_invalid"


def test_declined_is_an_ordinary_answer(serving, backend):
    instance = serving({"app": backend(backends.says("no"))})
    with H2Client(instance) as client:
        answer = client.answer(connect(client))
        assert (answer.status, answer.body) == (200, b"no")
        client.read_until(lambda: answer.reset is not None)
        assert client.get().body == b"no"


def test_a_client_that_resets_ends_the_backends_side(serving, backend):
    ended = threading.Event()

    def script(connection):
        request = connection.read_head()
        connection.send(switch(request))
        connection.wait_for_end()
        ended.set()

    instance = serving({"app": backend(script)})
    with H2Client(instance) as client:
        stream = connect(client)
        client.head(stream)
        client.reset(stream)
        assert ended.wait(20)


@pytest.mark.parametrize("protocol", ["connect-udp", "h2c", "WebSocket"])
def test_no_other_protocol(serving, backend, protocol):
    app = backend()
    instance = serving({"app": app})
    with H2Client(instance) as client:
        stream = client.stream()
        client.headers(
            stream,
            [
                (":method", "CONNECT"), (":protocol", protocol), (":scheme", "https"), (":authority", "a.test"),
                (":path", "/"),
            ],
        )  # fmt: skip
        assert client.answer(stream).status == 501
    assert instance.exchange()["reason"] == "protocol_not_implemented"
    assert not app.connections


def test_an_idle_tunnel_ends_after_its_time(serving, backend):
    instance = serving({"app": backend(echoes_bytes)}, defaults={"timeout": {"tunnel": "300ms"}})
    with H2Client(instance) as client:
        stream = connect(client)
        client.head(stream)
        answer = client.answer(stream)
        assert answer.ended or answer.reset is not None
