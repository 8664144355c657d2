"""When descriptors run out, accepting pauses and goes on later, and nothing spins."""

import resource
import socket
import threading

from lab import process_table

ROOM = 64  # descriptors of each process


def cramp(instance, app):
    def squeeze():
        resource.setrlimit(resource.RLIMIT_NOFILE, (ROOM, ROOM))

    instance.write({"app": app}, limits={"connections": {"total": 100000}})
    return instance.start("--workers", "1", preexec_fn=squeeze)


def paused(instance):
    return instance.status()["workers"][0]["accept_pauses"]


def test_accepting_pauses_and_resumes(swarmward, backend):
    cramped = cramp(swarmward, backend())
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


def test_a_request_in_progress_is_not_hurt(swarmward, backend):
    arrived, turn = threading.Event(), threading.Event()

    def script(connection):
        connection.read()
        arrived.set()
        assert turn.wait(20)
        connection.answer(b"finished")

    instance = cramp(swarmward, backend(script))
    with instance.client() as client:
        client.send_head()
        assert arrived.wait(20)
        sockets = [socket.create_connection(instance.https, 20) for _ in range(ROOM * 2)]
        process_table.wait_until(lambda: paused(instance), "it paused")
        turn.set()
        assert client.response().body == b"finished"
        for one in sockets:
            one.close()
