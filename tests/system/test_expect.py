"""Expect: 100-continue."""

from lab import backends


def test_the_client_is_told_to_go_on_and_the_body_follows(serving, backend):
    """By the backend, which is asked: only it knows whether it wants the body."""

    def script(connection):
        head = connection.read_head()
        assert head.get("Expect") == "100-continue"
        connection.send("HTTP/1.1 100 Continue\r\n\r\n")
        connection.answer(connection.reader.body(head).body)

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        client.send_head("POST", fields={"Expect": "100-continue", "Content-Length": 5})
        assert client.reader.head().status == 100
        client.send("hello")
        assert client.response().body == b"hello"


def test_a_body_that_comes_unasked_is_taken(serving, backend):
    instance = serving({"app": backend(backends.echo)})
    with instance.client() as client:
        client.send_head("POST", fields={"Expect": "100-continue", "Content-Length": 5})
        client.send("hello")
        assert client.response().body == b"hello"


def test_a_refusal_comes_instead_of_the_go_on(serving, backend):
    app = backend()
    instance = serving({"app": app}, defaults={"max_body": "100B"})
    with instance.client() as client:
        client.send_head("POST", fields={"Expect": "100-continue", "Content-Length": 1000})
        answer = client.response()
        assert answer.status == 413
        assert answer.interim == []
    assert app.received == b""


def test_a_backend_that_refuses_at_once_is_heard(serving, backend):
    def script(connection):
        connection.read_head()
        connection.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        client.send_head("POST", fields={"Expect": "100-continue", "Content-Length": 1000})
        answer = client.response()
        assert (answer.status, answer.body) == (403, b"no")


def test_another_expectation_is_417(serving, backend):
    app = backend()
    instance = serving({"app": app})
    assert instance.get(method="POST", fields={"Expect": "the-impossible"}, body=b"x").status == 417
    assert app.received == b""


def test_http_1_0_is_never_told_to_go_on(serving, backend):
    instance = serving({"app": backend(backends.echo)})
    with instance.client() as client:
        client.send("POST / HTTP/1.0\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello")
        answer = client.response()
        assert (answer.status, answer.interim) == (200, [])
