"""When descriptors run out, accepting pauses and goes on later, and nothing spins."""

import resource
import socket

from lab import process_table


def test_accepting_pauses_and_resumes(swarmward, backend):
    swarmward.write({"app": backend()}, limits={"connections": {"total": 100000}})
    swarmward.start("--workers", "1")
    worker = swarmward.worker()
    room = process_table.descriptors(worker) + 12
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (room, room))

    sockets = [socket.create_connection(swarmward.https, 20) for _ in range(40)]
    process_table.wait_until(
        lambda: any(one["accept_pauses"] for one in swarmward.status()["workers"]), "it paused"
    )
    before = process_table.cpu_ticks(worker)
    for _ in range(20):  # status needs nothing from the worker, and takes a while by itself
        swarmward.status()
    assert process_table.cpu_ticks(worker) - before < 50
    for one in sockets:
        one.close()
    assert swarmward.get().status == 200


def test_a_client_in_progress_is_not_hurt(swarmward, backend):
    swarmward.write({"app": backend()})
    swarmward.start("--workers", "1")
    with swarmward.client() as client:
        assert client.ask().status == 200
        worker = swarmward.worker()
        room = process_table.descriptors(worker) + 2
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (room, room))
        sockets = [socket.create_connection(swarmward.https, 20) for _ in range(20)]
        assert client.ask().status in (200, 502, 503)
        for one in sockets:
            one.close()
        assert client.ask().status == 200
