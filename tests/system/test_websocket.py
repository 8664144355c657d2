"""Upgrades: bytes both ways until one side ends."""

import asyncio
import ssl

import pytest
import websockets
from lab import addresses, backends

SWITCH = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket"}


def echoes_bytes(connection):
    request = connection.read_head()
    assert request.get("Upgrade") == "websocket"
    connection.send(SWITCH)
    while got := connection.reader.buffer or connection.recv(65536):
        connection.reader.buffer = b""
        connection.send(got)


def upgraded(instance):
    client = instance.client()
    client.send_head(fields=UPGRADE)
    answer = client.response()
    assert answer.status == 101
    assert (answer.get("Upgrade"), answer.get("Connection").lower()) == ("websocket", "upgrade")
    return client


def test_a_websocket_library_talks_through(serving):
    host = addresses.fresh()

    async def talk():
        async def serve(socket):
            async for message in socket:
                await socket.send(message)

        async with websockets.serve(serve, host, addresses.BACKEND_PORT, max_size=None):
            instance = await asyncio.to_thread(
                serving, {"app": {"servers": [f"{host}:{addresses.BACKEND_PORT}"]}}
            )
            url = f"wss://a.test:{addresses.HTTPS_PORT}/chat"
            address, port = instance.https
            context = ssl.create_default_context(cafile=str(instance.authority.ca))
            async with websockets.connect(url, host=address, port=port, ssl=context, server_hostname="a.test", max_size=None) as socket:
                for message in ("hello", b"\0\1\2", "x" * 300_000, ""):
                    await socket.send(message)
                    assert await socket.recv() == message
                assert await asyncio.wait_for(await socket.ping(), 20) is not None
            return instance

    instance = asyncio.run(talk())
    assert instance.exchange()["status"] == 101


def test_bytes_flow_both_ways_in_any_number(serving, backend):
    instance = serving({"app": backend(echoes_bytes)})
    with upgraded(instance) as client:
        for size in (1, 1000, 100_000):
            client.send(b"x" * size)
            assert client.reader.exactly(size) == b"x" * size


def test_bytes_right_behind_the_upgrade_are_not_lost(serving, backend):
    def script(connection):
        connection.read_head()
        connection.send(SWITCH + "first words")
        assert connection.reader.exactly(5) == b"early"
        connection.send("got it")

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        client.send("GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly")
        assert client.response().status == 101
        assert client.reader.exactly(17) == b"first wordsgot it"


def test_when_the_backend_ends_the_client_sees_the_end(serving, backend):
    def script(connection):
        connection.read_head()
        connection.send(SWITCH + "bye")

    instance = serving({"app": backend(script)})
    with upgraded(instance) as client:
        assert client.rest() == b"bye"


def test_when_the_client_ends_the_backend_sees_the_end(serving, backend):
    app = backend(echoes_bytes)
    instance = serving({"app": app})
    upgraded(instance).close()
    assert app.wait_connections(1)[0].reader is not None
    assert instance.exchange(lambda line: line["status"] == 101)


def test_an_upgrade_that_the_backend_declines_is_an_ordinary_answer(serving, backend):
    instance = serving({"app": backend(backends.says("no"))})
    with instance.client() as client:
        for _ in range(2):
            answer = client.ask(fields=UPGRADE)
            assert (answer.status, answer.body) == (200, b"no")


def test_an_upgrade_that_nobody_asked_for_is_502(serving, backend):
    def script(connection):
        connection.read_head()
        connection.send(SWITCH)

    instance = serving({"app": backend(script)})
    assert instance.get().status == 502


def test_a_tunnel_lives_through_reloads(serving, backend):
    app = backend(echoes_bytes)
    instance = serving({"app": app})
    with upgraded(instance) as client:
        for _ in range(5):
            instance.reload()
            client.send("still")
            assert client.reader.exactly(5) == b"still"


def test_an_idle_tunnel_ends_after_its_time(serving, backend):
    instance = serving({"app": backend(echoes_bytes)}, defaults={"timeout": {"tunnel": "300ms"}})
    with upgraded(instance) as client:
        assert client.rest() == b""


def test_a_tunnel_with_traffic_outlives_its_idle_time(serving, backend):
    instance = serving({"app": backend(echoes_bytes)}, defaults={"timeout": {"tunnel": "2s"}})
    with upgraded(instance) as client:
        for _ in range(200):
            client.send("x")
            assert client.reader.exactly(1) == b"x"


def test_an_upgrade_with_a_body_is_an_ordinary_request(serving, backend):
    app = backend(backends.echo)
    instance = serving({"app": app})
    with instance.client() as client:
        for _ in range(2):
            assert client.ask("POST", fields=UPGRADE, body=b"hello").body == b"hello"
    assert app.request().get("Upgrade") is None


@pytest.mark.parametrize("protocol", ["h2c", "TLS/1.0", "custom"])
def test_no_other_protocol_is_let_through(serving, backend, protocol):
    """h2c would hide requests from us."""
    app = backend()
    instance = serving({"app": app})
    assert instance.get(fields={"Connection": "Upgrade", "Upgrade": protocol}).status == 200
    assert app.request().get("Upgrade") is None
