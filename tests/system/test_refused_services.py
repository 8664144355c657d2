"""A service that may not be reached is refused with its reason, and nobody else is: neither the other
domains, nor those whose certificate and connection it shares."""

import pytest
from lab.backends import says
from lab.process_table import wait_until
from test_admin import metrics
from test_discovery import Swarm, engine, labels, sections, swarm, unverified  # noqa: F401 (fixtures)


def not_there(live, app):
    """The file names a service that nobody has deployed."""


def not_encrypted(live, app):
    plain = live.engine.add_network("plain", subnet="10.9.0.0/24")
    add_on(live, plain, app)


def on_no_network_of_ours(live, app):
    add_on(live, live.engine.add_network("elsewhere", encrypted=True, subnet="10.8.0.0/24"), app)


def without_a_port(live, app):
    add_on(live, live.network, app, {})


def add_on(live, network, app, claims=None):
    service = live.engine.add_service("refused", labels("r.test") if claims is None else claims, [network])
    live.engine.set_tasks(service, [app.host])
    live.engine.update(service)


# how it comes to be, what the file says of r.test, the reason
CASES = [
    (not_there, {"r.test": "refused:9000"}, "service_not_found"),
    (not_encrypted, {}, "backend_not_encrypted"),
    (on_no_network_of_ours, {}, "service_network"),
    (without_a_port, {"r.test": "refused"}, "service_port"),
]


@pytest.mark.parametrize("arrange,domains,reason", CASES, ids=[case[2] for case in CASES])
def test_it_is_503_with_its_reason_and_the_others_go_on(swarm, backend, arrange, domains, reason):  # noqa: F811
    app = backend(says("never"))
    live = swarm(docker={"networks": ["front", "plain"]}, domains=domains)
    live.add("good", "good.test", backend(says("good")))
    live.settles("good.test", b"good")
    arrange(live, app)
    wait_until(lambda: refusal(live) == reason, f"it is refused with {reason}")
    before = metrics(live.instance)
    with live.instance.client(host="good.test") as client:
        assert client.ask(host="good.test").body == b"good"
    with live.instance.client(host="r.test") as client:
        for number in range(3):  # the connection stays: it is no mistake of the client
            answer = client.ask(host="r.test", target=f"/{number}")
            assert answer.status == 503 and reason.encode() in answer.body
            line = live.instance.exchange(lambda line, path=f"/{number}": line.get("path") == path)
            assert (line["status"], line["reason"], line["domain"]) == (503, reason, "r.test")
            assert line["service"].startswith("refused") and "endpoint" not in line
    assert live.body("good.test") == b"good"
    after = metrics(live.instance)
    name = ("swarmward_refusals_total", (("reason", reason),))
    assert after.samples[name] - before.samples.get(name, 0) == 3
    assert after.value("swarmward_services", state="refused") == 1
    assert app.connections == []


def refusal(live):
    """The word of the one service that is refused."""
    words = {one["refusal"] for one in live.instance.status()["services"] if one["refusal"]}
    return words.pop() if len(words) == 1 else None


def test_a_quarantined_service_has_no_route_and_the_others_go_on(swarm, backend):  # noqa: F811
    app = backend(says("never"))
    live = swarm()
    live.add("good", "good.test", backend(says("good")))
    live.settles("good.test", b"good")
    live.add("bad", "bad.test", app, nonsense="1")
    wait_until(lambda: "bad" in live.quarantined(), "it is quarantined")
    with live.instance.client(host="good.test") as client:
        assert client.ask(host="bad.test", target="/bad").status in (404, 421)
        assert client.ask(host="good.test").body == b"good"
    assert live.instance.exchange(lambda line: line.get("path") == "/bad")["reason"] == "no_such_domain"
    seen = metrics(live.instance)
    assert seen.value("swarmward_services", state="quarantined") == 1
    assert seen.value("swarmward_services", state="served") == 1
    assert app.connections == []
