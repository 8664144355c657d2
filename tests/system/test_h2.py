"""HTTP/2 to clients: the same requests, the same answers, many at a time."""

import json
import subprocess
import threading

import pytest
from lab import addresses, backends, messages
from lab.h2 import H2Client

CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def curl(instance, *words, path="/"):
    where = f"a.test:{addresses.HTTPS_PORT}"
    done = subprocess.run(
        [
            "curl", "-sS", "--http2", "--cacert", str(instance.authority.ca), "--max-time", "60",
            "--resolve", f"{where}:{instance.address}", *words, f"https://{where}{path}",
        ],
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


# -- real clients


def test_curl_gets_what_it_asks_for(serving, backend):
    app = backend(backends.says("hello", {"X-App": "yes"}))
    instance = serving({"app": app})
    out = curl(instance, "-i", path="/path?query=1").decode()
    head, body = out.split("\r\n\r\n")
    assert head.startswith("HTTP/2 200") and body == "hello"
    assert "x-app: yes" in head and "strict-transport-security: max-age=63072000" in head
    request = app.request()
    assert request.start == "GET /path?query=1 HTTP/1.1"
    assert request.get("Host") == f"a.test:{addresses.HTTPS_PORT}"
    assert request.get("X-Forwarded-Proto") == "https"
    assert request.get("X-Forwarded-For")
    line = instance.exchange()
    assert (line["protocol"], line["status"], line["path"]) == ("HTTP/2.0", 200, "/path")


def test_curl_uploads(serving, backend, tmp_path):
    data = bytes(range(256)) * 4000
    (tmp_path / "data").write_bytes(data)
    app = backend(backends.echo)
    instance = serving({"app": app})
    assert curl(instance, "--data-binary", f"@{tmp_path / 'data'}") == data
    assert app.request().get("Content-Length") == str(len(data))
    assert curl(instance, "-T", "-", path="/", *["-H", "Expect:"]) == b""


def test_nghttp_and_h2load_are_served(serving, backend):
    instance = serving({"app": backend(backends.says("x" * 1000))}, limits={"keepalive": {"requests": 100_000}})
    url = f"https://a.test:{addresses.HTTPS_PORT}/"
    done = subprocess.run(
        ["h2load", "-n", "2000", "-c", "4", "-m", "20", "--connect-to=" + f"{instance.address}:{addresses.HTTPS_PORT}", url],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert "2000 succeeded, 0 failed, 0 errored" in done.stdout, done.stdout + done.stderr


def test_off_means_http_1_1(swarmward, backend):
    settings = swarmward.settings({"app": backend()})
    settings["listeners"]["https"]["http2"] = False
    swarmward.write_text(json.dumps(settings))
    swarmward.start("--workers", "1")
    out = curl(swarmward, "-i").decode()
    assert out.startswith("HTTP/1.1 200")
    assert swarmward.exchange()["protocol"] == "HTTP/1.1"


# -- requests


def test_a_head_reads_like_http_1_1(serving, backend):
    app = backend()
    instance = serving({"app": app})
    with H2Client(instance) as client:
        more = [("cookie", "a=b"), ("cookie", "c=d"), ("te", "trailers"), ("x-real-ip", "1.2.3.4")]
        answer = client.get("/p?q", more=more)
        assert (answer.status, answer.body) == (200, b"hello")
    request = app.request()
    assert request.start == "GET /p?q HTTP/1.1"
    assert request.get("Host") == "a.test"
    assert request.get("cookie") == "a=b; c=d"
    assert (request.get("TE"), request.get("Connection")) == ("trailers", "TE")
    assert request.get("X-Real-IP") is None
    assert request.get("Content-Length") is None and request.get("Transfer-Encoding") is None
    assert len(request.get("X-Request-Id")) == 32


@pytest.mark.parametrize("size", [0, 1, 100_000, 3_000_000])
def test_bodies_of_known_length(serving, backend, size):
    app = backend(backends.echo)
    instance = serving({"app": app})
    body = bytes(i % 251 for i in range(size))
    with H2Client(instance) as client:
        answer = client.answer(client.ask("POST", body=body, more=[("content-length", str(size))]))
        assert answer.body == body
        assert answer.get("content-length") == str(size)
    assert app.request().get("Content-Length") == str(size)


def test_bodies_of_unknown_length_with_trailers(serving, backend):
    app = backend(backends.echo)
    instance = serving({"app": app})
    with H2Client(instance) as client:
        stream = client.ask("POST", body=b"x" * 50_000, trailers=[("x-check", "sum")])
        assert client.answer(stream).body == b"x" * 50_000
    request = app.request()
    assert request.get("Transfer-Encoding") == "chunked"
    assert request.trailers == [("x-check", "sum")]


def test_another_domain_of_the_certificate_is_served_and_of_another_is_421(serving, backend, authority):
    """Browsers send requests for every name of a certificate over one connection."""
    app = backend()
    both = authority.issue("a.test", "b.test")
    domains = {"a.test": "app", "b.test": "app", "c.test": "app"}
    instance = serving({"app": app}, domains, certificates=[both, authority.issue("c.test")])
    with H2Client(instance) as client:
        assert client.answer(client.ask(authority="b.test")).status == 200
        assert client.answer(client.ask(authority="c.test")).status == 421
        assert client.answer(client.ask(authority="d.test")).status == 404
        assert client.answer(client.ask(authority="a.test")).status == 200
    assert instance.exchange(lambda line: line["status"] == 421)["reason"] == "other_certificate"


def test_a_hundred_requests_at_a_time(serving, backend):
    turn = threading.Barrier(100)

    def script(connection):
        request = connection.read()
        turn.wait(30)  # all of them are here
        connection.answer(request.target.encode())

    instance = serving({"app": backend(script)})
    with H2Client(instance) as client:
        streams = {client.ask(path=f"/{number}"): f"/{number}" for number in range(100)}
        for stream, path in reversed(streams.items()):
            assert client.answer(stream).body == path.encode()


def test_one_more_than_a_hundred_is_refused_and_the_others_live(serving, backend):
    release = threading.Event()

    def script(connection):
        connection.read()
        release.wait(30)
        connection.answer(b"done")

    instance = serving({"app": backend(script)}, limits={"http2": {"streams": 5}})
    with H2Client(instance) as client:
        client.ping()
        assert client.settings[3] == 5
        streams = [client.ask() for _ in range(5)]
        client.send_bytes(b"")
        client.ping()
        release.set()
        for stream in streams:
            assert client.answer(stream).body == b"done"


# -- responses


def test_interim_responses_come_at_once(serving, backend):
    go_on = threading.Event()

    def script(connection):
        connection.read_head()
        connection.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x\r\n\r\n")
        assert go_on.wait(20)
        connection.answer(b"late")

    instance = serving({"app": backend(script)})
    with H2Client(instance) as client:
        stream = client.ask()
        client.read_until(lambda: client.answers[stream].interim)
        assert client.answers[stream].interim == [[(":status", "103"), ("link", "</a>")]]
        go_on.set()
        assert client.answer(stream).body == b"late"


def test_continue_is_passed_on(serving, backend):
    def script(connection):
        request = connection.reader.head()
        assert request.get("Expect") == "100-continue"
        connection.send("HTTP/1.1 100 Continue\r\n\r\n")
        connection.answer(connection.reader.body(request).body)

    instance = serving({"app": backend(script)})
    with H2Client(instance) as client:
        stream = client.stream()
        client.headers(stream, client.fields("POST", more=[("expect", "100-continue"), ("content-length", "5")]))
        client.read_until(lambda: client.answers[stream].interim)
        client.data(stream, b"hello", end=True)
        assert client.answer(stream).body == b"hello"


@pytest.mark.parametrize(
    ("method", "head", "length"),
    [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "5"),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", None),
        ("GET", "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", None),
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "0"),
    ],
)
def test_responses_without_a_body_end_with_their_head(serving, backend, method, head, length):
    def script(connection):
        connection.read()
        connection.send(head)

    instance = serving({"app": backend(script)})
    with H2Client(instance) as client:
        answer = client.answer(client.ask(method))
        assert (answer.ended, answer.body, answer.get("content-length")) == (True, b"", length)


def test_trailers_and_chunks(serving, backend):
    def script(connection):
        connection.read()
        connection.send(CHUNKED)
        connection.send(messages.chunked(b"one", b"two", trailers=[("X-Sum", "6"), ("Content-Length", "9")]))

    instance = serving({"app": backend(script)})
    with H2Client(instance) as client:
        answer = client.get()
        assert (answer.body, answer.trailers) == (b"onetwo", [[("x-sum", "6")]])
        assert answer.get("transfer-encoding") is None


def test_a_backend_of_http_1_0_ends_by_closing(serving, backend):
    def script(connection):
        connection.read()
        connection.send("HTTP/1.0 200 OK\r\n\r\nto the end")
        connection.close()

    instance = serving({"app": backend(script)})
    with H2Client(instance) as client:
        answer = client.get()
        assert (answer.body, answer.ended, answer.reset) == (b"to the end", True, None)


@pytest.mark.parametrize("way", ["close", "reset"])
@pytest.mark.parametrize(
    "response",
    ["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", CHUNKED + "64\r\n"],
)
def test_a_body_that_is_cut_is_a_reset(serving, backend, response, way):
    seen = threading.Event()

    def script(connection):
        connection.read()
        if connection.number:
            connection.answer(b"whole")
            return
        connection.send(response + "x" * 50)
        assert seen.wait(20)
        connection.reset() if way == "reset" else connection.close()

    instance = serving({"app": backend(script)})
    with H2Client(instance) as client:
        stream = client.ask()
        client.read_until(lambda: len(client.answers[stream].body) == 50)
        seen.set()
        answer = client.answer(stream)
        assert (answer.ended, answer.reset) == (False, 2)
        assert client.get().body == b"whole"
    assert instance.exchange(lambda line: line.get("reason") == "backend_cut")


def test_answers_of_our_own(serving, backend):
    instance = serving({"app": backend()})
    with H2Client(instance) as client:
        answer = client.answer(client.ask(authority="nobody.test"))
        assert answer.status == 404 and b"no_such_domain" in answer.body
        assert answer.get("content-length") == str(len(answer.body))
        assert answer.get("date") and answer.get("strict-transport-security")
        answer = client.answer(client.ask("HEAD", authority="nobody.test"))
        assert (answer.status, answer.body) == (404, b"")


def test_an_early_answer_stops_the_upload(serving, backend):
    instance = serving({"app": backend(backends.echo)}, defaults={"max_body": "1000B"})
    with H2Client(instance) as client:
        stream = client.stream()
        client.headers(stream, client.fields("POST"))
        client.data(stream, b"x" * 2000)
        answer = client.answer(stream)
        assert (answer.status, answer.ended) == (413, True)
        client.read_until(lambda: answer.reset is not None)
        assert answer.reset == 0  # RFC 9113 section 8.1: complete, and nothing more is wanted
        assert client.get(method="GET").status == 200


def test_a_client_that_gives_up_frees_the_backend(serving, backend):
    ended = threading.Event()

    def script(connection):
        connection.read()
        if connection.number:
            connection.answer(b"next")
            return
        connection.wait_for_end()
        ended.set()

    app = backend(script)
    instance = serving({"app": app})
    with H2Client(instance) as client:
        stream = client.ask()
        app.request()
        client.reset(stream)
        assert ended.wait(20)
        assert client.get().body == b"next"
    assert instance.exchange(lambda line: line["status"] == 499)["reason"] == "client_closed"


# -- back-pressure


def test_a_stream_without_a_window_waits_and_others_do_not(serving, backend):
    def script(connection):
        while True:
            request = connection.read()
            connection.answer(b"x" * int(request.target[1:]))

    instance = serving({"app": backend(script)})
    with H2Client(instance, settings={4: 1000}, updates=False) as client:
        large = client.ask(path="/1000000")
        client.read_until(lambda: len(client.answers[large].body) == 1000)
        for _ in range(5):
            assert len(client.answer(client.ask(path="/500")).body) == 500
        assert len(client.answers[large].body) == 1000
        client.updates = True
        client.update(large, 1_000_000)
        client.update(0, 1_000_000)
        assert len(client.answer(large).body) == 1_000_000


def test_a_backend_that_does_not_read_stops_the_upload_by_windows(serving, backend):
    release = threading.Event()

    def script(connection):
        request = connection.reader.head()
        assert release.wait(30)
        connection.answer(str(len(connection.reader.body(request).body)).encode())

    instance = serving({"app": backend(script)}, defaults={"max_body": 0})
    size = 20_000_000
    with H2Client(instance) as client:
        client.sock.settimeout(1)
        stream = client.stream()
        client.headers(stream, client.fields("POST", more=[("content-length", str(size))]))
        sent = 0
        with pytest.raises(TimeoutError):
            while True:
                client.data(stream, b"x" * 16384)
                sent += 16384
        assert sent < 12_000_000
        release.set()
        client.sock.settimeout(30)
        client.data(stream, b"x" * (size - sent), end=True)
        assert client.answer(stream).body == str(size).encode()
