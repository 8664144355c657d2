"""Nothing ambiguous is forwarded, in either direction. Each class with its reference; docs/strictness.md is
the table. What test_smuggling.py and test_lying_backends.py have is looked at once more from behind: what
follows a refused message, and what of a bad response gets through."""

import threading

import pytest
from lab import backends, messages
from lab.messages import Ended
from lab.swarmward import Swarmward
from test_lying_backends import BAD_HEADS
from test_smuggling import POST, REFUSED, H

GET = "GET / HTTP/1.1\r\n" + H
CHUNKED = POST + "Transfer-Encoding: chunked\r\n\r\n"
SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a.test\r\nX-Smuggled: yes\r\n\r\n"

# name -> bytes; the comment before is the reference of the rows below it
MORE_REFUSED = {
    # RFC 9112 section 6.1: lists with empty elements, HTTP/1.0 (CVE-2019-18277, CVE-2022-26377)
    "an empty coding": POST + "Transfer-Encoding:\r\n\r\n0\r\n\r\n",
    "a coding and nothing": POST + "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
    "nothing and a coding": POST + "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n",
    "nothing between codings": POST + "Transfer-Encoding: gzip,,chunked\r\n\r\n0\r\n\r\n",
    "a coding with a parameter": POST + "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
    "a coding in quotes": POST + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
    "chunked and a length from 1.0": "POST / HTTP/1.0\r\n" + H
    + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    # RFC 9112 section 6.3: lengths
    "a length with a semicolon": POST + "Content-Length: 5;\r\n\r\nhello",
    "a length and an empty one": POST + "Content-Length: 5,\r\n\r\nhello",
    "a length of 2^63": POST + "Content-Length: 9223372036854775808\r\n\r\nhello",
    "a length in Arabic digits": POST + "Content-Length: \xd9\xa5\r\n\r\nhello",
    "a length that Connection names": POST + "Connection: Content-Length\r\nContent-Length: 5\r\n\r\nhello",
    # RFC 9112 section 3, RFC 3986 section 2: octets of a target (CVE-2019-9740)
    "DEL in the target": "GET /a\x7fb HTTP/1.1\r\n" + H + "\r\n",
    "NUL in the target": "GET /a\0b HTTP/1.1\r\n" + H + "\r\n",
    "a tab in the target": "GET /a\tb HTTP/1.1\r\n" + H + "\r\n",
    "beyond ASCII in the target": "GET /\xff HTTP/1.1\r\n" + H + "\r\n",
    "a bare carriage return in the target": "GET /a\rb HTTP/1.1\r\n" + H + "\r\n",
    "NUL in the path, encoded": "GET /a%00b HTTP/1.1\r\n" + H + "\r\n",
    "a backslash in the path, encoded": "GET /a%5cb HTTP/1.1\r\n" + H + "\r\n",
    "an escape that is cut": "GET /a%2 HTTP/1.1\r\n" + H + "\r\n",
    "above the root": "GET /../x HTTP/1.1\r\n" + H + "\r\n",
    # RFC 9112 section 2.3: versions
    "version 0.9": "GET / HTTP/0.9\r\n" + H + "\r\n",
    "version 1.01": "GET / HTTP/1.01\r\n" + H + "\r\n",
    "version 3.0": "GET / HTTP/3.0\r\n" + H + "\r\n",
    "a space behind the version": "GET / HTTP/1.1 \r\n" + H + "\r\n",
    "another protocol": "GET / ICY/1.1\r\n" + H + "\r\n",
    # RFC 9112 section 3.2, RFC 9110 sections 4.2.4 and 7.2: who is asked
    "a target with user information": "GET https://user@a.test/ HTTP/1.1\r\n" + H + "\r\n",
    "a target without authority": "GET https:///x HTTP/1.1\r\n" + H + "\r\n",
    "a target with another port": "GET https://a.test:444/ HTTP/1.1\r\nHost: a.test:443\r\n\r\n",
    "a target of another scheme": "GET ftp://a.test/ HTTP/1.1\r\n" + H + "\r\n",
    "a list of hosts": "GET / HTTP/1.1\r\nHost: a.test, b.test\r\n\r\n",
    "a host with NUL": "GET / HTTP/1.1\r\nHost: a.test\0.b.test\r\n\r\n",
    "a host with a fragment": "GET / HTTP/1.1\r\nHost: a.test#b\r\n\r\n",
    "a host with a query": "GET / HTTP/1.1\r\nHost: a.test?b\r\n\r\n",
    "a host with an empty port": "GET / HTTP/1.1\r\nHost: a.test:\r\n\r\n",
    "a host with two ports": "GET / HTTP/1.1\r\nHost: a.test:443:443\r\n\r\n",
    "a host with a bracket": "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
    # RFC 9112 sections 2.2 and 5: lines and folding
    "a space before the line": " GET / HTTP/1.1\r\n" + H + "\r\n",
    "a bare line feed before the line": "\n" + GET + "\r\n",
    "two empty lines before the line": "\r\n\r\n" + GET + "\r\n",
    "a first field that is folded": "GET / HTTP/1.1\r\n Host: a.test\r\n\r\n",
    "folding with a tab": GET + "X-A: b\r\n\tc\r\n\r\n",
    "a carriage return before the colon": GET + "X-A\r: b\r\n\r\n",
    "DEL in a value": GET + "X-A: b\x7fc\r\n\r\n",
    "a vertical tab in a value": GET + "X-A: b\x0bc\r\n\r\n",
    "a bracket in a name": GET + "X[A]: b\r\n\r\n",
    "beyond ASCII in a name": GET + "X-\xc4: b\r\n\r\n",
}  # fmt: skip

MORE_BAD_CHUNKS = {
    # RFC 9112 section 7.1 (CVE-2024-23452, CVE-2025-22871)
    "a negative size": "-5\r\nhello\r\n",
    "a space after the size": "5 \r\nhello\r\n",
    "a tab after the size": "5\t\r\nhello\r\n",
    "a size of two words": "5 5\r\nhello\r\n",
    "an underscore in the size": "0_5\r\nhello\r\n",
    "a size that wraps to five": "10000000000000005\r\nhello\r\n",
    "a size without end": "0" * 70_000,
    "an extension without end": "5;" + "a" * 70_000,
    "extensions without end": "1;a\r\nx\r\n" * 20_000,
    "a carriage return in an extension": "5;a\rb\r\nhello\r\n",
    "a control character in an extension": "5;a=\x01\r\nhello\r\n",
    "a bare carriage return after the size": "5\rhello\r\n",
    "a bare carriage return after the data": "5\r\nhello\r0\r\n\r\n",
    # RFC 9112 section 7.1.2
    "NUL in a trailer": "0\r\nX-A: b\0c\r\n\r\n",
    "a first trailer that is folded": "0\r\n X-A: b\r\n\r\n",
    "a space before the colon of a trailer": "0\r\nX-A : b\r\n\r\n",
    "a bare line feed in a trailer": "0\r\nX-A: b\n\r\n",
    "trailers without end": "0\r\n" + "X-A: b\r\n" * 20_000,
}  # fmt: skip


@pytest.fixture(scope="module")
def shared(tmp_path_factory, authority):
    """One instance for all rows, and what its backend saw."""
    app = backends.Backend(backends.echo)
    instance = Swarmward(tmp_path_factory.mktemp("shared"), authority)
    instance.write({"app": app})
    try:
        instance.start("--workers", "1")
        yield instance, app
        instance.stop()
    finally:
        instance.kill()
        app.close()


def send_all(client, text):
    """A peer that refuses may close before it has read all."""
    try:
        client.send(text.encode("latin-1"))
    except OSError:
        pass


@pytest.mark.parametrize("name", {**REFUSED, **MORE_REFUSED})
def test_nothing_behind_a_refused_message_reaches_a_backend(shared, name):
    instance, app = shared
    before = len(app.received)
    after = len(instance.access.seen)
    with instance.client() as client:
        send_all(client, {**REFUSED, **MORE_REFUSED}[name] + SMUGGLED * 3)
        answer = client.response()
        assert answer.status in (400, 417, 421, 501, 505), answer.start
        assert answer.get("Connection") == "close"
        assert client.rest() == b"", "a second answer"
    assert len(app.received) == before
    assert instance.exchange(lambda line: line["status"] == answer.status, after)["reason"]


@pytest.mark.parametrize("name", MORE_BAD_CHUNKS)
def test_a_bad_chunk_never_reaches_the_backend(shared, name):
    instance, app = shared
    mark = "mark-" + name.replace(" ", "-")
    with instance.client() as client:
        send_all(client, POST + f"X-Name: {mark}\r\nTransfer-Encoding: chunked\r\n\r\n" + MORE_BAD_CHUNKS[name] + SMUGGLED)
        try:
            answer = client.response()
            assert answer.status in (400, 431), answer.start
        except (Ended, OSError):
            pass  # closed over what it had not read: it was refused all the same
        assert client.rest() == b""
    assert b"X-Smuggled" not in app.received
    for connection in app.connections:
        behind = connection.received.partition(mark.encode())[2]
        assert b"\r\n0\r\n" not in behind, "the backend took it for a whole request"


def test_it_serves_as_before_after_all_of_this(shared):
    instance, _ = shared
    assert instance.get(method="POST", body=b"still here").body == b"still here"


# --- what a backend says

OK = "HTTP/1.1 200 OK\r\n"

MORE_BAD_HEADS = {
    # RFC 9112 section 6.3
    "the same length twice": OK + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nEVIL",
    "a list of lengths": OK + "Content-Length: 4, 4\r\n\r\nEVIL",
    "a length with a sign": OK + "Content-Length: +4\r\n\r\nEVIL",
    "a negative length": OK + "Content-Length: -4\r\n\r\nEVIL",
    "a length beyond 64 bits": OK + "Content-Length: 18446744073709551620\r\n\r\nEVIL",
    # section 6.1
    "chunked twice": OK + "Transfer-Encoding: chunked, chunked\r\n\r\n4\r\nEVIL\r\n0\r\n\r\n",
    "an empty coding": OK + "Transfer-Encoding: ,chunked\r\n\r\n4\r\nEVIL\r\n0\r\n\r\n",
    "chunked is not last": OK + "Transfer-Encoding: chunked, identity\r\n\r\nEVIL",
    "chunked from 1.0": "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nEVIL\r\n0\r\n\r\n",
    # section 4, RFC 9110 section 15
    "a bare line feed": "HTTP/1.1 200 OK\nContent-Length: 4\n\nEVIL",
    "a status of four digits": "HTTP/1.1 2000 OK\r\nContent-Length: 4\r\n\r\nEVIL",
    "a status below 100": "HTTP/1.1 099 OK\r\nContent-Length: 4\r\n\r\nEVIL",
    "a status above 599": "HTTP/1.1 600 OK\r\nContent-Length: 4\r\n\r\nEVIL",
    "no space before the reason": "HTTP/1.1 200OK\r\nContent-Length: 4\r\n\r\nEVIL",
    "version 1.2": "HTTP/1.2 200 OK\r\nContent-Length: 4\r\n\r\nEVIL",
    "HTTP/2 frames": "\0\0\x12\x04\0\0\0\0\0EVILEVIL",
    "another protocol": "ICY 200 OK\r\nContent-Length: 4\r\n\r\nEVIL",
    "an empty line first": "\r\n" + OK + "Content-Length: 4\r\n\r\nEVIL",
    # RFC 9110 sections 7.8 and 15.2
    "a 101 that nobody asked for": "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nEVIL",
    "a body behind an interim response": "HTTP/1.1 103 Hints\r\nContent-Length: 4\r\n\r\nEVIL" + OK + "\r\n",
    "a flood of interim responses": "HTTP/1.1 102 Wait\r\n\r\n" * 1000 + OK + "Content-Length: 4\r\n\r\nEVIL",
    "an interim response without end": "HTTP/1.1 103 Hints\r\nLink: " + "EVIL" * 20_000,
}  # fmt: skip


@pytest.mark.parametrize("name", {**BAD_HEADS, **MORE_BAD_HEADS})
def test_a_bad_response_is_502_and_nothing_of_it_passes(serving, backend, name):
    ended = threading.Event()

    def script(connection):
        connection.read()
        try:
            connection.send({**BAD_HEADS, **MORE_BAD_HEADS}[name].encode("latin-1"))
            if name in ("nothing", "half a head", "an endless status line"):
                return
            connection.wait_for_end()  # it must not be kept for another request
        except OSError:
            pass
        ended.set()

    instance = serving({"app": backend(script)}, defaults={"outlier": {"failures": 100}})
    with instance.client() as client:
        client.send(POST + "Content-Length: 1\r\nConnection: close\r\n\r\nx")
        answer = client.rest()
    head, _, body = answer[answer.rindex(b"HTTP/1.1 5"):].partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 502 ")
    assert answer.count(b"HTTP/1.1 5") == 1
    assert b"EVIL" not in answer
    assert b"reason backend_" in body
    if name not in ("nothing", "half a head", "an endless status line"):
        assert ended.wait(20), "the connection is still kept"


@pytest.mark.parametrize("protocol", ["h2c", "TLS/1.0", "websocket, h2c"])
def test_a_101_to_something_else_is_502(serving, backend, protocol):
    """A WebSocket was asked for; what is switched to must be that."""

    def script(connection):
        connection.read()
        connection.send(f"HTTP/1.1 101 S\r\nUpgrade: {protocol}\r\nConnection: Upgrade\r\n\r\nEVIL")
        connection.wait_for_end()

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        client.send_head(fields={
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        })  # fmt: skip
        answer = client.response()
        assert answer.status == 502 and b"EVIL" not in answer.body


@pytest.mark.parametrize("interim", ["100 Continue", "103 Early Hints"])
def test_an_interim_response_passes_at_once(serving, backend, interim):
    """The final one comes when the client has told that it has the first (RFC 9110 section 15.2)."""
    seen = threading.Event()

    def script(connection):
        connection.read_head()
        connection.send(f"HTTP/1.1 {interim}\r\nLink: </x>\r\n\r\n")
        assert seen.wait(20)
        connection.answer(b"final")

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        client.send_head()
        head = client.reader.head()
        assert head.start.startswith(f"HTTP/1.1 {interim[:3]} ")
        seen.set()
        assert client.response().body == b"final"


NAMED = {
    "Connection": ("Connection: X-Secret, close\r\n", "X-Secret"),
    "Proxy-Connection": ("Proxy-Connection: X-Secret\r\n", "Proxy-Connection"),
    "Keep-Alive": ("Keep-Alive: timeout=1\r\n", "Keep-Alive"),
    "Connection in two lines": ("Connection: close\r\nConnection: x-secret\r\n", "X-Secret"),
    "Connection naming a length": ("Connection: Content-Length\r\n", None),
    "Connection naming cookies": ("Connection: set-cookie\r\nSet-Cookie: a=b\r\n", "Set-Cookie"),
}


@pytest.mark.parametrize("name", NAMED)
def test_what_a_response_says_of_its_connection_ends_here(serving, backend, name):
    """RFC 9110 section 7.6.1; the length is what we know it to be, whatever is named."""
    lines, gone = NAMED[name]

    def script(connection):
        while True:
            connection.read()
            connection.send(OK + "X-Secret: x\r\n" + lines + "Content-Length: 5\r\n\r\nhello")

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        for _ in range(2):
            answer = client.ask()
            assert (answer.status, answer.body, answer.get("Content-Length")) == (200, b"hello", "5")
            assert gone is None or answer.all(gone) == []


CUT = {
    "within a counted body": OK + "Content-Length: 100\r\n\r\nhalf",
    "within a chunk": OK + "Transfer-Encoding: chunked\r\n\r\n64\r\nhalf",
    "before the last chunk": OK + "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    "within the trailers": OK + "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\nX-A: b",
    "by a bad chunk": OK + "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n+5\r\nhello\r\n0\r\n\r\n",
    "by a folded trailer": OK + "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\nX-A: b\r\n c\r\n\r\n",
    "by NUL in a trailer": OK + "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\nX-A: \0\r\n\r\n",
}


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_a_response_that_is_cut_never_looks_complete(serving, backend, name, version):
    def script(connection):
        connection.read()
        connection.send(CUT[name].encode("latin-1"))

    instance = serving({"app": backend(script)})
    with instance.client() as client:
        client.sock.suppress_ragged_eofs = False  # an end without close_notify is to be seen
        client.send(f"GET / HTTP/{version}\r\nHost: a.test\r\nTE: trailers\r\n\r\n")
        head = client.reader.head()
        assert head.status == 200
        reset = False
        received = client.reader.buffer
        try:
            while got := client.sock.recv(65536):
                received += got
        except OSError:
            reset = True
    chunked = head.get("Transfer-Encoding") == "chunked"
    counted = head.get("Content-Length") is not None
    assert not (chunked and received.endswith(b"0\r\n\r\n"))
    assert not (counted and len(received) >= int(head.get("Content-Length")))
    assert chunked or counted or reset, "an end by close is a clean end"
    assert version == "1.1" or not chunked
    assert instance.exchange()["reason"] in ("backend_cut", "backend_invalid")


def test_what_a_backend_gets_is_framed_by_us(serving, backend):
    """RFC 9112 section 2.2: each line ends in CRLF, whatever order and spelling came in."""
    app = backend()
    instance = serving({"app": app})
    with instance.client() as client:
        client.send(
            "\r\npOSTx / HTTP/1.1\r\n".replace("pOSTx", "POST") + "hOST:a.test\r\nX-Empty:\r\n"
            "tRANSFER-eNCODING:\t chunked \t\r\nX-Tab:\t a\tb \t\r\n\r\n"
            "0000000000000005;x=\"y;\\\"z\"\r\nhello\r\n0;last\r\nX-T: 1\r\n\r\n"
        )
        assert client.response().status == 200
    request = app.request()
    assert request.body == b"hello"
    raw = app.received
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    assert not any(byte in raw for byte in (b"\0", b"\r\n ", b"\r\n\t", b";"))
    assert request.get("Transfer-Encoding") == "chunked"
    assert messages.head("", [("X-Tab", "a\tb")]).strip() in raw
