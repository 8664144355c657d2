"""When descriptors run out, accepting pauses and goes on later, and nothing spins."""

import resource
import socket

import pytest
from lab import process_table

ROOM = 64  # descriptors of each process


@pytest.fixture
def cramped(swarmward, backend):
    def squeeze():
        resource.setrlimit(resource.RLIMIT_NOFILE, (ROOM, ROOM))

    swarmward.write({"app": backend()}, limits={"connections": {"total": 100000}})
    return swarmward.start("--workers", "1", preexec_fn=squeeze)


def paused(instance):
    return instance.status()["workers"][0]["accept_pauses"]


def test_accepting_pauses_and_resumes(cramped):
    sockets = [socket.create_connection(cramped.https, 20) for _ in range(ROOM * 2)]
    process_table.wait_until(lambda: paused(cramped), "it paused")
    worker = cramped.worker()
    before = process_table.cpu_ticks(worker)
    for _ in range(20):  # status needs nothing from the worker, and takes a while by itself
        cramped.status()
    assert process_table.cpu_ticks(worker) - before < 50
    for one in sockets:
        one.close()
    assert cramped.get().status == 200


def test_a_client_in_progress_is_not_hurt(cramped):
    with cramped.client() as client:
        assert client.ask().status == 200
        sockets = [socket.create_connection(cramped.https, 20) for _ in range(ROOM * 2)]
        process_table.wait_until(lambda: paused(cramped), "it paused")
        assert client.ask().status == 200
        for one in sockets:
            one.close()
        assert client.ask().status == 200
