"""However a request is cut on its way, the answer is the same."""

import pytest
from lab import backends, messages

REQUESTS = {
    "plain": b"GET /path?query HTTP/1.1\r\nHost: a.test\r\nX-Field: value\r\n\r\n",
    "counted": b"POST /p HTTP/1.1\r\nHost: a.test\r\nContent-Length: 11\r\n\r\nhello world",
    "chunked": b"POST /p HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    + messages.chunked(b"hello", b" ", b"world", trailers=[("X-Sum", "1")]),
    "absolute": b"GET https://a.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "http/1.0": b"GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n",
}


@pytest.mark.parametrize("name", REQUESTS)
def test_cut_at_every_place_it_is_the_same_request(serving, backend, name):
    instance = serving({"app": backend(backends.echo)}, limits={"keepalive": {"requests": 100000}})
    request = REQUESTS[name]
    with instance.client() as client:
        client.send(request)
        whole = client.response()
        assert whole.status == 200
        for cut in range(1, len(request)):
            client.send(request[:cut])  # each is a TLS record of its own
            client.send(request[cut:])
            answer = client.response()
            assert (answer.status, answer.body) == (200, whole.body), cut


@pytest.mark.parametrize("name", REQUESTS)
def test_byte_by_byte_it_is_the_same_request(serving, backend, name):
    instance = serving({"app": backend(backends.echo)})
    request = REQUESTS[name]
    with instance.client() as client:
        for _ in range(3):
            for number in range(len(request)):
                client.send(request[number : number + 1])
            answer = client.response()
            assert (answer.status, answer.body) in ((200, b""), (200, b"hello world"))


def test_a_response_that_comes_byte_by_byte_is_the_same(serving, backend):
    response = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + messages.chunked(b"hel", b"lo")

    def script(connection):
        while True:
            connection.read()
            for number in range(len(response)):
                connection.send(response[number : number + 1])

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        for _ in range(5):
            assert client.ask().body == b"hello"


def test_on_port_80_byte_by_byte_it_is_the_same_redirect(serving, backend):
    instance = serving({"app": backend()})
    request = b"GET /path?query HTTP/1.1\r\nHost: a.test\r\n\r\n"
    with instance.plain_client() as client:
        for number in range(len(request)):
            client.send(request[number : number + 1])
        assert client.response().status == 308
