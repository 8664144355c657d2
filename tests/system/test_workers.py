"""Processes die, and the traffic goes on."""

import os
import signal
import socket

import pytest
from lab import process_table
from lab.swarmward import connectable


def replaced(instance, program, old):
    return process_table.wait_until(
        lambda: [pid for pid in instance.children(program) if pid not in old], f"another {program}"
    )


def test_a_killed_worker_comes_back_and_serves_what_waited_in_its_queue(serving, backend):
    instance = serving({"app": backend()})
    old = instance.worker()
    os.kill(old, signal.SIGSTOP)  # so that connections stay in the queue
    waiting = [socket.create_connection(instance.https, 20) for _ in range(20)]
    os.kill(old, signal.SIGKILL)
    for plain in waiting:
        plain.settimeout(20)
        client = instance.context.wrap_socket(plain, server_hostname="a.test")
        client.sendall(b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
        answer = b""
        while got := client.recv(1000):
            answer += got
        assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"hello")
    assert instance.worker() != old


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT])
def test_whatever_ended_the_worker_it_is_replaced(serving, backend, number):
    instance = serving({"app": backend()})
    old = instance.worker()
    os.kill(old, number)
    replaced(instance, "worker", [old])
    assert instance.get().status == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_for_the_whole_group_are_the_parents_business(serving, backend, number):
    """Ctrl-C and service managers send them to every process; a child that obeyed would cut
    connections before the drain has begun."""
    instance = serving({"app": backend()})
    children = instance.children()
    with instance.client() as client:
        assert client.ask().status == 200
        for pid in children:
            os.kill(pid, number)
        assert client.ask().status == 200
    assert instance.get().status == 200
    assert instance.children() == children


def test_a_worker_that_dies_again_and_again_does_not_stop_the_others(swarmward, backend):
    swarmward.write({"app": backend()})
    swarmward.start("--workers", "2")
    for _ in range(5):
        before = swarmward.children("worker")
        os.kill(before[0], signal.SIGKILL)
        replaced(swarmward, "worker", before)
        assert swarmward.get().status == 200


def test_a_killed_control_leaves_traffic_running_and_comes_back(serving, backend):
    app = backend()
    instance = serving({"app": app})
    with instance.client() as client:
        assert client.ask().status == 200
        old = instance.children("control")
        os.kill(old[0], signal.SIGKILL)
        assert client.ask().status == 200
        replaced(instance, "control", old)
        assert client.ask().status == 200
    process_table.wait_until(
        lambda: instance.ask("healthcheck", check=False).returncode == 0, "healthy again"
    )
    instance.write({"app": app}, {"b.test": "app"})
    instance.reload()
    assert instance.get(host="b.test").status == 200


def test_the_generation_goes_on_after_control_was_killed(serving, backend):
    instance = serving({"app": backend()})
    instance.reload()
    before = instance.status()["generation"]
    old = instance.children("control")
    os.kill(old[0], signal.SIGKILL)
    replaced(instance, "control", old)
    process_table.wait_until(
        lambda: instance.ask("healthcheck", check=False).returncode == 0, "healthy again"
    )
    instance.reload()
    assert instance.status()["generation"] > before


def test_when_the_parent_dies_all_children_end(serving, backend):
    instance = serving({"app": backend()})
    children = instance.children()
    assert len(children) >= 2
    instance.process.kill()
    instance.process.wait()
    process_table.wait_until(
        lambda: not any((process_table.program(pid) or "").startswith("swarmward") for pid in children),
        "the children have ended",
    )
    instance.process = None
    process_table.wait_until(lambda: not connectable(instance.https), "nobody listens")


def test_as_many_workers_as_asked_for(swarmward, backend):
    swarmward.write({"app": backend()})
    swarmward.start("--workers", "3")
    assert len(swarmward.children("worker")) == 3
    assert len(swarmward.status()["workers"]) == 3
