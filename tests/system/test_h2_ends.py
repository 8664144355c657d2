"""How connections of HTTP/2 end: told first, so that no request is lost."""

import json
import signal
import threading

import pytest
from lab import backends
from lab.h2 import H2Client

NOTICE = (2**31 - 1, 0)  # RFC 9113 section 6.8: the end is near, go on


class Held:
    """A backend that answers when it is told to."""

    def __init__(self, backend):
        self.go = threading.Event()
        self.app = backend(self.script)

    def script(self, connection):
        while True:
            connection.read()
            assert self.go.wait(20)
            connection.answer(b"done")


def test_sigterm_says_goodbye_in_two_steps_and_serves_what_came(serving, backend):
    held = Held(backend)
    instance = serving({"app": held.app}, shutdown={"delay": "0s", "drain": "10s"})
    with H2Client(instance) as client:
        first = client.ask()
        held.app.request()
        instance.send_signal(signal.SIGTERM)
        client.read_until(lambda: client.goaways)
        assert client.goaways == [NOTICE]
        second = client.ask()  # it was on its way
        client.read_until(lambda: len(client.goaways) == 2)
        assert client.goaways[1] == (second, 0)
        held.go.set()
        assert client.answer(first).body == client.answer(second).body == b"done"
        assert client.rest() == 0
    assert instance.process.wait(20) == 0


def test_sigterm_ends_an_idle_connection(serving, backend):
    instance = serving({"app": backend()}, shutdown={"delay": "0s", "drain": "10s"})
    with H2Client(instance) as client:
        assert client.get().status == 200
        instance.send_signal(signal.SIGTERM)
        assert client.rest() == 0
        assert client.goaways == [NOTICE, (1, 0)]
    assert instance.process.wait(20) == 0


def test_after_so_many_requests(serving, backend):
    instance = serving({"app": backend()}, limits={"keepalive": {"requests": 3}})
    with H2Client(instance) as client:
        for _ in range(3):
            assert client.get().status == 200
        client.rest()
        assert client.goaways == [NOTICE, (5, 0)]


def test_after_so_long(serving, backend):
    instance = serving({"app": backend()}, limits={"keepalive": {"max_age": "300ms"}})
    with H2Client(instance) as client:
        while not client.goaways:
            assert client.get().status == 200
        assert client.goaways[0] == NOTICE
        assert client.rest() == 0


def test_a_client_that_answers_no_ping_is_told_the_last_all_the_same(serving, backend):
    instance = serving({"app": backend()}, limits={"keepalive": {"requests": 1}})
    with H2Client(instance) as client:
        client.answers_pings = False
        assert client.get().status == 200
        assert client.rest() == 0
        assert client.goaways == [NOTICE, (1, 0)]


def test_an_idle_connection_rests_for_longer_than_one_of_http_1_1(serving, backend):
    instance = serving({"app": backend()}, limits={"keepalive": {"idle": "300ms"}})
    with H2Client(instance) as client, instance.client() as old:
        assert client.get().status == 200
        assert old.ask().status == 200
        assert old.is_closed()
        assert client.get().status == 200
        assert client.rest() == 0
        assert client.goaways == [(3, 0)]


def test_tunnels_and_requests_live_through_a_reload(serving, backend):
    held = Held(backend)
    instance = serving({"app": held.app})
    with H2Client(instance) as client:
        stream = client.ask()
        held.app.request()
        instance.reload()
        held.go.set()
        assert client.answer(stream).body == b"done"
        assert client.get().body == b"done"


def test_switched_off_by_a_reload(swarmward, backend):
    """Open connections go on; new ones are offered HTTP/1.1 alone."""
    swarmward.write({"app": backend(backends.says("hello"))})
    swarmward.start("--workers", "1")
    with H2Client(swarmward) as client:
        assert client.get().status == 200
        settings = swarmward.settings({"app": backend()})
        settings["listeners"]["https"]["http2"] = False
        swarmward.write_text(json.dumps(settings))
        swarmward.reload()
        assert client.get().status == 200
        with pytest.raises(AssertionError):
            H2Client(swarmward)
