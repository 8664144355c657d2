"""Names that are not mapped, and names that do not belong together."""

import ssl

import pytest
from lab import messages
from lab.client import trusting


def test_an_unknown_name_is_a_fatal_unrecognized_name(serving, backend):
    instance = serving({"app": backend()})
    with pytest.raises(ssl.SSLError, match="(?i)unrecognized.name"):
        instance.client(host="unknown.test")
    assert instance.exchange()["reason"] == "unrecognized_name"


def test_no_name_is_refused_too(serving, backend):
    instance = serving({"app": backend()})
    context = trusting(instance.authority.ca)
    context.check_hostname = False
    with pytest.raises(ssl.SSLError, match="(?i)unrecognized.name"):
        instance.client(host=None, context=context)


def test_the_named_fallback_is_shown_for_unknown_names(serving, backend, authority):
    fallback = authority.issue("fallback.test")
    certificates = [authority.issue("a.test"), fallback]
    instance = serving({"app": backend()}, {"a.test": "app"}, certificates, tls={"unknown_sni": fallback.name})
    context = trusting(authority.ca)
    context.check_hostname = False
    for name in ("unknown.test", None):
        with instance.client(host=name, context=context) as client:
            assert client.sock.getpeercert()["subjectAltName"] == (("DNS", "fallback.test"),)
            assert client.ask(host="unknown.test").status in (404, 421)


def test_a_host_of_another_certificate_is_421(serving, backend, authority):
    app = backend()
    certificates = [authority.issue("a.test"), authority.issue("b.test")]
    instance = serving({"app": app}, {"a.test": "app", "b.test": "app"}, certificates)
    with instance.client(host="a.test") as client:
        assert client.ask(host="b.test").status == 421
        assert client.ask(host="a.test").status == 200
    assert app.asked() == 1


def test_a_host_of_the_same_certificate_is_served(serving, backend, authority):
    both = authority.issue("a.test", "b.test")
    instance = serving({"app": backend()}, {"a.test": "app", "b.test": "app"}, [both])
    with instance.client(host="a.test") as client:
        assert client.ask(host="b.test").status == 200


def test_an_unknown_host_under_a_known_name_is_refused(serving, backend):
    app = backend()
    instance = serving({"app": app})
    with instance.client() as client:
        assert client.ask(host="unknown.test").status in (404, 421)
    assert app.received == b""


def test_the_absolute_form_counts_too(serving, backend, authority):
    certificates = [authority.issue("a.test"), authority.issue("b.test")]
    instance = serving({"app": backend()}, {"a.test": "app", "b.test": "app"}, certificates)
    with instance.client(host="a.test") as client:
        client.send("GET https://b.test/ HTTP/1.1\r\nHost: b.test\r\n\r\n")
        assert client.response().status == 421


def test_names_that_are_no_names_are_refused(serving, backend):
    instance = serving({"app": backend()})
    for name in ("x" * 60 + ".test", "a.test.", "a_b.test"):
        try:
            with instance.client(host=name) as client:
                assert client.ask(host="a.test").status in (200, 421)
        except (ssl.SSLError, OSError, messages.Ended):
            pass
    assert instance.get().status == 200
