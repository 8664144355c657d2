"""Backends that answer before the request has ended."""

from lab import backends


def test_an_answer_before_the_body_reaches_the_client(serving, backend):
    def script(connection):
        connection.read_head()
        connection.answer(b"too much", "413 Content Too Large", {"Connection": "close"})

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        client.send_head("POST", fields={"Content-Length": 1_000_000})
        client.send(b"x" * 10)
        answer = client.response()
        assert (answer.status, answer.body) == (413, b"too much")


def test_a_client_that_goes_on_sending_still_gets_the_answer(serving, backend):
    def script(connection):
        connection.read_head()
        connection.answer(b"no", "403 Forbidden")
        connection.wait_for_end()

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        client.send_head("POST", fields={"Content-Length": 3_000_000})
        try:
            client.send(b"x" * 3_000_000)
        except OSError:
            pass
        answer = client.response()
        assert (answer.status, answer.body) == (403, b"no")


def test_an_answer_that_is_followed_by_a_reset_reaches_the_client(serving, backend):
    def script(connection):
        connection.read_head()
        connection.answer(b"no", "403 Forbidden")
        connection.reader.exactly(1)
        connection.reset()

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        client.send_head("POST", fields={"Content-Length": 100_000})
        client.send(b"x")
        assert client.response().status == 403


def test_the_backend_connection_is_not_used_again_after_an_early_answer(serving, backend):
    def script(connection):
        connection.read_head()
        connection.answer(b"first")
        if connection.number == 0:
            connection.wait_for_end()

    app = backend(script)
    instance = serving({"app": app})
    with instance.client() as client:
        client.send_head("POST", fields={"Content-Length": 5})
        assert client.response().body == b"first"
    assert instance.get().status == 200
    assert len(app.connections) == 2


def test_an_early_answer_while_the_body_flows_in_full_is_kept_in_order(serving, backend):
    def script(connection):
        while True:
            connection.read_head()
            connection.answer(b"early")
            connection.reader.exactly(5)

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        client.send_head("POST", fields={"Content-Length": 5})
        client.send("hello")
        assert client.response().body == b"early"


def test_a_streamed_answer_while_the_body_is_still_coming(serving, backend):
    def script(connection):
        connection.read_head()
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(3):
            word = connection.reader.exactly(5)
            connection.send(b"5\r\n" + word + b"\r\n")
        connection.send("0\r\n\r\n")

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        client.send_head("POST", fields={"Content-Length": 15})
        client.send("hello")
        answer = client.reader.head()
        assert answer.status == 200
        assert client.reader.chunk() == b"hello"
        client.send("world")
        assert client.reader.chunk() == b"world"
        client.send("again")
        assert client.reader.chunk() == b"again"
        assert client.reader.chunk() == b""


def test_echo_is_still_right_afterwards(serving, backend):
    instance = serving({"app": backend(backends.echo)})
    assert instance.get(method="POST", body=b"x").body == b"x"
