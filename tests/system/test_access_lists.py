"""domains.NAME.access: who may come by address. Nothing of a request that may not reaches a backend."""

import pytest
from lab.process_table import wait_until
from test_counters import counts

INSIDE, OUTSIDE = "127.0.0.77", "127.0.1.77"


def guarded(serving, app, domains=("a.test",), **access):
    entry = {"access": access, "routes": [{"path": "/", "service": "app"}]}
    return serving({"app": app}, {**{name: entry for name in domains}, "open.test": "app"})


def status(instance, source, host="a.test", fields=()):
    with instance.client(host, source=source) as client:
        return client.ask(fields=fields).status


LISTS = {
    "allow": ({"allow": ["127.0.0.0/24"]}, 200, 403),
    "deny": ({"deny": ["127.0.0.0/24"]}, 403, 200),
    "deny_wins": ({"allow": ["127.0.0.0/8"], "deny": ["127.0.0.77/32"]}, 403, 200),
    "several": ({"allow": ["192.0.2.0/24", "127.0.1.0/24"]}, 403, 200),
    "ipv4_mapped": ({"allow": ["::ffff:127.0.0.0/120"]}, 200, 403),
    "ipv6_alone_lets_no_ipv4_in": ({"allow": ["::/0"]}, 403, 403),
    "everybody": ({"allow": ["0.0.0.0/0"]}, 200, 200),
}


@pytest.mark.parametrize("name", LISTS)
def test_who_may_come(serving, backend, name):
    access, inside, outside = LISTS[name]
    instance = guarded(serving, backend(), **access)
    assert (status(instance, INSIDE), status(instance, OUTSIDE)) == (inside, outside)
    assert status(instance, OUTSIDE, "open.test") == 200


def test_a_refused_request_is_told_counted_and_reaches_no_backend(serving, backend):
    app = backend()
    instance = guarded(serving, app, deny=["127.0.0.77/32"])
    with instance.client(source=INSIDE) as client:
        for _ in range(3):  # the connection stays: only what it asks for is refused
            answer = client.ask(target="/secret?x=1")
            assert (answer.status, b"access_denied" in answer.body) == (403, True)
    assert instance.exchange()["reason"] == "access_denied"
    counts(instance, "swarmward_refusals_total", {("access_denied",): 3}, "reason")
    assert app.received == b""


def test_a_body_that_may_not_come_is_not_taken(serving, backend):
    app = backend()
    instance = guarded(serving, app, deny=["127.0.0.77/32"])
    with instance.client(source=INSIDE) as client:
        assert client.ask("POST", fields={"Expect": "100-continue"}, body=b"x" * 1000).status == 403
    assert app.received == b""


def test_what_a_client_says_of_itself_changes_nothing(serving, backend):
    instance = guarded(serving, backend(), allow=["192.0.2.0/24"])
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Client-IP"):
        assert status(instance, INSIDE, fields={name: "192.0.2.1"}) == 403


def test_behind_a_trusted_proxy_the_client_is_whom_it_names(swarmward, backend):
    """The proxy itself is not on the list, and the last address that it wrote is the one that counts."""
    entry = {"access": {"allow": ["192.0.2.0/24"]}, "routes": [{"path": "/", "service": "app"}]}
    listeners = swarmward.settings({}, {})["listeners"]
    swarmward.write(
        {"app": backend()}, {"a.test": entry},
        listeners={**listeners, "trusted_proxies": [f"{INSIDE}/32"]},
    )  # fmt: skip
    swarmward.start("--workers", "1")
    for source, forwarded, wanted in (
        (INSIDE, "192.0.2.1", 200), (INSIDE, "192.0.2.1, 198.51.100.1", 403), (INSIDE, None, 403),
        (OUTSIDE, "192.0.2.1", 403),
    ):  # fmt: skip
        fields = {"X-Forwarded-For": forwarded} if forwarded else {}
        assert status(swarmward, source, fields=fields) == wanted, (source, forwarded)


def test_a_reload_holds_for_the_next_request_of_an_open_connection(serving, backend):
    instance = guarded(serving, backend())
    with instance.client(source=INSIDE) as client:
        assert client.ask().status == 200
        instance.write(
            {"app": backend()},
            {"a.test": {"access": {"deny": ["127.0.0.0/24"]}, "routes": [{"service": "app"}]}},
        )
        instance.reload()
        wait_until(lambda: client.ask().status == 403, "it is refused")
