"""One JSON line an exchange, with what happened in it and nothing secret; never in the way."""

import json
import os
import signal

from lab import backends, process_table

SECRETS = {"Authorization": "Basic c2VjcmV0", "Cookie": "session=c2VjcmV0", "X-Api-Key": "c2VjcmV0"}


def test_a_line_says_what_happened(serving, backend):
    app = backend(backends.echo)
    instance = serving({"app": app})
    instance.get("/path", method="POST", body=b"12345")
    line = instance.exchange()
    assert line["client"] == "127.0.0.1"
    assert line["domain"] == "a.test"
    assert line["service"] == "app"
    assert line["endpoint"] == app.at
    assert line["method"] == "POST"
    assert line["path"] == "/path"
    assert line["status"] == 200
    assert line["bytes_in"] >= 5 and line["bytes_out"] >= 5
    assert line["tls"] == "TLSv1.3"
    assert line["cipher"].startswith("TLS_")
    assert line["group"].lower() in ("x25519", "x25519mlkem768", "secp256r1", "prime256v1", "p-256")
    assert line["resumed"] is False
    assert line["retries"] == 0
    assert "route" in line
    for duration in ("handshake_ms", "queue_ms", "connect_ms", "first_byte_ms", "total_ms"):
        assert line[duration] >= 0
    assert line["request_id"] == app.request().get("X-Request-Id")
    assert line["time"].endswith("Z")


def test_no_query_no_credentials_no_cookies(serving, backend):
    instance = serving({"app": backend()})
    instance.get("/path?token=c2VjcmV0", fields=SECRETS)
    instance.exchange()
    assert "c2VjcmV0" not in instance.access.text() + instance.log.text()


def test_the_query_when_asked_for(serving, backend):
    instance = serving({"app": backend()}, log={"access": {"query": "full"}})
    instance.get("/path?a=b")
    assert "a=b" in json.dumps(instance.exchange())


def test_any_bytes_of_a_client_make_good_json(serving, backend):
    instance = serving({"app": backend()})
    for target in ('/"quoted"', "/back\\slash", "/\x7f", "/caf\xe9", "/%00%0a"):
        with instance.client() as client:
            client.send(f"GET {target} HTTP/1.1\r\nHost: a.test\r\n\r\n")
            client.response()
    instance.get("/last")
    instance.exchange(lambda line: line.get("path") == "/last")
    for line in instance.access.seen:
        json.loads(line)


def test_every_refusal_has_a_reason(serving, backend, authority):
    routes = [{"name": "api", "path": "/api", "service": "app"}]
    instance = serving(
        {"app": backend()}, {"a.test": {"routes": routes}, "b.test": "app"},
        [authority.issue("a.test"), authority.issue("b.test")], defaults={"max_body": "10B"}, limits={"header": {"fields": 20}},
    )  # fmt: skip
    refused = [
        ("GET /none HTTP/1.1\r\nHost: a.test\r\n\r\n", 404),
        ("GET / HTTP/1.1\r\nHost: b.test\r\n\r\n", 421),
        ("POST /api HTTP/1.1\r\nHost: a.test\r\nContent-Length: 11\r\n\r\n", 413),
        ("GET /api HTTP/1.1\r\nHost: a.test\r\n" + "X: y\r\n" * 30 + "\r\n", 431),
        ("GET /api HTTP/1.1\r\nHost: a.test\r\nContent-Length: x\r\n\r\n", 400),
    ]
    for request, status in refused:
        with instance.client() as client:
            client.send(request)
            assert client.response().status == status, request
        line = instance.exchange(lambda line: line["status"] == status)
        assert line["reason"], request
    reasons = {json.loads(line)["reason"] for line in instance.access.seen}
    assert len(reasons) == len(refused)


def test_a_failed_handshake_has_a_line_too(serving, backend):
    instance = serving({"app": backend()})
    with instance.client(context=None) as client:
        client.send("this is no TLS at all\r\n\r\n")
        client.rest()
    assert instance.exchange(lambda line: "status" not in line)["reason"]


def test_off_writes_nothing(serving, backend):
    instance = serving({"app": backend()}, log={"access": {"output": "off"}})
    assert instance.get().status == 200
    instance.stop()
    assert instance.access.seen == []


def test_a_file_is_reopened_on_sigusr1(swarmward, backend):
    path = swarmward.folder / "logs" / "access.log"
    path.parent.mkdir()
    swarmward.write({"app": backend()}, log={"access": {"output": str(path)}})
    swarmward.start()
    assert swarmward.get("/one").status == 200
    process_table.wait_until(lambda: '"/one"' in path.read_text(), "the first line")
    old = path.with_suffix(".1")
    path.rename(old)
    swarmward.send_signal(signal.SIGUSR1)
    process_table.wait_until(path.exists, "the new file")

    def in_new_file():
        assert swarmward.get("/two").status == 200
        return '"/two"' in path.read_text()

    process_table.wait_until(in_new_file, "lines go to the new file")


def test_a_sink_that_takes_nothing_does_not_hold_up_traffic(swarmward, backend):
    """stdout is a pipe that nobody reads."""
    reading, writing = os.pipe()
    swarmward.write({"app": backend()}, limits={"keepalive": {"requests": 1000000}})
    swarmward.start("--workers", "1", stdout=writing)
    os.close(writing)
    try:
        with swarmward.client() as client:
            while not swarmward.status()["workers"][0]["log_lines_dropped"]:
                for _ in range(500):
                    assert client.ask(target="/" + "x" * 1500).status == 200
    finally:
        os.close(reading)
    assert swarmward.get().status == 200


def test_a_sink_that_is_gone_does_not_hurt(swarmward, backend):
    reading, writing = os.pipe()
    swarmward.write({"app": backend()})
    swarmward.start("--workers", "1", stdout=writing)
    os.close(writing)
    os.close(reading)
    for _ in range(20):
        assert swarmward.get().status == 200
