"""A response that was cut never looks complete to the client."""

import pytest
from lab import messages
from lab.client import trusting

COUNTED = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 50
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n32\r\n" + b"x" * 50 + b"\r\n"
IN_CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" + b"x" * 50
BY_CLOSE = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 50

CUTS = {
    "counted, closed": (COUNTED, "close"),
    "counted, reset": (COUNTED, "reset"),
    "chunked, closed": (CHUNKED, "close"),
    "chunked, reset": (CHUNKED, "reset"),
    "in a chunk, closed": (IN_CHUNK, "close"),
    "in a chunk, reset": (IN_CHUNK, "reset"),
    "close-delimited, reset": (BY_CLOSE, "reset"),
}


def cutting(response, way):
    def script(connection):
        connection.read()
        connection.send(response)
        assert connection.backend.seen.wait(20)  # the client has the first half
        connection.reset() if way == "reset" else connection.close()

    return script


@pytest.mark.parametrize("name", CUTS)
def test_the_client_sees_that_it_was_cut(serving, backend, name):
    import threading

    response, way = CUTS[name]
    app = backend(cutting(response, way))
    app.seen = threading.Event()
    instance = serving({"app": app})
    with instance.client() as client:
        client.send_head()
        head = client.reader.head()
        assert head.status == 200
        if head.get("Content-Length"):
            client.reader.exactly(50)
            app.seen.set()
            assert client.rest() == b""
        else:
            assert client.reader.chunk() == b"x" * 50
            app.seen.set()
            assert b"0\r\n\r\n" not in client.rest()


@pytest.mark.parametrize("name", CUTS)
def test_a_client_of_http_1_0_sees_it_too(serving, backend, name):
    """It knows the end of the body by the end of TLS alone, which must be no orderly one."""
    import ssl
    import threading

    response, way = CUTS[name]
    app = backend(cutting(response, way))
    app.seen = threading.Event()
    instance = serving({"app": app})
    context = trusting(instance.authority.ca)
    with instance.client(context=context) as client:
        client.sock.suppress_ragged_eofs = False
        client.send("GET / HTTP/1.0\r\nHost: a.test\r\n\r\n")
        head = client.reader.head()
        client.reader.exactly(50)
        app.seen.set()
        if head.get("Content-Length"):
            return  # it can count
        with pytest.raises((ssl.SSLError, ConnectionError)):
            while client.sock.recv(1000):
                pass


def test_the_log_says_who_cut_it(serving, backend):
    import threading

    app = backend(cutting(COUNTED, "close"))
    app.seen = threading.Event()
    app.seen.set()
    instance = serving({"app": app})
    with instance.client() as client, pytest.raises((messages.Ended, OSError)):
        client.ask()
    assert instance.exchange()["reason"]
