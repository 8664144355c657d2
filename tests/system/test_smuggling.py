"""What is ambiguous is refused whole: 400, close, and not one byte of it reaches a backend."""

import pytest

H = "Host: a.test\r\n"
POST = "POST / HTTP/1.1\r\n" + H

REFUSED = {
    "length and chunked": POST + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked and length": POST + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths that differ": POST + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "two lengths in a list": POST + "Content-Length: 5, 6\r\n\r\nhello!",
    "the same length twice": POST + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "a length with a sign": POST + "Content-Length: +5\r\n\r\nhello",
    "a negative length": POST + "Content-Length: -5\r\n\r\nhello",
    "a length in hexadecimal": POST + "Content-Length: 0x5\r\n\r\nhello",
    "a length with a space": POST + "Content-Length: 5 5\r\n\r\nhello",
    "an empty length": POST + "Content-Length:\r\n\r\nhello",
    "a length beyond 64 bits": POST + "Content-Length: 18446744073709551617\r\n\r\nhello",
    "chunked is not last": POST + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked in two fields": POST + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "identity": POST + "Transfer-Encoding: identity\r\n\r\n",
    "an unknown coding": POST + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked with a tab inside": POST + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked from 1.0": "POST / HTTP/1.0\r\n" + H + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": POST + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a space before the name": POST + " Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a folded field": POST + "X-A: b\r\n c\r\n\r\n",
    "a folded coding": POST + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a bare line feed in the head": "GET / HTTP/1.1\n" + H + "\r\n",
    "a bare line feed after a field": "GET / HTTP/1.1\r\nHost: a.test\n\r\n",
    "a bare line feed at the end": "GET / HTTP/1.1\r\n" + H + "\n",
    "a bare carriage return": "GET / HTTP/1.1\r\n" + H + "X-A: b\rX-B: c\r\n\r\n",
    "a NUL in a value": "GET / HTTP/1.1\r\n" + H + "X-A: b\0c\r\n\r\n",
    "a NUL in a name": "GET / HTTP/1.1\r\n" + H + "X-\0A: b\r\n\r\n",
    "a field without colon": "GET / HTTP/1.1\r\n" + H + "nonsense\r\n\r\n",
    "an empty name": "GET / HTTP/1.1\r\n" + H + ": value\r\n\r\n",
    "no host": "GET / HTTP/1.1\r\n\r\n",
    "two hosts": "GET / HTTP/1.1\r\n" + H + "Host: a.test\r\n\r\n",
    "two hosts that differ": "GET / HTTP/1.1\r\n" + H + "Host: b.test\r\n\r\n",
    "an empty host": "GET / HTTP/1.1\r\nHost:\r\n\r\n",
    "a host with a path": "GET / HTTP/1.1\r\nHost: a.test/x\r\n\r\n",
    "a host with user information": "GET / HTTP/1.1\r\nHost: user@a.test\r\n\r\n",
    "a host with a bad port": "GET / HTTP/1.1\r\nHost: a.test:99999\r\n\r\n",
    "a host with a space": "GET / HTTP/1.1\r\nHost: a.test b.test\r\n\r\n",
    "two authorities": "GET https://a.test/ HTTP/1.1\r\nHost: b.test\r\n\r\n",
    "no version": "GET /\r\n" + H + "\r\n",
    "version 1.2": "GET / HTTP/1.2\r\n" + H + "\r\n",
    "version 2.0": "GET / HTTP/2.0\r\n" + H + "\r\n",
    "version with more digits": "GET / HTTP/1.10\r\n" + H + "\r\n",
    "version in lower case": "GET / http/1.1\r\n" + H + "\r\n",
    "two spaces": "GET  / HTTP/1.1\r\n" + H + "\r\n",
    "a tab for a space": "GET\t/ HTTP/1.1\r\n" + H + "\r\n",
    "a space in the target": "GET /a b HTTP/1.1\r\n" + H + "\r\n",
    "a control character in the target": "GET /a\x01b HTTP/1.1\r\n" + H + "\r\n",
    "a fragment in the target": "GET /a#b HTTP/1.1\r\n" + H + "\r\n",
    "a target that is no path": "GET path HTTP/1.1\r\n" + H + "\r\n",
    "a method with a bad character": "GE(T / HTTP/1.1\r\n" + H + "\r\n",
    "no method": " / HTTP/1.1\r\n" + H + "\r\n",
    "a TLS hello inside": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/2 without asking": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "CONNECT": "CONNECT a.test:443 HTTP/1.1\r\n" + H + "\r\n",
}

# The head is in order, so a backend may have been asked; the bad chunk must never get there.
BAD_CHUNKS = {
    "no size": "\r\nhello\r\n",
    "a size with a sign": "+5\r\nhello\r\n",
    "a size with 0x": "0x5\r\nhello\r\n",
    "a size beyond 64 bits": "fffffffffffffffff\r\nhello\r\n",
    "a space before the size": " 5\r\nhello\r\n",
    "a bare line feed after the size": "5\nhello\r\n",
    "a bare line feed after the data": "5\r\nhello\n",
    "more data than the size": "5\r\nhello!\r\n",
    "a NUL in an extension": "5;a=\0\r\nhello\r\n",
    "a bare line feed in an extension": "5;a\n\r\nhello\r\n",
    "a bad trailer": "0\r\nno colon\r\n\r\n",
    "a folded trailer": "0\r\nX-A: b\r\n c\r\n\r\n",
    "a bare line feed at the end": "0\r\n\n",
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory, authority):
    """One instance for the whole table: it must survive all of it anyway."""
    from lab import backends, swarmward

    app = backends.Backend(backends.echo)
    instance = swarmward.Swarmward(tmp_path_factory.mktemp("shared"), authority)
    instance.write({"app": app})
    try:
        instance.start("--workers", "1")
        yield instance, app
        instance.stop()
    finally:
        instance.kill()
        app.close()


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_and_nothing_reaches_a_backend(shared, name):
    instance, app = shared
    before = len(app.received)
    with instance.client() as client:
        client.send(REFUSED[name].encode("latin-1"))
        answer = client.response()
        assert answer.status in (400, 417, 501, 505), answer.start
        assert answer.get("Connection") == "close"
        assert client.is_closed()
    assert len(app.received) == before


@pytest.mark.parametrize("name", REFUSED)
def test_behind_a_good_request_only_the_good_one_arrives(shared, name):
    instance, app = shared
    while app.asked():
        app.request()
    with instance.client() as client:
        client.send(b"GET /good HTTP/1.1\r\nHost: a.test\r\n\r\n" + REFUSED[name].encode("latin-1"))
        assert client.response().status == 200
        assert client.response().status in (400, 417, 501, 505)
        assert client.is_closed()
    assert app.request().target == "/good"
    assert app.asked() == 0


@pytest.mark.parametrize("name", BAD_CHUNKS)
def test_a_bad_chunk_never_reaches_the_backend(shared, name):
    instance, app = shared
    mark = name.replace(" ", "-").encode()
    with instance.client() as client:
        head = POST + f"X-Name: {mark.decode()}\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.send(head + BAD_CHUNKS[name] + "GET /smuggled HTTP/1.1\r\n" + H + "\r\n")
        answer = client.response()
        assert answer.status == 400, answer.start
        assert client.is_closed()
    assert b"/smuggled" not in app.received
    for connection in app.connections:
        behind = connection.received.partition(mark)[2]
        assert b"\r\n0\r\n\r\n" not in behind, "the backend took it for a whole request"


def test_it_serves_as_before_after_all_of_this(shared):
    instance, _ = shared
    assert instance.get(method="POST", body=b"still here").body == b"still here"
