"""Two phases: what one worker refuses, none serves, and nothing of it stays behind."""

import json
import os
import signal

import pytest
from lab import process_table
from lab.client import Client

# A name that no OpenSSL knows: the file is valid, but no worker can serve it.
NO_GROUP = {"groups": ["swarmward_no_such_group"]}


def moved(instance, backend, **tls):
    """The settings of an instance with its http listener on another port."""
    settings = instance.settings({"app": backend})
    settings["listeners"]["http"]["address"] = f"{instance.address}:8081"
    settings["tls"].update(tls)
    return json.dumps(settings)


def refuses(address):
    try:
        Client(address).close()
    except ConnectionRefusedError:
        return True
    return False


def test_what_a_worker_refuses_changes_nothing(swarmward, backend):
    app = backend()
    swarmward.write({"app": app})
    swarmward.start("--workers", "2")
    before = swarmward.status()["generation"]
    swarmward.write_text(moved(swarmward, app, **NO_GROUP))
    done = swarmward.reload(check=False)
    assert done.returncode == 2, "control knows the groups of its OpenSSL"
    assert "swarmward_no_such_group" in done.stderr
    assert swarmward.status()["generation"] == before
    assert swarmward.get().status == 200
    assert not refuses(swarmward.http)
    # the listener that was opened for it is closed in every process
    process_table.wait_until(lambda: refuses((swarmward.address, 8081)), "the new port is closed")
    # and the next good file is served as if nothing had been
    swarmward.write_text(moved(swarmward, app))
    swarmward.reload()
    with Client((swarmward.address, 8081)) as client:
        assert client.ask().status == 308


def test_what_a_worker_refuses_at_the_start_ends_it_with_2(swarmward, backend):
    swarmward.write({"app": backend()}, tls=NO_GROUP)
    swarmward.spawn()
    assert swarmward.process.wait(20) == 2
    swarmward.process = None
    swarmward.log.wait(lambda line: "swarmward_no_such_group" in line)


def test_a_worker_that_dies_in_a_rollout_cancels_it_and_the_next_one_succeeds(swarmward, backend):
    """Stopped, it cannot answer; killed, it cancels."""
    app = backend()
    swarmward.write({"app": app})
    swarmward.start("--workers", "2")
    before = swarmward.status()["generation"]
    stopped = swarmward.children("worker")[0]
    os.kill(stopped, signal.SIGSTOP)
    swarmward.write({"app": app}, {"a.test": "app", "b.test": "app"})
    swarmward.send_signal(signal.SIGHUP)
    swarmward.log.wait(lambda line: f"event=load generation={before + 1} " in line)
    os.kill(stopped, signal.SIGKILL)
    swarmward.log.wait(lambda line: "rollout=refused" in line and "died" in line)
    assert swarmward.status()["generation"] == before
    assert swarmward.get().status == 200
    swarmward.reload()
    assert swarmward.get(host="b.test").status == 200


def test_reloads_that_come_at_once_are_all_answered(swarmward, backend):
    import threading

    swarmward.write({"app": backend()})
    swarmward.start("--workers", "1")
    done = []
    threads = [threading.Thread(target=lambda: done.append(swarmward.reload(check=False))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.returncode for one in done] == [0] * 8, [one.stderr for one in done]


def test_a_new_worker_serves_the_generation_of_the_others(swarmward, backend):
    app = backend()
    swarmward.write({"app": app})
    swarmward.start("--workers", "2")
    swarmward.write({"app": app}, {"a.test": "app", "b.test": "app"})
    swarmward.reload()
    before = swarmward.children("worker")
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    process_table.wait_until(
        lambda: len(set(swarmward.children("worker")) - set(before)) == 2, "two new workers"
    )
    for _ in range(8):
        assert swarmward.get(host="b.test").status == 200
    generation = swarmward.status()["generation"]
    process_table.wait_until(
        lambda: {worker["generation"] for worker in swarmward.status()["workers"]} == {generation},
        "every worker serves it",
    )


@pytest.mark.parametrize(
    "bytes_", [b"", b"\n", b"{}\n", b"nonsense\n", b"\0" * 100 + b"\n", b"x" * 20000, b"[" * 10000 + b"\n"],
    ids=["nothing", "a line end", "an object", "no JSON", "zeros", "too long", "deep"],
)  # fmt: skip
def test_nonsense_on_the_command_socket_hurts_nobody(serving, backend, bytes_):
    import socket

    instance = serving({"app": backend()})
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(20)
        one.connect(str(instance.socket))
        try:
            one.sendall(bytes_)
            one.shutdown(socket.SHUT_WR)
            while one.recv(4096):
                pass
        except (ConnectionResetError, BrokenPipeError):
            pass  # closed before it had read all
    assert instance.ask("healthcheck").returncode == 0


def test_silent_clients_of_the_command_socket_lock_nobody_out_for_long(serving, backend):
    import socket

    instance = serving({"app": backend()})
    silent = [socket.socket(socket.AF_UNIX) for _ in range(40)]
    try:
        for one in silent:
            one.connect(str(instance.socket))
        process_table.wait_until(
            lambda: instance.ask("healthcheck", check=False).returncode == 0, "an answer in spite of them"
        )
    finally:
        for one in silent:
            one.close()
