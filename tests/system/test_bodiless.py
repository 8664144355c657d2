"""HEAD, interim responses, 204 and 304: heads that no body follows."""

import pytest
from lab import backends


def answers(head):
    def script(connection):
        while True:
            connection.read()
            connection.send(head)

    return script


def test_head_keeps_the_length_and_sends_no_body(serving, backend):
    instance = serving({"app": backend(answers("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n"))})
    with instance.client() as client:
        for _ in range(3):
            answer = client.ask("HEAD")
            assert (answer.status, answer.get("Content-Length")) == (200, "1234")


def test_head_of_a_chunked_resource_has_no_body(serving, backend):
    instance = serving({"app": backend(answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))})
    with instance.client() as client:
        for _ in range(3):
            assert client.ask("HEAD").status == 200


@pytest.mark.parametrize(
    "head",
    [
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n",
    ],
)
def test_204_and_304_have_no_body_and_the_connection_goes_on(serving, backend, head):
    app = backend(answers(head))
    instance = serving({"app": app})
    with instance.client() as client:
        for _ in range(3):
            assert client.ask().start == head.split("\r\n")[0]
    assert len(app.connections) == 1


def test_a_204_has_no_length_field(serving, backend):
    instance = serving({"app": backend(answers("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"))})
    assert instance.get().get("Content-Length") is None


def test_interim_responses_pass(serving, backend):
    both = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    instance = serving({"app": backend(answers(both))})
    with instance.client() as client:
        for _ in range(2):
            answer = client.ask()
            assert answer.body == b"ok"
            assert [one.status for one in answer.interim] == [103]
            assert answer.interim[0].get("Link") == "</x>"


def test_interim_responses_do_not_pass_to_http_1_0(serving, backend):
    both = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    instance = serving({"app": backend(answers(both))})
    with instance.client() as client:
        client.send("GET / HTTP/1.0\r\nHost: a.test\r\n\r\n")
        answer = client.response()
        assert (answer.status, answer.interim) == (200, [])


def test_interim_responses_without_end_are_502(serving, backend):
    def script(connection):
        connection.read()
        while True:
            connection.send("HTTP/1.1 102 Processing\r\n\r\n" * 100)

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        assert client.ask().status == 502


def test_an_own_answer_to_head_has_no_body(serving, backend):
    routes = [{"name": "api", "path": "/api", "service": "app"}]
    instance = serving({"app": backend(backends.echo)}, {"a.test": {"routes": routes}})
    with instance.client() as client:
        for _ in range(2):
            assert client.ask("HEAD", "/none").status == 404
        assert client.ask("GET", "/api").status == 200
