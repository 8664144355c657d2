"""The service that is asked first is one in Swarm: found like any other, and held to the same gate."""

from lab.backends import says
from lab.process_table import wait_until
from test_discovery import engine, swarm, unverified  # noqa: F401 (fixtures)


def guarded(live, backend, network):
    """Two services: one with a domain by label, and the one that is asked."""
    app, auth = backend(says("hello")), backend(says(""))
    live.add("app", "a.test", app)
    guard = live.engine.add_service("guard", {}, [network])
    live.tasks(guard, auth)
    return app, auth


def answered(live):
    """Status and body, or None while the domain is not known yet."""
    try:
        answer = live.instance.get(host="a.test")
    except OSError:
        return None
    return answer.status, b"auth_unavailable" in answer.body


SETTINGS = {"defaults": {"forward_auth": {"service": "guard:9000"}}}


def test_it_is_found_like_any_other_and_domains_of_labels_ask_it(swarm, backend):  # noqa: F811
    live = swarm(**SETTINGS)
    _, auth = guarded(live, backend, live.network)
    live.settles("a.test", b"hello")
    assert auth.request().get("X-Forwarded-Host") == "a.test"


def test_over_a_network_in_the_clear_it_is_not_asked_and_nobody_gets_in(swarm, backend):  # noqa: F811
    live = swarm(docker={"networks": ["front", "plain"]}, **SETTINGS)
    plain = live.engine.add_network("plain", subnet="10.9.0.0/24")
    app, auth = guarded(live, backend, plain)
    wait_until(lambda: answered(live) == (503, True), "it is refused")
    refused = {one["name"]: one["refusal"] for one in live.instance.status()["services"]}
    assert refused["guard:9000"] == "backend_not_encrypted"
    assert (app.connections, auth.connections) == ([], [])


def test_while_it_is_not_there_nobody_gets_in(swarm, backend):  # noqa: F811
    live = swarm(**SETTINGS)
    app = backend(says("hello"))
    live.add("app", "a.test", app)
    wait_until(lambda: answered(live) == (503, True), "it is refused")
    assert app.connections == []
    live.tasks(live.engine.add_service("guard", {}, [live.network]), backend(says("")))
    live.settles("a.test", b"hello")
