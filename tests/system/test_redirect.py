"""Port 80: every well-formed request is told to come again over HTTPS; nothing else happens there."""

import pytest
from lab import addresses


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_every_method_is_redirected_to_the_same_target(serving, backend, method):
    app = backend()
    instance = serving({"app": app})
    with instance.plain_client() as client:
        answer = client.ask(method, "/path?query=1&b=%2F")
        assert answer.status == 308
        assert answer.get("Location") == f"https://a.test:{addresses.HTTPS_PORT}/path?query=1&b=%2F"
    assert app.connections == []


def test_a_port_of_the_client_is_replaced(serving, backend):
    instance = serving({"app": backend()}, listeners={})
    with instance.plain_client() as client:
        location = client.ask(host=f"a.test:{addresses.HTTP_PORT}").get("Location")
        assert location == f"https://a.test:{addresses.HTTPS_PORT}/"


def with_redirect(instance, **http):
    at = {"address": f"{instance.address}:{addresses.HTTP_PORT}", **http}
    return {"https": {"address": f"{instance.address}:{addresses.HTTPS_PORT}"}, "http": at}


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_status_and_port_are_as_set(swarmward, serving, backend, status):
    instance = serving(
        {"app": backend()},
        listeners=with_redirect(swarmward, redirect_status=status, redirect_port=443),
    )
    with instance.plain_client() as client:
        answer = client.ask(target="/x")
        assert (answer.status, answer.get("Location")) == (status, "https://a.test/x")


def test_requests_follow_each_other(serving, backend):
    instance = serving({"app": backend()})
    with instance.plain_client() as client:
        client.send("GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\nGET /2 HTTP/1.1\r\nHost: a.test\r\n\r\n")
        seen = client.response().get("Location"), client.response().get("Location")
        assert [one.rsplit("/", 1)[1] for one in seen] == ["1", "2"]


def test_absolute_form_is_redirected_to_its_authority(serving, backend):
    instance = serving({"app": backend()})
    with instance.plain_client() as client:
        client.send("GET http://a.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert client.response().get("Location") == f"https://a.test:{addresses.HTTPS_PORT}/x"


def test_a_body_does_not_become_the_next_request(serving, backend):
    instance = serving({"app": backend()})
    inner = "GET /inner HTTP/1.1\r\nHost: a.test\r\n\r\n"
    with instance.plain_client() as client:
        client.send(f"POST /outer HTTP/1.1\r\nHost: a.test\r\nContent-Length: {len(inner)}\r\n\r\n{inner}")
        assert client.response().get("Location").endswith("/outer")
        assert b"inner" not in (client.rest() if client.is_closed() else b"")


REFUSED = {
    "no host": "GET / HTTP/1.1\r\n\r\n",
    "two hosts": "GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n",
    "http/1.0 without host": "GET / HTTP/1.0\r\n\r\n",
    "a host that would break the line": "GET / HTTP/1.1\r\nHost: a.test\r\n X: y\r\n\r\n",
    "a host with a path": "GET / HTTP/1.1\r\nHost: a.test/evil\r\n\r\n",
    "a host with user information": "GET / HTTP/1.1\r\nHost: a.test@evil\r\n\r\n",
    "length and chunked": "GET / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "bare line feeds": "GET / HTTP/1.1\nHost: a.test\n\n",
    "no HTTP": "hello\r\n\r\n",
    "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "two authorities": "GET http://a.test/x HTTP/1.1\r\nHost: other.test\r\n\r\n",
    "CONNECT": "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_well_formed_is_refused(serving, backend, name):
    instance = serving({"app": backend()})
    with instance.plain_client() as client:
        client.send(REFUSED[name])
        answer = client.response()
        assert answer.status in (400, 405, 501)
        assert answer.get("Location") is None
        assert client.is_closed()


def test_a_host_that_is_not_mapped_leads_nowhere_new(serving, backend):
    """Redirecting any name would make an open redirector of nothing but the client's own claim."""
    instance = serving({"app": backend()})
    with instance.plain_client() as client:
        answer = client.ask(host="unknown.test")
        assert answer.status in (308, 404, 421)


def test_no_hsts_in_clear(serving, backend):
    instance = serving({"app": backend()})
    with instance.plain_client() as client:
        assert client.ask().get("Strict-Transport-Security") is None


def test_an_upgrade_is_redirected_like_anything_else(serving, backend):
    instance = serving({"app": backend()})
    with instance.plain_client() as client:
        assert client.ask(fields={"Connection": "Upgrade", "Upgrade": "websocket"}).status == 308
