"""Responses that are compressed on their way, and those that are not."""

import random
import threading

import pytest
from lab import backends, messages
from lab.decoding import DECODERS, decoded

CODINGS = sorted(DECODERS)
TEXT = b"".join(b"line %d of some text that repeats itself\n" % i for i in range(2000))
HTML = {"Content-Type": "text/html; charset=utf-8"}


def on(**more):
    return {"a.test": {"routes": [{"service": "app"}], "compression": {"enabled": True, **more}}}


@pytest.fixture
def compressing(serving, backend):
    def make(script, **settings):
        return serving({"app": backend(script)}, on(**settings))

    return make


def taking(coding="gzip", **more):
    return {"Accept-Encoding": coding, **more}


@pytest.mark.parametrize("coding", CODINGS)
def test_a_client_that_takes_it_gets_it(compressing, coding):
    instance = compressing(backends.says(TEXT, {**HTML, "ETag": '"abc"', "Accept-Ranges": "bytes"}))
    answer = instance.get(fields=taking(coding))
    assert answer.get("Content-Encoding") == coding
    assert answer.get("Vary") == "Accept-Encoding"
    assert answer.get("ETag") == 'W/"abc"'
    assert answer.get("Content-Length") is None
    assert answer.get("Accept-Ranges") is None
    assert answer.get("Content-Type") == HTML["Content-Type"]
    assert len(answer.body) < len(TEXT) / 4
    assert decoded(answer) == TEXT
    line = instance.exchange(lambda line: line["status"] == 200)
    assert line["bytes_out"] < len(TEXT)


@pytest.mark.parametrize("asked", [None, "", "gzip;q=0", "identity", "deflate", "zstd", "*;q=0"])
def test_a_client_that_does_not_take_it_gets_the_bytes_as_they_are(compressing, asked):
    instance = compressing(backends.says(TEXT, {**HTML, "ETag": '"abc"'}))
    answer = instance.get(fields={} if asked is None else {"Accept-Encoding": asked})
    assert answer.get("Content-Encoding") is None
    assert answer.get("Vary") == "Accept-Encoding"  # another client would get other bytes
    assert answer.get("ETag") == '"abc"'
    assert answer.get("Content-Length") == str(len(TEXT))
    assert answer.body == TEXT


@pytest.mark.parametrize(
    ("asked", "settings", "want"),
    [
        ("gzip, deflate, br", {}, "br"),
        ("gzip, deflate, br", {"encodings": ["gzip", "br"]}, "gzip"),
        ("gzip, deflate, br", {"encodings": ["gzip"]}, "gzip"),
        ("br;q=0.1, gzip;q=0.2", {}, "gzip"),
        ("br", {"encodings": ["gzip"]}, None),
    ],
)
def test_the_coding_is_the_one_that_both_like_best(compressing, asked, settings, want):
    instance = compressing(backends.says(TEXT, HTML), **settings)
    answer = instance.get(fields=taking(asked))
    assert answer.get("Content-Encoding") == want
    assert decoded(answer) == TEXT


UNTOUCHED = {
    "another type": {"Content-Type": "image/png"},
    "no type": {},
    "coded already": {**HTML, "Content-Encoding": "gzip"},
    "no-transform": {**HTML, "Cache-Control": "public, no-transform"},
    "a digest": {**HTML, "Repr-Digest": "sha-256=:x:"},
}


@pytest.mark.parametrize("name", UNTOUCHED)
def test_what_must_not_or_need_not_be_changed_is_left_alone(compressing, name):
    instance = compressing(backends.says(TEXT, UNTOUCHED[name]))
    answer = instance.get(fields=taking())
    assert answer.body == TEXT
    assert answer.get("Vary") is None


def test_a_client_may_forbid_it(compressing):
    instance = compressing(backends.says(TEXT, HTML))
    assert instance.get(fields=taking(**{"Cache-Control": "no-transform"})).body == TEXT


def test_small_responses_are_left_alone(compressing):
    instance = compressing(backends.says(b"x" * 1023, HTML))
    assert instance.get(fields=taking()).body == b"x" * 1023


def test_how_small_is_as_set(compressing):
    instance = compressing(backends.says(b"x" * 100, HTML), min_size="100B")
    assert instance.get(fields=taking()).get("Content-Encoding") == "gzip"


def test_it_is_off_until_it_is_switched_on(serving, backend):
    instance = serving({"app": backend(backends.says(TEXT, HTML))})
    answer = instance.get(fields=taking())
    assert (answer.get("Content-Encoding"), answer.get("Vary"), answer.body) == (None, None, TEXT)


@pytest.mark.parametrize("fields", [{"Content-Range": "bytes 0-9/20"}, {}])
def test_ranges_are_left_alone(compressing, fields):
    def script(connection):
        connection.read()
        connection.answer(b"0123456789", "206 Partial Content", {**HTML, **fields})

    instance = compressing(script, min_size="1B")
    answer = instance.get(fields=taking(Range="bytes=0-9"))
    assert (answer.status, answer.body) == (206, b"0123456789")
    assert answer.get("Content-Encoding") is None


def test_head_and_get_agree(serving, backend):
    def script(connection):
        while True:
            request = connection.read()
            fields = {**HTML, "ETag": '"abc"', "Content-Length": len(TEXT)}
            connection.send(messages.head("HTTP/1.1 200 OK", fields))
            if request.method != "HEAD":
                connection.send(TEXT)

    instance = serving({"app": backend(script)}, on())
    with instance.client() as client:
        got = client.ask("GET", fields=taking())
        head = client.ask("HEAD", fields=taking())
        again = client.ask("GET", fields=taking())
    without = [pair for pair in got.fields if pair[0] != "Transfer-Encoding"]
    assert head.fields == without
    assert decoded(again) == TEXT


@pytest.mark.parametrize(
    ("asked", "said", "want"),
    [('W/"abc"', '"abc"', 'W/"abc"'), ('"abc"', '"abc"', '"abc"'), ('W/"abc"', 'W/"abc"', 'W/"abc"')],
)
def test_a_304_names_the_response_that_the_client_has(compressing, asked, said, want):
    def script(connection):
        connection.read()
        connection.send(messages.head("HTTP/1.1 304 Not Modified", {"ETag": said}))

    instance = compressing(script)
    answer = instance.get(fields=taking(**{"If-None-Match": asked}))
    assert (answer.status, answer.get("ETag")) == (304, want)


def test_a_client_of_http_1_0_gets_the_bytes_as_they_are(compressing):
    instance = compressing(backends.says(TEXT, HTML))
    with instance.client() as client:
        client.send("GET / HTTP/1.0\r\nHost: a.test\r\nAccept-Encoding: gzip\r\n\r\n")
        whole = client.rest()
    assert whole.endswith(TEXT)


@pytest.mark.parametrize("coding", CODINGS)
def test_what_comes_bit_by_bit_leaves_bit_by_bit(compressing, coding):
    more = threading.Semaphore(0)

    def script(connection):
        connection.read()
        connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for i in range(5):
            assert more.acquire(timeout=20)
            event = b"data: event %d\n\n" % i
            connection.send(b"%x\r\n%s\r\n" % (len(event), event))
        assert more.acquire(timeout=20)
        connection.send("0\r\n\r\n")

    instance = compressing(script, types=["text/event-stream"])
    with instance.client() as client:
        client.send_head(fields=taking(coding))
        head = client.reader.head()
        assert head.get("Content-Encoding") == coding
        decoder = DECODERS[coding]()
        for i in range(5):
            more.release()
            want, got = b"data: event %d\n\n" % i, b""
            while got != want:  # the next event is not sent before this one was seen
                got += decoder.feed(client.reader.chunk())
        more.release()
        while piece := client.reader.chunk():
            decoder.feed(piece)
        assert decoder.complete


def chunked(body, size):
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nX-End: yes\r\n\r\n"


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("size", [1, 700, 40000])
def test_chunks_of_any_size_and_their_trailers(compressing, coding, size):
    body = TEXT[:3000] if size == 1 else TEXT

    def script(connection):
        connection.read()
        connection.send(messages.head("HTTP/1.1 200 OK", {**HTML, "Transfer-Encoding": "chunked"}))
        connection.send(chunked(body, size))

    instance = compressing(script)
    answer = instance.get(fields=taking(coding, TE="trailers", Connection="TE"))
    assert decoded(answer) == body
    assert answer.trailers == [("X-End", "yes")]


@pytest.mark.parametrize("coding", CODINGS)
def test_bytes_that_cannot_get_smaller(compressing, coding):
    body = random.Random(1).randbytes(3_000_000)
    instance = compressing(backends.says(body, {"Content-Type": "text/plain"}))
    with instance.client() as client:
        for _ in range(2):
            assert decoded(client.ask(fields=taking(coding))) == body


@pytest.mark.parametrize("coding", CODINGS)
def test_a_slow_reader_gets_all(compressing, coding):
    body = random.Random(2).randbytes(1_500_000) + TEXT * 20
    instance = compressing(backends.says(body, HTML))
    with instance.client(small=True) as client:
        client.send_head(fields=taking(coding))
        assert decoded(client.response()) == body


CUTS = {
    "counted": lambda c: c.send(messages.head("HTTP/1.1 200 OK", {**HTML, "Content-Length": len(TEXT)}) + TEXT[:-1]),
    "chunked": lambda c: c.send(
        messages.head("HTTP/1.1 200 OK", {**HTML, "Transfer-Encoding": "chunked"}) + chunked(TEXT, 999)[:-20]
    ),
    "malformed": lambda c: c.send(
        messages.head("HTTP/1.1 200 OK", {**HTML, "Transfer-Encoding": "chunked"}) + chunked(TEXT, 999)[:-20] + b"zz\r\n"
    ),
}


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("name", CUTS)
def test_a_body_that_is_cut_never_ends_clean(compressing, coding, name):
    def script(connection):
        connection.read()
        CUTS[name](connection)
        connection.close()

    instance = compressing(script)
    with instance.client() as client:
        client.send_head(fields=taking(coding))
        head = client.reader.head()
        assert head.get("Content-Encoding") == coding
        whole = client.rest()
    assert not whole.endswith(b"0\r\n\r\n")
    decoder = DECODERS[coding]()
    for piece in pieces_of(whole):
        decoder.feed(piece)
    assert not decoder.complete
    assert instance.exchange(lambda line: line["status"] == 200)["reason"] in ("backend_cut", "backend_invalid")


def pieces_of(chunks):
    """The data of whole chunks; what is left of a cut one is dropped."""
    while b"\r\n" in chunks:
        line, rest = chunks.split(b"\r\n", 1)
        size = int(line, 16)
        if len(rest) < size + 2:
            return
        yield rest[:size]
        chunks = rest[size + 2 :]


def test_a_client_that_leaves_in_the_middle_costs_nothing(compressing):
    body = random.Random(3).randbytes(20_000_000)
    instance = compressing(backends.says(body, HTML))
    for _ in range(5):
        with instance.client(small=True) as client:
            client.send_head(fields=taking())
            client.reader.head()
    assert instance.get("/", method="GET", fields=taking()).status == 200
