"""Half of the truth, from the Engine, from DNS and from the disk: lists of the wrong shape, services that
cannot be read, addresses of somebody else. No request is lost to any of them, and status says what is wrong."""

import pytest
from lab.backends import says
from lab.process_table import wait_until
from test_discovery import engine, labels, swarm, unverified  # noqa: F401 (fixtures)
from test_discovery_dns import names  # noqa: F401 (fixture)
from test_discovery_dns import swarm as swarm_with_dns  # noqa: F401 (fixture)
from test_vip import behind_vip

ROUNDS = 3


def one_service(swarm, backend, **more):  # noqa: F811
    live = swarm(**more)
    service = live.add("web", "a.test", backend(says("x")))
    live.settles("a.test", b"x")
    wait_until(lambda: live.docker()["link"] == "live", "the link")
    return live, service


def serves_until(live, question, what):
    """Every request is answered by the service until it is so."""

    def answer():
        assert live.instance.get(host="a.test").body == b"x"
        return question()

    wait_until(answer, what)


# --- the Engine --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path, body",
    [
        ("/tasks", b"[null]"),
        ("/tasks", b'[{"a":1}]'),
        ("/networks", b"[]"),
        ("/networks", b'[{"a":1}]'),
        ("/nodes", b"[]"),
        ("/nodes", b'[{"a":1}]'),
        ("/services", b'[{"a":1}]'),
        ("/services", b"[" + b"[" * 100000 + b"]" * 100000 + b"]"),
    ],
    ids=lambda value: value[:9].decode() if isinstance(value, bytes) else value[1:],
)
def test_a_list_of_the_wrong_shape_takes_no_route(swarm, engine, backend, path, body):  # noqa: F811
    live, _ = one_service(swarm, backend)
    engine.bodies[path] = body
    for _ in range(ROUNDS):
        before = live.docker()["api_errors"]
        engine.drop_event_streams()  # an error by itself
        serves_until(live, lambda before=before: live.docker()["api_errors"] > before + 1, "it was asked again")
    assert live.docker()["problem"]
    del engine.bodies[path]
    serves_until(live, lambda: live.docker()["link"] == "live" and not live.docker()["problem"], "all is well")


def test_a_node_that_joins_closes_no_gate(swarm, engine, backend):  # noqa: F811
    live, _ = one_service(swarm, backend)
    before = engine.counts["/nodes"]
    node = engine.add_node("", engine="", role="worker", state="unknown")
    serves_until(live, lambda: engine.counts["/nodes"] > before, "the nodes are listed")
    live.add("new", "new.test", backend(says("new")))
    serves_until(live, lambda: live.body("new.test") == b"new", "what comes later is served")
    engine.set_node(node, engine="20.10.5", state="ready")
    wait_until(lambda: live.instance.get(host="a.test").status == 503, "an old one does")


# --- services that cannot be read --------------------------------------------------------------------


def test_a_service_that_cannot_be_read_is_said_and_spares_no_other(swarm, engine, backend):  # noqa: F811
    live, service = one_service(swarm, backend)
    gone = live.add("gone", "gone.test", backend(says("gone")))
    live.settles("gone.test", b"gone")
    engine.update(service, {**labels("a.test"), **{f"swarmward.k{i}": "v" for i in range(600)}})
    wait_until(lambda: "service web" in live.docker()["problem"], "it is said")
    assert live.docker()["api_errors"] and live.body("a.test") == b"x"
    engine.refuse(True)
    wait_until(lambda: live.docker()["link"] == "lost", "the link is lost")
    engine.remove_service(gone)
    engine.refuse(False)
    serves_until(live, lambda: live.body("gone.test") is None, "the other one is gone")
    engine.update(service, labels("a.test"))
    wait_until(lambda: not live.docker()["problem"], "all is well")


def test_labels_of_others_are_not_counted(swarm, engine, backend):  # noqa: F811
    live, service = one_service(swarm, backend)
    engine.update(service, {**labels("b.test"), **{f"k{i}": "v" for i in range(6000)}})
    live.settles("b.test", b"x")


def test_a_nul_in_the_name_of_a_label_is_a_mistake_like_any_other(swarm, engine, backend):  # noqa: F811
    live, service = one_service(swarm, backend)
    engine.update(service, {**labels("a.test"), "swarmward.a\0b": "1"})
    wait_until(lambda: "web" in live.quarantined(), "it is quarantined")
    assert live.body("a.test") == b"x"
    engine.update(service, {**labels("b.test"), "other.a\0b": "1"})
    live.settles("b.test", b"x")


# --- the table on disk -------------------------------------------------------------------------------


def starts_without_engine(live, engine):  # noqa: F811
    """All that was known is in the table; then a start while no manager answers."""
    live.add("last", "last.test")
    table = live.instance.state / "table.json"
    wait_until(lambda: table.exists() and "last.test" in table.read_text(), "the table")
    live.instance.stop()
    engine.refuse(True)
    live.instance.start("--dev", "--workers", "1")


@pytest.mark.parametrize(
    "extra",
    [{"swarmward.x": "a\0b"}, {"swarmward.a\0b": ""}, {f"swarmward.k{i}": "v" for i in range(500)}],
    ids=["nul", "nul_in_name", "many"],
)
def test_no_label_makes_the_table_unreadable(swarm, engine, backend, extra):  # noqa: F811
    live, _ = one_service(swarm, backend)
    engine.add_service("bad", {**labels("b.test"), **extra}, [live.network])
    wait_until(lambda: "bad" in live.quarantined(), "it is quarantined")
    starts_without_engine(live, engine)
    assert live.instance.get(host="a.test").body == b"x"
    assert "cannot be read" not in live.docker()["problem"]


def test_virtual_addresses_are_in_the_table(swarm, engine, backend):  # noqa: F811
    live = swarm()
    behind_vip(live, "web", "a.test", backend(says("x")))
    live.settles("a.test", b"x")
    starts_without_engine(live, engine)
    assert live.instance.get(host="a.test").body == b"x"


# --- addresses of somebody else ----------------------------------------------------------------------


def addresses_of(live, name):
    services = live.instance.status()["swarm_services"]
    tasks = [task for service in services if service["name"] == name for task in service["tasks"]]
    return [address["address"] for task in tasks for address in task["addresses"]]


@pytest.mark.parametrize("start", ["while_it_runs", "from_the_table"])
def test_no_request_goes_to_an_address_that_another_service_has_now(
    swarm_with_dns,  # noqa: F811
    engine,  # noqa: F811
    names,  # noqa: F811
    backend,
    start,
):
    one, two = backend(says("one")), backend(says("two"))
    names.table.update({"web": [one.host], "other": [two.host]})
    live = swarm_with_dns()
    live.add("web", "a.test", one)
    live.add("other", "b.test", two)
    live.settles("a.test", b"one")
    live.settles("b.test", b"two")
    if start == "from_the_table":
        starts_without_engine(live, engine)
    else:
        engine.refuse(True)
    wait_until(lambda: live.docker()["link"] == "lost", "the link is lost")
    assert live.body("a.test") == b"one"
    names.table.update({"web": [], "other": [one.host, two.host]})
    wait_until(lambda: addresses_of(live, "web") == [], "the address is taken away")
    assert sorted(addresses_of(live, "other")) == sorted([one.host, two.host])
    # status tells what control knows; the workers have it with the publication that follows
    wait_until(lambda: live.instance.get(host="a.test").status == 503, "no request goes there")
