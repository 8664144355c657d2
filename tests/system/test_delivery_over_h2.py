"""What a domain changes on the way, for clients of HTTP/2: the same as for those of HTTP/1.1."""

import threading

import pytest
from lab import backends, messages
from lab.decoding import DECODERS
from lab.h2 import H2Client

TEXT = b"".join(b"line %d of some text that repeats itself\n" % i for i in range(5000))
HTML = {"Content-Type": "text/html"}
CODINGS = sorted(DECODERS)


def domain(**more):
    return {"a.test": {"routes": [{"service": "app"}], **more}}


def decoded(answer):
    decoder = DECODERS[answer.get("content-encoding")]()
    body = decoder.feed(answer.body)
    assert decoder.complete
    return body


def test_fields_are_set_and_removed(serving, backend):
    app = backend(backends.says("hello", {"Server": "app", "X-A": "backend"}))
    edits = {"request": {"set": {"X-Site": "north"}}, "response": {"set": {"X-A": "ours"}}}
    instance = serving({"app": app}, domain(headers=edits))
    with H2Client(instance) as client:
        answer = client.get(more=[("x-site", "forged")])
    assert [value for name, value in answer.final if name == "x-a"] == ["ours"]
    assert app.request().all("X-Site") == ["north"]


def test_the_connection_field_of_a_service_takes_nothing_of_ours(serving, backend):
    said = [("Connection", "X-A, keep-alive"), ("X-A", "backend")]
    edits = {"response": {"set": {"X-A": "ours"}}}
    instance = serving({"app": backend(backends.says("hello", said))}, domain(headers=edits))
    with H2Client(instance) as client:
        assert client.get().get("x-a") == "ours"


def test_an_error_page(swarmward, backend):
    (swarmward.folder / "page.html").write_text("gone {{reason}}")
    swarmward.write({"app": backend(accepting=False)}, domain(error_pages={"502": "page.html"}))
    instance = swarmward.start("--workers", "1")
    with H2Client(instance) as client:
        answer = client.get()
    assert (answer.status, answer.body) == (502, b"gone connect_failed")
    assert answer.get("content-type") == "text/html; charset=utf-8"


@pytest.mark.parametrize("coding", CODINGS)
def test_many_streams_are_compressed_at_the_same_time(serving, backend, coding):
    instance = serving({"app": backend(backends.says(TEXT, HTML))}, domain(compression={"enabled": True}))
    with H2Client(instance) as client:
        streams = [client.ask(more=[("accept-encoding", coding)]) for _ in range(20)]
        for stream in streams:
            answer = client.answer(stream)
            assert answer.get("content-length") is None
            assert answer.get("vary") == "Accept-Encoding"
            assert decoded(answer) == TEXT


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_that_is_cut_is_reset_and_never_ends(serving, backend, coding):
    def script(connection):
        connection.read()
        connection.send(messages.head("HTTP/1.1 200 OK", {**HTML, "Content-Length": len(TEXT)}) + TEXT[:-1])
        connection.close()

    instance = serving({"app": backend(script)}, domain(compression={"enabled": True}))
    with H2Client(instance) as client:
        answer = client.get(more=[("accept-encoding", coding)])
    assert answer.get("content-encoding") == coding
    assert answer.reset is not None and not answer.ended


def test_events_are_not_delayed(serving, backend):
    more = threading.Semaphore(0)

    def script(connection):
        connection.read()
        connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for i in range(3):
            assert more.acquire(timeout=20)
            connection.send(b"%x\r\n%s\r\n" % (len(event(i)), event(i)))
        connection.send("0\r\n\r\n")

    def event(i):
        return b"data: event %d\n\n" % i

    settings = {"enabled": True, "types": ["text/event-stream"]}
    instance = serving({"app": backend(script)}, domain(compression=settings))
    with H2Client(instance) as client:
        stream = client.ask(more=[("accept-encoding", "br")])
        answer, decoder, seen = client.answers[stream], DECODERS["br"](), b""
        for i in range(3):
            more.release()
            while seen != b"".join(event(j) for j in range(i + 1)):
                before = len(answer.body)
                client.read_until(lambda before=before: len(answer.body) > before)
                seen += decoder.feed(answer.body[before:])
        assert client.answer(stream).ended


def auth(connection):
    while True:
        asked = connection.read()
        if asked.get("X-Forwarded-Uri") == "/secret":
            connection.answer(b"no", "403 Forbidden", {"X-Why": "secret"})
        else:
            connection.answer(fields={"X-User": "anna"})


def test_each_stream_is_asked_about_and_the_others_go_on(serving, backend):
    services = {"app": backend(), "auth": backend(auth)}
    asks = {"service": "auth", "response_headers": ["X-User"]}
    instance = serving(services, domain(forward_auth=asks))
    with H2Client(instance) as client:
        streams = [client.ask(path="/secret" if i % 2 else "/open", more=[("x-user", "root")]) for i in range(10)]
        answers = [client.answer(stream) for stream in streams]
    assert [answer.status for answer in answers] == [200, 403] * 5
    assert answers[1].get("x-why") == "secret" and answers[1].body == b"no"
    for _ in range(5):
        assert services["app"].request().all("X-User") == ["anna"]
    assert services["app"].asked() == 0


def test_a_body_waits_for_the_answer(serving, backend):
    go = threading.Event()

    def script(connection):
        connection.read()
        assert go.wait(20)
        connection.answer()

    app = backend(backends.echo)
    instance = serving({"app": app, "auth": backend(script)}, domain(forward_auth={"service": "auth"}))
    with H2Client(instance) as client:
        stream = client.stream()
        client.headers(stream, client.fields("POST"))
        client.data(stream, b"x" * 1000)
        client.ping()
        assert app.received == b""
        go.set()
        client.data(stream, b"y" * 1000, end=True)
        assert client.answer(stream).body == b"x" * 1000 + b"y" * 1000


def test_a_stream_that_is_reset_ends_its_question(serving, backend):
    arrived, ended = threading.Event(), threading.Event()

    def script(connection):
        connection.read()
        arrived.set()
        connection.wait_for_end()
        ended.set()

    services = {"app": backend(), "auth": backend(script)}
    instance = serving(services, domain(forward_auth={"service": "auth", "timeout": "30s"}))
    with H2Client(instance) as client:
        stream = client.ask()
        assert arrived.wait(20)
        client.reset(stream)
        assert ended.wait(20)
        client.ping()
    assert services["app"].received == b""
