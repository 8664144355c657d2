"""The file changes, and nobody notices but those that it concerns."""

import json
import signal
import subprocess
import threading

from lab import process_table
from lab.backends import says
from lab.certificates import without_sni
from lab.swarmward import connectable


def test_a_new_domain_is_served_after_reload_and_a_removed_one_is_not(serving, backend):
    app = backend()
    instance = serving({"app": app}, {"a.test": "app"})
    instance.write({"app": app}, {"b.test": "app"})
    said = instance.reload().stdout
    assert "generation" in said and "ms" in said
    assert instance.get(host="b.test").status == 200
    import pytest

    with pytest.raises(OSError):
        instance.get(host="a.test")


def test_sighup_reloads(serving, backend):
    one, two = backend(says("one")), backend(says("two"))
    instance = serving({"app": one})
    before = instance.status()["generation"]
    instance.write({"app": two})
    instance.send_signal(signal.SIGHUP)
    process_table.wait_until(lambda: instance.status()["generation"] > before, "a new generation")
    assert instance.get().body == b"two"


def test_an_open_connection_gets_the_new_mapping_with_its_next_request(serving, backend):
    one, two = backend(says("one")), backend(says("two"))
    instance = serving({"app": one})
    with instance.client() as client:
        assert client.ask().body == b"one"
        instance.write({"app": two})
        instance.reload()
        assert client.ask().body == b"two"


def test_a_running_exchange_finishes_on_the_mapping_that_it_began_with(serving, backend):
    turn = threading.Event()

    def slow(connection):
        connection.read()
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nfir")
        assert turn.wait(20)
        connection.send("st!")

    instance = serving({"app": backend(slow)})
    with instance.client() as client:
        client.send_head()
        assert client.reader.exactly(12)
        instance.write({"app": backend(says("other"))})
        instance.reload()
        turn.set()
        rest = client.reader.until(b"first!")
        assert rest.endswith(b"first!")


def test_a_bad_file_is_refused_whole_and_the_running_one_stays(serving, backend):
    instance = serving({"app": backend()})
    before = instance.status()["generation"]
    instance.write_text("version: 1\ndomains:\n  a.test: nowhere: 1\n  b.test: 5s\nextra: 1\n")
    done = instance.reload(check=False)
    assert done.returncode != 0
    assert "swarmward.yaml:" in done.stdout + done.stderr
    assert instance.status()["generation"] == before
    assert instance.get().status == 200


def test_a_bad_file_on_sighup_is_logged_and_the_running_one_stays(serving, backend):
    instance = serving({"app": backend()})
    instance.write_text("version: 2\n")
    instance.send_signal(signal.SIGHUP)
    instance.log.wait(lambda line: "swarmward.yaml" in line)
    assert instance.get().status == 200


def test_a_file_that_is_gone_is_an_error_and_the_running_one_stays(serving, backend):
    instance = serving({"app": backend()})
    instance.file.unlink()
    done = instance.reload(check=False)
    assert done.returncode != 0 and "swarmward.yaml" in done.stdout + done.stderr
    assert instance.get().status == 200


def test_the_listeners_move_with_the_file(serving, backend):
    app = backend()
    instance = serving({"app": app})
    old = instance.http
    settings = instance.settings({"app": app})
    settings["listeners"]["http"]["address"] = f"{instance.address}:8081"
    instance.write_text(json.dumps(settings))
    instance.reload()
    instance.http = (instance.address, 8081)
    with instance.plain_client() as client:
        assert client.ask().status == 308
    process_table.wait_until(lambda: not connectable(old), "the old port is closed")


def test_a_port_that_is_taken_is_an_error_and_the_running_one_stays(serving, backend):
    app = backend()
    instance = serving({"app": app})
    settings = instance.settings({"app": app})
    settings["listeners"]["http"]["address"] = app.at
    instance.write_text(json.dumps(settings))
    done = instance.reload(check=False)
    assert done.returncode != 0
    assert app.at in done.stdout + done.stderr
    assert instance.get().status == 200
    with instance.plain_client() as client:
        assert client.ask().status == 308


def test_no_request_is_lost_while_reloading_under_load(swarmward, backend, tmp_path):
    """wrk keeps connections busy while the mapping changes under it."""
    app = backend()
    swarmward.write({"app": app}, limits={"keepalive": {"requests": 10**8}}, tls=without_sni(swarmward.authority))
    swarmward.start()
    report = tmp_path / "wrk"
    host, port = swarmward.https
    with report.open("w") as out:
        load = subprocess.Popen(
            ["wrk", "-t1", "-c8", "-d3s", "-H", "Host: a.test", f"https://{host}:{port}/"],
            stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
        rounds = 0
        while load.poll() is None:
            rounds += 1
            limits = {"keepalive": {"requests": 10**8 + rounds}}
            swarmward.write({"app": app}, limits=limits, tls=without_sni(swarmward.authority))
            swarmward.reload()
        assert load.wait() == 0
    text = report.read_text()
    assert "Non-2xx" not in text and "Socket errors" not in text, text
    assert "requests in" in text
