"""The admin listener: health, metrics, status; and whoever else may come to its port."""

import json
import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest
from lab import addresses
from lab.backends import says
from lab.exposition import Metrics
from lab.process_table import wait_until

CONF = Path(__file__).parents[2] / "conf"


def ask(instance, path, method="GET", raw=None):
    """(status, fields, body) of one request to the admin listener."""
    with socket.create_connection((instance.address, addresses.ADMIN_PORT), timeout=20) as sock:
        sock.sendall(raw if raw is not None else f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        got = b""
        while piece := sock.recv(65536):
            got += piece
    if not got:
        return None, {}, b""
    head, _, body = got.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), fields, body


def metrics(instance):
    status, fields, body = ask(instance, "/metrics")
    assert status == 200 and fields["content-type"].startswith("text/plain; version=0.0.4")
    assert int(fields["content-length"]) == len(body)
    return Metrics(body.decode())


def test_health_is_ready_and_turns_red_with_sigterm(serving, backend):
    instance = serving({"app": backend()}, shutdown={"delay": "3s", "drain": "2s"})
    status, fields, body = ask(instance, "/healthz")
    assert (status, json.loads(body)) == (200, {"health": "ready", "healthy": True, "stale": False})
    assert fields["content-type"] == "application/json"
    instance.send_signal(signal.SIGTERM)
    wait_until(lambda: ask(instance, "/healthz")[0] == 503, "health turns red")
    assert json.loads(ask(instance, "/healthz")[2])["health"] == "draining"
    assert instance.process.wait(20) == 0


def test_status_is_what_the_command_says(serving, backend):
    instance = serving({"app": backend()})
    status, _, body = ask(instance, "/status")
    assert status == 200
    mine, its = json.loads(body), instance.status()
    assert mine["domains"] == its["domains"] and mine["generation"] == its["generation"]


def test_metrics_count_requests_by_domain_and_status(serving, backend):
    def script(connection):
        while True:
            request = connection.read()
            connection.answer(b"x", "500 Broken" if request.target == "/bad" else "200 OK")

    instance = serving({"app": backend(script)}, {"a.test": "app", "b.test": "app"})
    for _ in range(3):
        assert instance.get(host="a.test").status == 200
    assert instance.get(host="a.test", target="/bad").status == 500
    assert instance.get(host="a.test", target="/%00").status == 400
    seen = metrics(instance)
    requests = "swarmward_domain_requests_total"
    assert seen.value(requests, domain="a.test", code="2xx") == 3
    assert seen.value(requests, domain="a.test", code="5xx") == 1
    assert seen.labels(requests, "domain") == {"a.test"}  # b.test had none
    assert seen.value("swarmward_requests_total", code="2xx") == 3
    assert seen.total("swarmward_requests_total") == 5
    durations = "swarmward_domain_request_duration_seconds"
    assert seen.value(f"{durations}_count", domain="a.test") >= 4
    infinite = seen.value(f"{durations}_bucket", domain="a.test", le="+Inf")
    assert infinite == seen.value(f"{durations}_count", domain="a.test")
    assert seen.value("swarmward_request_duration_seconds_count") == 5
    assert seen.total("swarmward_refusals_total") >= 1
    assert seen.value("swarmward_tls_version_total", version="1.3") >= 1
    assert seen.value("swarmward_up") == 1
    assert seen.value("swarmward_process_resident_bytes", process="control") > 0
    assert len(seen.labels("swarmward_certificate_expiry_seconds", "id")) >= 1


def test_no_series_is_the_sum_of_its_neighbours(serving, backend):
    instance = serving({"app": backend()})
    assert instance.get().status == 200
    for name, labels in metrics(instance).samples:
        assert all(value for _, value in labels), (name, labels)


def test_every_reason_is_there_before_it_happens(serving, backend):
    instance = serving({"app": backend()})
    header = "".join(path.read_text() for path in (CONF.parent / "include/model").glob("reasons*.h"))
    refusals = "swarmward_refusals_total"
    before = metrics(instance)
    assert before.labels(refusals, "reason") == set(re.findall(r"^    X\((\w+)\)", header, re.M))
    assert before.value(refusals, reason="bad_path") == 0
    assert instance.get(target="/%00").status == 400
    assert metrics(instance).value(refusals, reason="bad_path") == 1


def test_the_start_is_that_of_the_counters(serving, backend):
    begun = time.time()
    instance = serving({"app": backend()})
    assert instance.get().status == 200
    first = metrics(instance)
    assert begun - 1 <= first.value("swarmward_start_time_seconds") <= time.time()
    os.kill(instance.status()["workers"][0]["pid"], signal.SIGKILL)
    os.kill(instance.status()["control"]["pid"], signal.SIGKILL)
    wait_until(lambda: restarted(instance) == 2, "both are there again")
    then = metrics(instance)
    assert then.value("swarmward_start_time_seconds") == first.value("swarmward_start_time_seconds")
    for name in ("requests_total", "connections_accepted_total", "received_bytes_total"):
        assert then.total(f"swarmward_{name}") >= first.total(f"swarmward_{name}") > 0, name
    assert then.value("swarmward_connections_open") == 0


def restarted(instance):
    try:
        return metrics(instance).total("swarmward_process_restarts_total")
    except (ConnectionError, AssertionError):
        return None


def test_no_byte_of_a_client_gets_into_a_label(serving, backend):
    instance = serving({"app": backend()})
    with instance.client() as client:
        client.send(b"GET /evil\"}1 HTTP/1.1\r\nHost: evil.example\r\nUser-Agent: evil\r\nConnection: close\r\n\r\n")
        client.rest()
    text = ask(instance, "/metrics")[2].decode()
    assert "evil" not in text
    Metrics(text)


def test_a_domain_that_comes_again_begins_at_zero(serving, backend):
    app = backend()
    instance = serving({"app": app}, {"a.test": "app"})
    assert instance.get(host="a.test").status == 200
    for domain in ("b.test", "c.test"):
        instance.write({"app": app}, {domain: "app"})
        instance.reload()
        assert instance.get(host=domain).status == 200
        assert metrics(instance).value("swarmward_domain_requests_total", domain=domain, code="2xx") == 1


def test_per_domain_can_be_switched_off(serving, backend):
    instance = serving({"app": backend()}, metrics={"per_domain": False})
    assert instance.get().status == 200
    seen = metrics(instance)
    assert not any("domain" in dict(labels) for _, labels in seen.samples)
    assert seen.value("swarmward_requests_total", code="2xx") == 1


def test_metrics_can_be_switched_off(serving, backend):
    instance = serving({"app": backend()}, metrics={"prometheus": False})
    assert ask(instance, "/metrics")[0] == 404
    assert ask(instance, "/healthz")[0] == 200


BAD = [
    (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    (b"GET /metrics/ HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    (b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 405),
    (b"DELETE /status HTTP/1.1\r\nHost: x\r\n\r\n", 405),
    (b"GET /healthz\r\n\r\n", 400),
    (b"GET /healthz HTTP/1.1\nHost: x\n\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00", 400),
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100 + b"\r\n", 431),
]


@pytest.mark.parametrize(("raw", "wanted"), BAD)
def test_what_is_wrong_is_refused(serving, backend, raw, wanted):
    instance = serving({"app": backend()})
    status, fields, _ = ask(instance, "", raw=raw)
    assert status == wanted
    if status == 405:
        assert fields["allow"] == "get, head"


def test_head_has_a_length_and_no_body(serving, backend):
    instance = serving({"app": backend()})
    status, fields, body = ask(instance, "/healthz", method="HEAD")
    assert status == 200 and body == b"" and int(fields["content-length"]) > 10


def test_clients_that_say_nothing_do_not_keep_others_out(serving, backend):
    instance = serving({"app": backend()})
    silent = [socket.create_connection((instance.address, addresses.ADMIN_PORT)) for _ in range(40)]
    def answered():
        try:
            return ask(instance, "/healthz")[0] == 200
        except ConnectionError:
            return False

    try:
        wait_until(answered, "there is room again")
        assert instance.get().status == 200
    finally:
        for sock in silent:
            sock.close()


def test_it_moves_and_goes_with_a_reload(serving, backend):
    app = backend(says("x"))
    instance = serving({"app": app})
    there = f"{instance.address}:9902"
    listeners = instance.settings({"app": app})["listeners"]
    instance.write({"app": app}, listeners={**listeners, "admin": {"address": there}})
    instance.reload()
    with pytest.raises(ConnectionRefusedError):
        ask(instance, "/healthz")
    socket.create_connection((instance.address, 9902), timeout=20).close()
    instance.write({"app": app}, listeners={**listeners, "admin": {"enabled": False}})
    instance.reload()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((instance.address, 9902), timeout=20)


def test_a_port_that_is_taken_is_said_and_traffic_is_served(swarmward, backend):
    with socket.socket() as taken:
        taken.bind((swarmward.address, addresses.ADMIN_PORT))
        taken.listen()
        swarmward.write({"app": backend()})
        swarmward.start("--workers", "1")
        assert swarmward.get().status == 200
        assert "9901" in swarmward.status()["admin_problem"]
        swarmward.log.wait(lambda line: "event=admin_listen" in line)
    wait_until(lambda: swarmward.status()["admin_problem"] == "", "it is tried again")
    assert ask(swarmward, "/healthz")[0] == 200


def test_two_instances_do_not_share_a_port(serving, swarmward_new, backend):
    app = backend(says("x"))
    first, second = serving({"app": app}), swarmward_new()
    listeners = second.settings({"app": app})["listeners"]
    listeners["admin"] = {"address": f"{first.address}:{addresses.ADMIN_PORT}"}
    second.write({"app": app}, listeners=listeners)
    second.start("--workers", "1")
    assert second.get().status == 200
    assert "another program listens there" in second.status()["admin_problem"]
    assert all(json.loads(ask(first, "/status")[2])["file"] == str(first.file) for _ in range(20))
