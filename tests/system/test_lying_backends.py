"""Backends that break the rules: a clear answer to the client, and nothing of it sticks."""

import threading

import pytest
from lab import backends, messages

OK = "HTTP/1.1 200 OK\r\n"

BAD_HEADS = {
    "two lengths that differ": OK + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "length and chunked": OK + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length that is none": OK + "Content-Length: five\r\n\r\nhello",
    "an unknown coding": OK + "Transfer-Encoding: gzip, x\r\n\r\nhello",
    "no HTTP at all": "220 mail.example ESMTP\r\n\r\n",
    "a bad status": "HTTP/1.1 20 OK\r\n\r\n",
    "a status with letters": "HTTP/1.1 2x0 OK\r\n\r\n",
    "version 0.9": "<html>hello</html>\r\n\r\n",
    "version 2": "HTTP/2 200 OK\r\n\r\n",
    "a NUL in a field": OK + "X-A: b\0c\r\nContent-Length: 0\r\n\r\n",
    "a bare carriage return": OK + "X-A: b\rc\r\nContent-Length: 0\r\n\r\n",
    "a space before the colon": OK + "Content-Length : 5\r\n\r\nhello",
    "a folded field": OK + "X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
    "a field without colon": OK + "nonsense\r\nContent-Length: 0\r\n\r\n",
    "a huge field": OK + "X-A: " + "a" * 1_000_000 + "\r\nContent-Length: 0\r\n\r\n",
    "too many fields": OK + "X-A: b\r\n" * 50_000 + "Content-Length: 0\r\n\r\n",
    "an endless status line": "HTTP/1.1 200 " + "a" * 1_000_000,
    "nothing": "",
    "half a head": OK + "Content-Le",
}


def once(bytes_, then="close"):
    def script(connection):
        connection.read()
        connection.send(bytes_)
        if then == "reset":
            connection.reset()

    return script


@pytest.mark.parametrize("name", BAD_HEADS)
def test_a_bad_head_is_502_and_the_client_goes_on(serving, backend, name):
    good = backend(backends.says("good"))
    routes = [
        {"name": "good", "path": "/good", "service": "good"},
        {"name": "bad", "path": "/", "service": "bad"},
    ]
    bad = backend(once(BAD_HEADS[name]))
    instance = serving({"bad": bad, "good": good}, {"a.test": {"routes": routes}})
    with instance.client() as client:
        answer = client.ask("POST", "/", body=b"x")
        assert answer.status == 502
        assert client.ask(target="/good").body == b"good"
    line = instance.exchange(lambda line: line["status"] == 502)
    assert line["reason"]


@pytest.mark.parametrize("then", ["close", "reset"])
def test_a_backend_that_goes_without_a_word_is_502(serving, backend, then):
    instance = serving({"app": backend(once("", then))}, defaults={"retries": 0})
    assert instance.get(method="POST", body=b"x").status == 502


def test_more_bytes_than_the_length_never_become_the_next_response(serving, backend):
    def script(connection):
        connection.read()
        connection.send(OK + "Content-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        connection.wait_for_end()

    app = backend(script)
    instance = serving({"app": app})
    with instance.client() as client:
        for _ in range(5):
            assert client.ask().body == b"hello"
    assert len(app.connections) == 5


def test_bytes_on_an_idle_connection_never_become_a_response(serving, backend):
    ended = threading.Semaphore(0)

    def script(connection):
        connection.read()
        connection.answer(b"first")
        connection.send(OK + "Content-Length: 4\r\n\r\nevil")
        connection.wait_for_end()
        ended.release()

    app = backend(script)
    instance = serving({"app": app})
    for _ in range(5):
        assert instance.get().body == b"first"
        assert ended.acquire(timeout=20), "the connection is still kept for the next request"


def test_a_body_behind_204_never_becomes_the_next_response(serving, backend):
    def script(connection):
        connection.read()
        connection.send("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        connection.wait_for_end()

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        for _ in range(5):
            assert client.ask().status == 204


def test_a_body_behind_an_answer_to_head_never_becomes_the_next_response(serving, backend):
    def script(connection):
        connection.read()
        connection.send(OK + "Content-Length: 38\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        connection.wait_for_end()

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        assert client.ask("HEAD").get("Content-Length") == "38"
        assert client.ask("HEAD").get("Content-Length") == "38"


def test_a_bad_chunk_cuts_the_response(serving, backend):
    def script(connection):
        connection.read()
        connection.send(OK + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\nmore\r\n0\r\n\r\n")

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        client.send_head()
        assert client.reader.head().status == 200
        assert b"0\r\n\r\n" not in client.rest()


def test_a_stalling_backend_is_504(serving, backend):
    app = backend(lambda connection: (connection.read(), connection.wait_for_end()))
    instance = serving({"app": app}, defaults={"timeout": {"response": "200ms"}, "retries": 0})
    assert instance.get().status == 504
    assert instance.exchange()["status"] == 504


def test_a_body_that_stalls_is_cut(serving, backend):
    def script(connection):
        connection.read()
        connection.send(OK + "Content-Length: 100\r\n\r\nhalf")
        connection.wait_for_end()

    instance = serving({"app": backend(script)}, defaults={"timeout": {"idle": "200ms"}})
    with instance.client() as client:
        client.send_head()
        assert client.reader.head().status == 200
        assert client.rest() == b"half"
    assert instance.exchange()["reason"]


def test_a_backend_that_resets_while_it_is_sent_a_body_is_502(serving, backend):
    def script(connection):
        connection.read_head()
        connection.reader.exactly(1000)
        connection.reset()

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        client.send_head("POST", fields={"Content-Length": 5_000_000})
        try:
            client.send(b"x" * 5_000_000)
        except OSError:
            pass
        assert client.response().status == 502


def test_after_all_lies_the_truth_is_served(serving, backend):
    def script(connection):
        if connection.number < 10:
            connection.read()
            connection.send(messages.chunked(b"garbage"))
            return
        backends.says("truth")(connection)

    outlier = {"failures": 100}
    instance = serving({"app": backend(script)}, defaults={"retries": 0, "outlier": outlier})
    statuses = [instance.get(method="POST", body=b"x").status for _ in range(11)]
    assert statuses == [502] * 10 + [200]
