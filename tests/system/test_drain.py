"""An endpoint that the mapping does not name any more: nothing new goes there, and what runs may end."""

import threading

from lab.backends import says
from lab.process_table import wait_until

SWITCH = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket"}


def echoes_bytes(connection):
    connection.read_head()
    connection.send(SWITCH)
    while got := connection.reader.buffer or connection.recv(65536):
        connection.reader.buffer = b""
        connection.send(got)


def counter(instance, name):
    return sum(worker[name] for worker in instance.status()["workers"])


def remap(instance, server, **defaults):
    instance.write({"app": server}, defaults=defaults)
    instance.reload()


def test_idle_connections_to_it_are_closed_at_once(serving, backend):
    ended = threading.Event()

    def polite(connection):
        connection.read()
        connection.answer(b"one")
        connection.wait_for_end()
        ended.set()

    instance = serving({"app": backend(polite)})
    assert instance.get().body == b"one"
    assert not ended.is_set()
    remap(instance, backend(says("two")))
    assert ended.wait(20)
    assert instance.get().body == b"two"
    assert counter(instance, "drains") == 1


def test_a_response_that_runs_ends_and_its_connection_is_not_kept(serving, backend):
    turn, ended = threading.Event(), threading.Event()

    def slow(connection):
        connection.read()
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nfir")
        assert turn.wait(20)
        connection.send("st!")
        connection.wait_for_end()
        ended.set()

    instance = serving({"app": backend(slow)})
    with instance.client() as client:
        client.send_head()
        assert client.reader.exactly(12)
        remap(instance, backend(says("other")))
        assert instance.get().body == b"other"
        turn.set()
        assert client.reader.until(b"first!").endswith(b"first!")
        assert ended.wait(20)
        assert client.ask().body == b"other"
    assert counter(instance, "drains_cut") == 0


def upgraded(instance):
    client = instance.client()
    client.send_head(fields=UPGRADE)
    assert client.response().status == 101
    return client


def test_a_tunnel_lives_on_until_the_drain_is_over(serving, backend):
    instance = serving({"app": backend(echoes_bytes)}, defaults={"drain": "700ms"})
    with upgraded(instance) as client:
        remap(instance, backend(says("other")), drain="700ms")
        client.send(b"still here")
        assert client.reader.until(b"still here").endswith(b"still here")
        assert instance.get().body == b"other"
        assert client.rest() == b""  # cut
    assert counter(instance, "drains_cut") == 1
    assert instance.exchange(lambda line: line["status"] == 101)["reason"] == "endpoint_drained"


def test_coming_back_ends_the_drain(serving, backend):
    app = backend(echoes_bytes)
    instance = serving({"app": app}, defaults={"drain": "1s"})
    with upgraded(instance) as client:
        remap(instance, backend(says("other")), drain="1s")
        remap(instance, app, drain="1s")
        wait_until(lambda: counter(instance, "drains") >= 1, "the drain")
        # a second tunnel, made and cut by another drain, says that the first one's time is over
        other = backend(echoes_bytes)
        remap(instance, [app, other], drain="200ms")
        with instance.client() as second:
            while True:
                second.send_head(fields=UPGRADE)
                assert second.response().status == 101
                if other.connections:
                    break
                second.close()
                second = instance.client()
            remap(instance, app, drain="200ms")
            assert second.rest() == b""
        client.send(b"still here")
        assert client.reader.until(b"still here").endswith(b"still here")


def test_a_request_that_waits_goes_where_the_new_mapping_says(serving, backend):
    turn = threading.Event()

    def busy(connection):
        connection.read()
        assert turn.wait(20)
        connection.answer(b"old")

    defaults = {"max_connections": 1, "queue": {"size": 5, "timeout": "20s"}}
    old = backend(busy)
    instance = serving({"app": old}, defaults=defaults)
    with instance.client() as first, instance.client() as second:
        first.send_head()
        old.wait_connections(1)
        second.send_head()
        wait_until(lambda: counter(instance, "exchanges_open") == 2, "the second one waits")
        remap(instance, backend(says("new")), **defaults)
        assert second.response().body == b"new"
        turn.set()
        assert first.response().body == b"old"


def test_a_retry_goes_where_the_new_mapping_says(serving, backend):
    turn, taken = threading.Event(), threading.Event()

    def gone(connection):
        connection.read()
        taken.set()
        assert turn.wait(20)
        connection.reset()

    instance = serving({"app": backend(gone)}, defaults={"retries": 1, "retry_budget": "100%"})
    with instance.client() as client:
        client.send_head()
        assert taken.wait(20)
        remap(instance, backend(says("new")), retries=1, retry_budget="100%")
        turn.set()
        assert client.response().body == b"new"
