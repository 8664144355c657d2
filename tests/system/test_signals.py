"""SIGTERM in its steps, and the second one."""

import re
import signal
import threading

import pytest
from lab import process_table
from lab.client import Client


def red(instance):
    return instance.ask("healthcheck", check=False).returncode != 0


def test_in_the_delay_health_is_red_and_everything_is_served(serving, backend):
    instance = serving({"app": backend()}, shutdown={"delay": "10m", "drain": "1s"})
    assert not red(instance)
    instance.send_signal(signal.SIGTERM)
    process_table.wait_until(lambda: red(instance), "health is red")
    with instance.client() as client:
        for _ in range(3):
            assert client.ask().status == 200
    instance.send_signal(signal.SIGTERM)  # the second one ends it at once
    assert instance.process.wait(20) is not None
    instance.process = None


def test_after_the_delay_connections_are_told_to_close(serving, backend):
    turn, arrived = threading.Event(), threading.Event()

    def script(connection):
        connection.read()
        arrived.set()
        assert turn.wait(20)
        connection.answer(b"finished")

    instance = serving({"app": backend(script)}, shutdown={"delay": "0s", "drain": "10m"})
    with instance.client() as idle, instance.client() as busy:
        busy.send_head()
        assert arrived.wait(20)
        instance.send_signal(signal.SIGTERM)
        assert idle.is_closed()
        turn.set()
        answer = busy.response()
        assert (answer.body, answer.get("Connection")) == (b"finished", "close")
        assert busy.is_closed()
    assert instance.process.wait(20) == 0
    instance.process = None


def test_while_draining_nobody_new_is_let_in(serving, backend):
    arrived, turn = threading.Event(), threading.Event()

    def script(connection):
        connection.read()
        arrived.set()
        turn.wait(20)
        connection.answer(b"finished")

    instance = serving({"app": backend(script)}, shutdown={"delay": "0s", "drain": "10m"})
    with instance.client() as busy:
        busy.send_head()
        assert arrived.wait(20)
        instance.send_signal(signal.SIGTERM)

        def refused():
            try:
                Client(instance.https).close()
            except OSError:
                return True

        process_table.wait_until(refused, "new connections are refused")
        turn.set()
        assert busy.response().body == b"finished"
    assert instance.process.wait(20) == 0
    instance.process = None


def test_at_the_deadline_what_still_runs_is_cut(serving, backend):
    arrived = threading.Event()

    def script(connection):
        connection.read()
        arrived.set()
        connection.wait_for_end()

    instance = serving({"app": backend(script)}, shutdown={"delay": "0s", "drain": "300ms"})
    with instance.client() as client:
        client.send_head()
        assert arrived.wait(20)
        instance.send_signal(signal.SIGTERM)
        client.rest()
    assert instance.process.wait(20) == 0
    instance.process = None


def test_a_tunnel_is_drained_like_the_rest(serving, backend):
    def script(connection):
        connection.read_head()
        connection.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        connection.wait_for_end()

    instance = serving({"app": backend(script)}, shutdown={"delay": "0s", "drain": "300ms"})
    with instance.client() as client:
        client.send_head(fields={"Connection": "Upgrade", "Upgrade": "websocket"})
        assert client.response().status == 101
        instance.send_signal(signal.SIGTERM)
        client.rest()
    assert instance.process.wait(20) == 0
    instance.process = None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_when_nobody_is_there(serving, backend, number):
    instance = serving({"app": backend()})
    instance.send_signal(number)
    assert instance.process.wait(20) == 0
    instance.process = None


def test_other_signals_do_not_end_it(serving, backend):
    instance = serving({"app": backend()})
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE, signal.SIGUSR1, signal.SIGHUP):
        instance.send_signal(number)
    assert instance.get().status == 200


def test_every_process_comes_to_its_own_end(serving, backend):
    """None is killed on the way: what the sanitizers have to say, they say last."""
    instance = serving({"app": backend()})
    assert instance.get().status == 200
    instance.stop()
    assert "event=ended" not in instance.log.text()


def test_a_process_that_is_cut_off_is_told(serving, backend):
    instance = serving({"app": backend()}, shutdown={"delay": "0s", "drain": "100ms"})
    with instance.client() as stays:
        stays.send("GET / HTTP/1.1\r\n")
        instance.stop()
    assert re.search(r"level=warn .*event=ended child=swarmward-worker .*signal=9", instance.log.text())
