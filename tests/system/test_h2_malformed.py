"""Malformed requests of HTTP/2 (RFC 9113 section 8): what the client gets, and that no byte of them reaches
a backend. Every class has its unit test in tests/unit/http/h2_request_test.c; here are those that a backend
of HTTP/1.1 would read as something else."""

import pytest
from lab.h2 import H2Client

BASE = [(":method", "GET"), (":scheme", "https"), (":authority", "a.test"), (":path", "/")]
POST = [(":method", "POST"), *BASE[1:]]


def with_path(path):
    return [*BASE[:3], (":path", path)]


HEADS = {
    # what became a second request or another framing in HTTP/1.1 (H2.TE, H2.CL, CVE-2021-36740 and kin)
    "transfer-encoding": ([*POST, ("transfer-encoding", "chunked")], 400, "connection_field"),
    "connection": ([*BASE, ("connection", "x-a")], 400, "connection_field"),
    "upgrade": ([*BASE, ("upgrade", "h2c")], 400, "connection_field"),
    "a line in a value": ([*BASE, ("x-a", "b\r\nTransfer-Encoding: chunked")], 400, "bad_field_value"),
    "a line in a name": ([*BASE, ("x-a: b\r\nhost: other\r\nx", "c")], 400, "bad_field_name"),
    "a line in the path": (with_path("/ HTTP/1.1\r\nHost: b\r\n\r\nGET /x"), 400, "bad_field_value"),
    "a space in the path": (with_path("/ HTTP/1.1"), 400, "bad_target"),
    "a line in the method": ([(":method", "GET / HTTP/1.1\r\nX:"), *BASE[1:]], 400, "bad_field_value"),
    "NUL in a value": ([*BASE, ("x-a", "b\0c")], 400, "bad_field_value"),
    "a colon in a name": ([*BASE, ("x-a:b", "c")], 400, "bad_field_name"),
    "an upper-case name": ([*BASE, ("X-A", "b")], 400, "upper_case_field_name"),
    "another host": ([*BASE, ("host", "b.test")], 400, "host_differs_from_target"),
    "two hosts": ([*BASE, ("host", "a.test"), ("host", "a.test")], 400, "host_repeated"),
    "userinfo": ([*BASE[:2], (":authority", "x@a.test"), BASE[3]], 400, "bad_target_authority"),
    "two paths": ([*BASE, (":path", "/b")], 400, "pseudo_field_repeated"),
    "a length and no body": ([*POST, ("content-length", "5")], 400, "length_differs_from_data"),
    "two lengths": ([*POST, ("content-length", "0"), ("content-length", "0")], 400, "repeated_content_length"),
    "CONNECT": ([(":method", "CONNECT"), (":authority", "a.test:25")], 501, "method_not_implemented"),
    "TRACE": ([(":method", "TRACE"), *BASE[1:]], 501, "method_not_implemented"),
    "a large head": ([*BASE, *[("x-a", "b" * 700)] * 50], 431, "header_too_large"),
    "many crumbs": ([*BASE, *[("cookie", "a=b")] * 120], 431, "too_many_fields"),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_malformed_head_is_refused_and_nothing_of_it_goes_on(serving, backend, name):
    fields, status, reason = HEADS[name]
    app = backend()
    instance = serving({"app": app})
    with H2Client(instance) as client:
        answer = client.answer(client.ask(fields=fields))
        assert (answer.status, reason.encode() in answer.body) == (status, True)
        if status == 400:
            client.read_until(lambda: answer.reset is not None)
            assert answer.reset == 1
        assert app.received == b""
        assert client.get().status == 200  # the stream was malformed, not the connection
    assert instance.exchange(lambda line: line["status"] == status)["reason"] == reason
    assert app.request().target == "/" and app.asked() == 0


def test_more_than_the_length_says_is_cut_for_the_backend(serving, backend):
    app = backend()
    instance = serving({"app": app})
    with H2Client(instance) as client:
        stream = client.stream()
        client.headers(stream, client.fields("POST", more=[("content-length", "5")]))
        client.data(stream, b"hello, and more", end=True)
        answer = client.answer(stream)
        assert (answer.status, answer.reset or 1) == (400, 1)
    assert app.asked() == 0 and b"more" not in app.received


def test_less_than_the_length_says_never_looks_complete(serving, backend):
    app = backend()
    instance = serving({"app": app})
    with H2Client(instance) as client:
        stream = client.stream()
        client.headers(stream, client.fields("POST", more=[("content-length", "50")]))
        client.data(stream, b"hello", end=True)
        assert client.answer(stream).status == 400
    assert app.asked() == 0


def test_trailers_are_held_to_the_rules(serving, backend):
    app = backend()
    instance = serving({"app": app})
    with H2Client(instance) as client:
        stream = client.ask("POST", body=b"hello", trailers=[("transfer-encoding", "chunked")])
        assert client.answer(stream).status == 400
        stream = client.ask("POST", body=b"hello", trailers=[("content-length", "5"), ("x-a", "b")])
        assert client.answer(stream).status == 200
    assert app.request().trailers == [("x-a", "b")]
