"""Which fields go through, which do not, and which are added."""

import re

import pytest
from lab import backends


def sent_to(app, instance, fields, **options):
    assert instance.get(fields=fields, **options).status == 200
    return app.request()


def test_the_backend_learns_who_asked_for_what(serving, backend):
    app = backend()
    instance = serving({"app": app})
    request = sent_to(app, instance, {})
    assert request.get("X-Forwarded-For") == "127.0.0.1"
    assert request.get("X-Forwarded-Proto") == "https"
    assert request.get("X-Forwarded-Host") == "a.test"
    assert request.get("Host") == "a.test"
    assert len(request.get("X-Request-Id")) >= 16


def test_every_request_has_an_id_of_its_own(serving, backend):
    app = backend()
    instance = serving({"app": app})
    assert len({sent_to(app, instance, {}).get("X-Request-Id") for _ in range(10)}) == 10


FORGED = [
    "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Server",
    "X-Forwarded-Prefix", "Forwarded", "X-Real-IP", "X-Request-Id", "X_Forwarded_For", "X_Real_IP",
    "X-Forwarded_Host", "X-Client-Cert", "X-SSL-Client-Cert", "X-Client-IP", "True-Client-IP",
]  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_what_a_client_claims_about_itself_is_removed(serving, backend, name):
    app = backend()
    instance = serving({"app": app})
    request = sent_to(app, instance, {name: "6.6.6.6"})
    assert "6.6.6.6" not in [value for _, value in request.fields]


def test_a_client_can_not_take_our_fields_away(serving, backend):
    app = backend()
    instance = serving({"app": app})
    named = "X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, X-Request-Id"
    request = sent_to(app, instance, {"Connection": named})
    assert request.get("X-Forwarded-For") == "127.0.0.1"
    assert request.get("X-Forwarded-Proto") == "https"
    assert request.get("X-Request-Id")
    assert request.get("Host") == "a.test"


def test_hop_by_hop_fields_of_a_request_end_here(serving, backend):
    app = backend()
    instance = serving({"app": app})
    fields = {
        "Connection": "keep-alive, X-Named", "X-Named": "x", "Keep-Alive": "timeout=5", "TE": "gzip",
        "Proxy-Authorization": "Basic x", "Proxy-Connection": "keep-alive", "Upgrade": "h2c",
        "X-Kept": "kept",
    }  # fmt: skip
    request = sent_to(app, instance, fields)
    assert request.get("X-Kept") == "kept"
    names = {name.lower() for name, _ in request.fields}
    gone = {"x-named", "keep-alive", "te", "proxy-authorization", "proxy-connection", "upgrade"}
    assert not names & gone


def test_hop_by_hop_fields_of_a_response_end_here(serving, backend):
    fields = [
        ("Connection", "keep-alive, X-Named"), ("X-Named", "x"), ("Keep-Alive", "timeout=5"),
        ("Proxy-Connection", "x"), ("Upgrade", "h2c"), ("X-Kept", "kept"),
    ]  # fmt: skip
    instance = serving({"app": backend(backends.says("hello", fields))})
    answer = instance.get()
    assert answer.get("X-Kept") == "kept"
    names = {name.lower() for name, _ in answer.fields}
    assert not names & {"x-named", "keep-alive", "proxy-connection", "upgrade"}


def test_names_with_underscores_are_dropped(serving, backend):
    app = backend()
    instance = serving({"app": app})
    assert sent_to(app, instance, {"X_Custom": "x"}).get("X_Custom") is None


def test_names_with_underscores_are_kept_when_told_so(serving, backend):
    app = backend()
    instance = serving({"app": app}, defaults={"headers": {"underscore": "keep"}})
    request = sent_to(app, instance, {"X_Custom": "x", "X_Forwarded_For": "6.6.6.6"})
    assert request.get("X_Custom") == "x"
    assert request.get("X_Forwarded_For") is None


def test_names_with_underscores_are_refused_when_told_so(serving, backend):
    app = backend()
    instance = serving({"app": app}, defaults={"headers": {"underscore": "reject"}})
    assert instance.get(fields={"X_Custom": "x"}).status == 400
    assert app.received == b""


def test_forwarded_in_the_standard_form(serving, backend):
    app = backend()
    instance = serving({"app": app}, defaults={"headers": {"forwarded": "rfc7239"}})
    request = sent_to(app, instance, {})
    pairs = dict(part.split("=", 1) for part in request.get("Forwarded").split(";"))
    assert {key.lower(): value.strip('"') for key, value in pairs.items()} == {
        "for": "127.0.0.1", "proto": "https", "host": "a.test",
    }  # fmt: skip
    assert request.get("X-Forwarded-For") is None


def test_forwarded_in_both_forms(serving, backend):
    app = backend()
    instance = serving({"app": app}, defaults={"headers": {"forwarded": "both"}})
    request = sent_to(app, instance, {})
    assert request.get("Forwarded") and request.get("X-Forwarded-For")


def test_the_trace_context_passes(serving, backend):
    app = backend()
    instance = serving({"app": app})
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert sent_to(app, instance, {"traceparent": trace}).get("traceparent") == trace


def test_the_trace_context_stops_when_told_so(serving, backend):
    app = backend()
    instance = serving({"app": app}, tracing={"traceparent": "off"})
    assert sent_to(app, instance, {"traceparent": "00-x"}).get("traceparent") is None


def test_other_fields_pass_in_their_order_and_spelling(serving, backend):
    app = backend()
    instance = serving({"app": app})
    pairs = [("X-B", "1"), ("x-a", "2"), ("X-B", "3"), ("Cookie", "a=b; c=d"), ("Authorization", "Basic x")]
    request = sent_to(app, instance, pairs)
    names = {name for name, _ in pairs}
    assert [pair for pair in request.fields if pair[0] in names] == pairs


def test_cookies_of_a_response_pass_one_by_one(serving, backend):
    cookies = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT")]
    instance = serving({"app": backend(backends.says("hello", cookies))})
    assert instance.get().all("Set-Cookie") == [value for _, value in cookies]


def test_hsts_is_on(serving, backend):
    instance = serving({"app": backend()})
    assert instance.get().get("Strict-Transport-Security") == "max-age=63072000"


def test_hsts_replaces_what_the_backend_says(serving, backend):
    fields = {"Strict-Transport-Security": "max-age=1"}
    instance = serving({"app": backend(backends.says("hello", fields))})
    assert instance.get().all("Strict-Transport-Security") == ["max-age=63072000"]


def test_hsts_as_set(serving, backend):
    hsts = {"max_age": 31536000, "include_subdomains": True, "preload": True}
    instance = serving({"app": backend()}, defaults={"headers": {"hsts": hsts}})
    value = instance.get().get("Strict-Transport-Security")
    assert re.split(r";\s*", value) == ["max-age=31536000", "includeSubDomains", "preload"]


def test_hsts_off(serving, backend):
    hsts = {"max_age": 0}
    instance = serving({"app": backend()}, defaults={"headers": {"hsts": hsts}})
    assert instance.get().get("Strict-Transport-Security") is None


def test_hsts_is_on_our_own_answers(serving, backend):
    routes = [{"name": "api", "path": "/api", "service": "app"}]
    instance = serving({"app": backend()}, {"a.test": {"routes": routes}})
    answer = instance.get("/none")
    assert (answer.status, answer.get("Strict-Transport-Security")) == (404, "max-age=63072000")
