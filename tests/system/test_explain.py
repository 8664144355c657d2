"""`explain` shows all that decides what happens to a request of a domain, and which check failed."""

import json

import pytest
from lab import backends, h2_backends, tls_backends
from lab.process_table import wait_until


def facts(instance, url="https://a.test/"):
    return json.loads(instance.ask("explain", "--json", url).stdout)


@pytest.fixture
def full(serving, backend, authority, tmp_path):
    """A domain that has everything, and a backend over TLS that shows what its test says."""
    users = tmp_path / "users"
    users.write_text("ann:$2y$04$abcdefghijklmnopqrstuuaBcDeFgHiJkLmNoPqRsTuVwXyZ01234\n")
    users.chmod(0o600)

    def serve(certificate, auth_script=backends.says(""), **more):
        context = tls_backends.context(certificate, alpn=["h2"])
        services = {
            "app": {"servers": [backend(h2_backends.says("hello"), context=context).at], "protocol": "h2"},
            "auth": backend(auth_script),
        }
        domain = {
            "routes": [{"path": "/", "service": "app"}],
            "forward_auth": {"service": "auth", "path": "/may"},
            "compression": {"enabled": True, "level": 7},
            "client_auth": {"mode": "optional", "ca": str(authority.ca), "forward": "subject"},
            "access": {"allow": ["127.0.0.0/8"], "deny": ["127.6.6.6/32"]},
            "rate_limit": {"rate": "7000/s"},
            "headers": {"request": {"set": {"X-Site": "north"}}},
            **more,
        }
        policy = {
            **tls_backends.policy(authority, server_name="backend.test"),
            "backend_encryption": "none",
            "exception": "a service in clear beside one with TLS",
        }
        return serving(services, {"a.test": domain}, policy=policy, defaults={"outlier": {"failures": 100}})

    return serve


def test_everything_that_decides_is_shown(full, authority):
    instance = full(authority.issue("backend.test"))
    assert instance.get().body == b"hello"
    said = instance.ask("explain", "https://a.test/").stdout
    for words in (
        "show a certificate (optional), the service is told: subject", "service=auth path=/may",
        "asked first  auth/may, of whom 1 can be reached", "enabled=true", "level=7", "X-Site", "access.allow=127.0.0.0/8",
        "access.deny=127.6.6.6/32", "rate_limit.rate=7000/s", "by CA and name backend.test", "by extended CONNECT",
        "backend_no_websocket", "for those whom the policy of the domain lets in",
    ):  # fmt: skip
        assert words in said, said
    told = facts(instance)
    assert told["domain"]["client_certificate"] == {"mode": "optional", "forward": "subject"}
    assert told["service"]["tls"]["verify"] == "full" and not told["service"]["tls"]["shows_certificate"]
    assert told["outcome"] == "forwarded"


def test_the_check_that_failed_is_shown(full, authority):
    instance = full(authority.issue("else.test"))
    assert instance.get().status == 502
    assert "last time: backend_name_mismatch" in instance.ask("explain", "https://a.test/").stdout


def test_who_cannot_be_asked_lets_nobody_in(serving, backend):
    auth = backend(backends.says(""))
    domain = {"routes": [{"path": "/", "service": "app"}], "forward_auth": {"service": "auth"}}
    checked = {"path": "/healthz", "interval": "100ms", "timeout": "100ms", "rise": 1, "fall": 1}
    services = {"app": backend(), "auth": {"servers": [auth.at], "health": checked}}
    instance = serving(services, {"a.test": domain})
    assert facts(instance)["outcome"] == "forwarded"
    auth.close()
    wait_until(lambda: facts(instance)["outcome"] == "refused", "nobody can be asked")
    assert (facts(instance)["status"], facts(instance)["reason"]) == (503, "auth_unavailable")
    answer = instance.get()
    assert answer.status == 503


def test_what_is_off_is_not_told(serving, backend):
    instance = serving({"app": backend()})
    said = instance.ask("explain", "https://a.test/").stdout
    for word in ("compression", "asked first", "forward_auth", "clients", "WebSocket", "verified"):
        assert word not in said, said
