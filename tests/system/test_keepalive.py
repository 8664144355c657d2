"""One connection carries many requests, one behind the other."""

from lab import backends, messages


def test_requests_follow_each_other_on_one_connection(serving, backend):
    instance = serving({"app": backend(backends.echo)})
    with instance.client() as client:
        for number in range(20):
            body = b"number %d" % number
            assert client.ask("POST", "/", body=body).body == body


def test_pipelined_requests_are_answered_in_their_order(serving, backend):
    def script(connection):
        while True:
            connection.answer(connection.read().target.encode())

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        count = 50
        client.send("".join(f"GET /{n} HTTP/1.1\r\nHost: a.test\r\n\r\n" for n in range(count)))
        assert [client.response().body for _ in range(count)] == [b"/%d" % n for n in range(count)]


def test_pipelined_requests_with_bodies_keep_their_borders(serving, backend):
    instance = serving({"app": backend(backends.echo)})
    with instance.client() as client:
        counted = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nfirst"
        chunked = b"POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.send(counted + chunked + messages.chunked(b"sec", b"ond") + counted)
        assert [client.response().body for _ in range(3)] == [b"first", b"second", b"first"]


def test_connection_close_is_kept(serving, backend):
    instance = serving({"app": backend()})
    with instance.client() as client:
        answer = client.ask(fields={"Connection": "close"})
        assert answer.get("Connection") == "close"
        assert client.is_closed()


def test_http_1_0_closes_after_one_response(serving, backend):
    instance = serving({"app": backend()})
    with instance.client() as client:
        client.send("GET / HTTP/1.0\r\nHost: a.test\r\n\r\n")
        assert client.response().body == b"hello"
        assert client.is_closed()


def test_http_1_0_stays_when_it_asks_to(serving, backend):
    instance = serving({"app": backend()})
    with instance.client() as client:
        for _ in range(3):
            client.send("GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n")
            answer = client.response()
            assert answer.body == b"hello"
            assert answer.get("Connection").lower() == "keep-alive"


def test_http_1_0_never_gets_chunks(serving, backend):
    def script(connection):
        connection.read()
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.send(messages.chunked(b"some", b"thing"))

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        client.send("GET / HTTP/1.0\r\nHost: a.test\r\n\r\n")
        answer = client.response()
        assert answer.get("Transfer-Encoding") is None
        assert answer.body == b"something"


def test_backend_connections_are_used_again(serving, backend):
    app = backend()
    instance = serving({"app": app})
    for _ in range(5):
        assert instance.get().body == b"hello"
    assert len(app.connections) == 1
