"""WebSocket to services that speak HTTP/2 (RFC 8441): asked for by Upgrade or by extended CONNECT, given by extended
CONNECT, and refused where the backend does not take it."""

import asyncio
import base64
import hashlib
import ssl
import threading

import pytest
import websockets
from lab import addresses, h2_backends, tls_backends
from lab.h2 import H2Client
from lab.h2_backends import Errors, serves
from lab.process_table import wait_until
from test_admin import metrics
from test_h2_websocket import GUID, connect

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # of RFC 6455 section 1.3, and what must come back
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13"}


def opens(request, *fields):
    request.session.head(request.stream, [(":status", "200"), *fields])


def echo(request):
    """A tunnel that gives back what it gets, until its client ends."""
    request.listener = lambda piece: request.session.data(request.stream, piece or b"", end=piece is None)
    opens(request, ("sec-websocket-protocol", "chat"))


def takes(app, **settings):
    return serves(app, at_head=True, enable_connect_protocol=1, **settings)


@pytest.fixture(params=["h2c", "h2"])
def protocol(request):
    return request.param


@pytest.fixture
def serve(serving, backend, authority):
    """serve(script) -> (backend, instance) that speaks HTTP/2 to it, in clear or over TLS"""

    def start(script, protocol="h2c", **sections):
        entry = {"protocol": protocol}
        if protocol == "h2":
            app = backend(script, context=tls_backends.context(authority.issue("backend.test"), alpn=["h2"]))
            sections["policy"] = tls_backends.policy(authority, server_name="backend.test")
        else:
            app = backend(script)
        return app, serving({"app": {"servers": [app.at], **entry}}, **sections)

    return start


def upgraded(instance, fields=()):
    client = instance.client()
    client.send_head("GET", "/chat", fields={**UPGRADE, **dict(fields)})
    answer = client.response()
    assert answer.status == 101, answer
    return client, answer


def test_a_client_of_http_1_1_gets_its_101(serve, protocol):
    app, instance = serve(takes(echo), protocol)
    client, answer = upgraded(instance, {"Sec-WebSocket-Protocol": "chat", "Content-Length": "0"})
    with client:
        assert (answer.get("Upgrade"), answer.get("Connection").lower()) == ("websocket", "upgrade")
        assert answer.get("Sec-WebSocket-Accept") == ACCEPT
        assert answer.get("Sec-WebSocket-Protocol") == "chat"
        assert answer.get("Content-Length") is None and answer.get("Transfer-Encoding") is None
        for size in (1, 1000, 300_000):
            client.send(b"x" * size)
            assert client.reader.exactly(size) == b"x" * size
    request = app.requests.get(timeout=20)
    assert (request.method, request.get(":protocol"), request.path) == ("CONNECT", "websocket", "/chat")
    assert (request.get(":scheme"), request.get(":authority")) == ("https", "a.test")
    assert request.get("sec-websocket-version") == "13" and request.get("sec-websocket-protocol") == "chat"
    for name in ("sec-websocket-key", "upgrade", "connection", "content-length", "host"):
        assert request.get(name) is None, name
    line = instance.exchange()
    assert line["status"] == 101 and "reason" not in line
    assert line["bytes_in"] > 300_000 and line["bytes_out"] > 300_000


def test_a_client_of_http_2_gets_its_200(serve, protocol):
    app, instance = serve(takes(echo), protocol)
    with H2Client(instance) as client:
        client.ping()
        stream = connect(client, ("sec-websocket-key", "the client's"))
        answer = client.head(stream)
        assert (answer.status, answer.ended) == (200, False)
        assert answer.get("sec-websocket-accept") is None and answer.get("upgrade") is None
        total = 0
        for size in (1, 1000, 100_000):
            client.data(stream, b"x" * size)
            total += size
            client.read_until(lambda: len(answer.body) == total)
        client.data(stream, b"", end=True)
        client.read_until(lambda: answer.ended)
        assert answer.reset is None
    request = app.requests.get(timeout=20)
    assert (request.method, request.get(":protocol")) == ("CONNECT", "websocket")
    assert request.get("sec-websocket-key") is None
    assert instance.exchange()["status"] == 200
    assert not app.mistakes and not h2_backends.session(app).resets


def test_a_websocket_library_talks_through(serve, protocol):
    _, instance = serve(takes(frames), protocol)

    async def talk():
        url = f"wss://a.test:{addresses.HTTPS_PORT}/chat"
        address, port = instance.https
        context = ssl.create_default_context(cafile=str(instance.authority.ca))
        async with websockets.connect(
            url, host=address, port=port, ssl=context, server_hostname="a.test", compression=None
        ) as socket:
            assert await asyncio.wait_for(socket.recv(), 20) == "hello"

    asyncio.run(talk())
    assert instance.exchange()["status"] == 101


def frames(request):
    """One message of RFC 6455, and its goodbye when the client says so."""

    def listen(piece):
        if piece:
            request.session.data(request.stream, b"\x88\x02\x03\xe8", end=True)

    request.listener = listen
    opens(request)
    request.session.data(request.stream, b"\x81\x05hello", end=False)


def test_bytes_before_the_answer_are_not_lost(serve):
    held = []
    app, instance = serve(takes(held.append))
    with instance.client() as client:
        head = "".join(f"{name}: {value}\r\n" for name, value in UPGRADE.items())
        client.send(f"GET /chat HTTP/1.1\r\nHost: a.test\r\n{head}\r\nearly")
        wait_until(lambda: held, "it was asked")
        echo(held[0])
        assert client.response().status == 101
        assert client.reader.exactly(5) == b"early"


def test_many_tunnels_and_requests_share_a_connection(serve):
    def app(request):
        echo(request) if request.method == "CONNECT" else request.answer(b"hello")

    served, instance = serve(takes(app))
    clients = [upgraded(instance)[0] for _ in range(10)]
    for number, client in enumerate(clients):
        client.send(b"%d" % number)
    assert instance.get().body == b"hello"
    for number, client in enumerate(clients):
        assert client.reader.exactly(1) == b"%d" % number
        client.close()
    assert len(served.connections) == 1


# --- ends


def test_the_end_of_the_backend_is_the_end_for_the_client(serve):
    def app(request):
        opens(request)
        request.session.data(request.stream, b"bye", end=True)

    served, instance = serve(takes(app))
    client, _ = upgraded(instance)
    with client:
        assert client.rest() == b"bye"
    request = served.requests.get(timeout=20)
    wait_until(lambda: request.ended, "the client's end")  # and the client's end is the backend's, no reset
    assert not h2_backends.session(served).resets
    with H2Client(instance) as client:
        stream = connect(client)
        answer = client.answer(stream)
        assert (answer.status, answer.body, answer.ended, answer.reset) == (200, b"bye", True, None)


def test_the_end_of_the_client_is_the_end_for_the_backend(serve):
    ended = threading.Event()

    def app(request):
        def listen(piece):
            if piece is None:
                request.session.data(request.stream, b"and you", end=True)
                ended.set()

        request.listener = listen
        opens(request)

    served, instance = serve(takes(app))
    with H2Client(instance) as client:
        stream = connect(client)
        answer = client.head(stream)
        client.data(stream, b"", end=True)
        client.read_until(lambda: answer.ended)
        assert answer.body == b"and you" and answer.reset is None
    assert ended.wait(20)
    client, _ = upgraded(instance)
    client.close()
    session = h2_backends.session(served)
    wait_until(lambda: all(one.ended for one in session.requests.values()), "the client's end")


def test_a_backend_that_resets_cuts_the_tunnel(serve):
    def app(request):
        request.listener = lambda piece: request.session.reset(request.stream, Errors.CANCEL)
        opens(request)

    served, instance = serve(takes(app))
    with H2Client(instance) as client:
        stream = connect(client)
        client.head(stream)
        client.data(stream, b"x")
        client.read_until(lambda: client.answers[stream].reset is not None)
    with upgraded(instance)[0] as client:
        client.send("x")
        assert client.rest() == b""
    assert len(served.connections) == 1  # which goes on


def test_a_client_that_resets_resets_the_backends_stream(serve):
    served, instance = serve(takes(echo))
    with H2Client(instance) as client:
        stream = connect(client)
        client.head(stream)
        client.reset(stream)
        session = h2_backends.session(served)
        wait_until(lambda: session.resets, "a reset")
        assert list(session.resets.values()) == [Errors.CANCEL]


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_an_idle_tunnel_ends_after_its_time(serve, version):
    served, instance = serve(takes(echo), defaults={"timeout": {"tunnel": "300ms"}})
    if version == "2":
        with H2Client(instance) as client:
            stream = connect(client)
            client.head(stream)
            answer = client.answer(stream)
            assert answer.ended or answer.reset is not None
    else:
        with upgraded(instance)[0] as client:
            assert client.rest() == b""
    session = h2_backends.session(served)
    wait_until(lambda: session.resets, "a reset")


def test_a_tunnel_lives_through_reloads(serve):
    _, instance = serve(takes(echo))
    with upgraded(instance)[0] as client:
        for _ in range(3):
            instance.reload()
            client.send("still")
            assert client.reader.exactly(5) == b"still"


def test_a_backend_that_does_not_read_stops_the_client(serve):
    """Windows fill, and nothing is kept beyond them."""
    go = threading.Event()
    got = []

    def app(request):
        request.listener = lambda piece: (go.wait(20), got.append(len(piece or b"")))
        opens(request)

    _, instance = serve(takes(app))
    sent = 4 * 1024 * 1024
    with upgraded(instance)[0] as client:
        writer = threading.Thread(target=client.send, args=(b"x" * sent,), daemon=True)
        writer.start()
        wait_until(lambda: metrics(instance).samples[("swarmward_tunnels_open", ())] == 1, "a tunnel")
        go.set()
        writer.join(20)
        wait_until(lambda: sum(got) == sent, "all of it")


# --- refusals


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_a_backend_without_extended_connect_is_501(serve, version):
    served, instance = serve(serves(lambda request: request.answer(b"hello")))
    if version == "2":
        with H2Client(instance) as client:
            assert client.answer(connect(client)).status == 501
            assert client.get().body == b"hello"
    else:
        with instance.client() as client:
            assert client.ask("GET", "/chat", fields=UPGRADE).status == 501
            assert client.ask().body == b"hello"
    assert instance.exchange(lambda line: line["status"] == 501)["reason"] == "backend_no_websocket"
    assert [request.method for request in h2_backends.session(served).requests.values()] == ["GET"]


def test_a_declined_tunnel_is_an_ordinary_answer(serve):
    served, instance = serve(takes(lambda request: request.answer(b"no", status=403)))
    with instance.client() as client:
        for _ in range(2):
            answer = client.ask("GET", "/chat", fields=UPGRADE)
            assert (answer.status, answer.body) == (403, b"no")
    with H2Client(instance) as client:
        answer = client.answer(connect(client))
        assert (answer.status, answer.body) == (403, b"no")
    assert len(served.connections) == 1


@pytest.mark.parametrize("key", [None, "", "short", "dGhlIHNhbXBsZSBub25jZR==", "dGhlIHNhbXBsZSBub25j*Q=="])
def test_an_upgrade_without_a_key_is_400(serve, key):
    served, instance = serve(takes(echo))
    fields = {**UPGRADE, "Sec-WebSocket-Key": key}
    if key is None:
        del fields["Sec-WebSocket-Key"]
    assert instance.get("/chat", fields=fields).status == 400
    assert instance.exchange()["reason"] == "bad_websocket_key"
    assert not served.connections


def test_an_accept_of_the_backend_is_not_passed_on(serve):
    def app(request):
        opens(request, ("sec-websocket-accept", "the backend's"), ("content-length", "5"))

    _, instance = serve(takes(app))
    client, answer = upgraded(instance)
    with client:
        assert answer.get("Sec-WebSocket-Accept") == ACCEPT
        assert answer.get("Content-Length") is None
    assert ACCEPT == base64.b64encode(hashlib.sha1((KEY + GUID).encode()).digest()).decode()


def test_other_upgrades_go_on_without(serve):
    served, instance = serve(takes(lambda request: request.answer(b"plain")))
    assert instance.get(fields={"Connection": "Upgrade", "Upgrade": "h2c"}).body == b"plain"
    assert served.requests.get(timeout=20).method == "GET"
