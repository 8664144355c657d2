"""The second source: a task leaves its record tasks.SERVICE before it is told to stop, and where no
Engine answers the records alone say who is there."""

import pytest
from lab import addresses
from lab.backends import says
from lab.dns_server import NameServer
from lab.process_table import wait_until
from test_discovery import Swarm, engine, sections, unverified  # noqa: F401 (fixtures)


@pytest.fixture
def names():
    server = NameServer(addresses.fresh())
    yield server
    server.close()


@pytest.fixture
def swarm(swarmward, engine, names):  # noqa: F811
    network = engine.add_network("front", encrypted=True, subnet="127.0.0.0/8")

    def begin(docker=None, **more):
        docker = {"dns_server": names.at, "dns_interval": "100ms", **(docker or {})}
        swarmward.write(**sections(engine, swarmward, docker=docker, **more))
        swarmward.start("--dev", "--workers", "1")
        return Swarm(swarmward, engine, network)

    return begin


def answers(live, wanted):
    """The next eight requests are answered by these, and by nobody else."""
    return {live.body("a.test") for _ in range(8)} == wanted


def memberships(live):
    (service,) = live.instance.status()["swarm_services"]
    return sorted(address["membership"] for task in service["tasks"] for address in task["addresses"])


def test_a_task_that_leaves_its_record_gets_no_new_request(swarm, names, backend):
    one, two = backend(says("one")), backend(says("two"))
    names.table["web"] = [one.host, two.host]
    live = swarm()
    live.add("web", "a.test", one, two)
    wait_until(lambda: answers(live, {b"one", b"two"}), "both are asked")
    wait_until(lambda: live.instance.status()["swarm_services"][0]["seen_in_dns"], "DNS was seen")
    names.table["web"] = [two.host]  # the Engine still says that both run
    wait_until(lambda: answers(live, {b"two"}), "only two is asked")
    wait_until(lambda: "draining" in memberships(live), "one drains")
    names.table["web"] = [one.host, two.host]
    wait_until(lambda: answers(live, {b"one", b"two"}), "both are asked again")


def test_a_new_task_is_asked_once_it_is_in_dns(swarm, names, backend):
    one, two = backend(says("one")), backend(says("two"))
    names.table["web"] = [one.host]
    live = swarm()
    service = live.add("web", "a.test", one)
    live.settles("a.test", b"one")
    wait_until(lambda: live.instance.status()["swarm_services"][0]["seen_in_dns"], "DNS was seen")
    live.tasks(service, one, two)
    wait_until(lambda: memberships(live) == ["starting", "usable"], "two is known, and not used")
    assert answers(live, {b"one"})
    names.table["web"] = [one.host, two.host]
    wait_until(lambda: answers(live, {b"one", b"two"}), "both are asked")


@pytest.mark.parametrize("behaviour", ["fails", "silent"])
def test_a_name_server_that_fails_takes_nobody_away(swarm, names, backend, behaviour):
    one = backend(says("one"))
    names.table["web"] = [one.host]
    live = swarm()
    live.add("web", "a.test", one)
    live.settles("a.test", b"one")
    wait_until(lambda: live.instance.status()["swarm_services"][0]["seen_in_dns"], "DNS was seen")
    before = live.docker()["dns_errors"]
    names.behaviour = behaviour
    wait_until(lambda: live.docker()["dns_errors"] >= before + 2, "it is noticed")
    assert answers(live, {b"one"})


def test_nothing_at_all_is_not_believed_against_the_engine(swarm, names, backend):
    one = backend(says("one"))
    names.table["web"] = [one.host]
    live = swarm()
    service = live.add("web", "a.test", one)
    live.settles("a.test", b"one")
    wait_until(lambda: live.instance.status()["swarm_services"][0]["seen_in_dns"], "DNS was seen")
    names.table["web"] = []
    asked = names.queries["web"]
    wait_until(lambda: names.queries["web"] > asked + 3, "DNS has said it several times")
    assert answers(live, {b"one"})
    (task,) = live.engine.tasks_of[service]
    live.engine.set_task_state(task, "shutdown", "shutdown")  # now the Engine says so, too
    live.engine.update(service)
    wait_until(lambda: live.body("a.test") is None, "nobody is left")
    assert live.instance.get(host="a.test").status == 503


def test_the_last_task_serves_until_it_has_ended(swarm, names, backend):
    """Stop-first with one task: Swarm says that it shall end seconds before it is told to."""
    one = backend(says("one"))
    names.table["web"] = [one.host]
    live = swarm()
    service = live.add("web", "a.test", one)
    live.settles("a.test", b"one")
    names.table["web"] = []
    (task,) = live.engine.tasks_of[service]
    live.engine.set_task_state(task, "running", "shutdown")
    live.engine.update(service)
    asked = names.queries["web"]
    wait_until(lambda: names.queries["web"] > asked + 3, "both sources have said it")
    assert answers(live, {b"one"})


def test_a_change_in_dns_makes_the_engine_be_asked(swarm, names, engine, backend):  # noqa: F811
    """Swarm has no events for tasks: a crash is seen by its record."""
    one, two = backend(says("one")), backend(says("two"))
    names.table["web"] = [one.host]
    live = swarm()
    service = live.add("web", "a.test", one)
    live.settles("a.test", b"one")
    wait_until(lambda: live.docker()["link"] == "live", "the link")
    engine.crash_task(service, address=two.host)
    names.table["web"] = [two.host]
    live.settles("a.test", b"two")


def test_without_an_engine_the_records_are_enough(swarm, names, backend):
    one, two = backend(says("one")), backend(says("two"))
    names.table["web"] = [one.host]
    live = swarm(
        docker={"endpoint": ""},
        domains={"a.test": f"web:{addresses.BACKEND_PORT}"},
        policy={"backend_encryption": "none", "exception": "DNS alone cannot prove it"},
    )
    live.settles("a.test", b"one")
    names.table["web"] = [two.host]
    live.settles("a.test", b"two")
    assert live.docker()["link"] == "off"


def test_without_an_engine_nobody_can_say_that_it_is_encrypted(swarm, names, backend):
    names.table["web"] = [backend().host]
    live = swarm(docker={"endpoint": ""}, domains={"a.test": f"web:{addresses.BACKEND_PORT}"})
    wait_until(lambda: b"backend_not_encrypted" in live.instance.get(host="a.test").body, "the gate")


def test_a_lost_engine_leaves_the_records_to_say_who_is_there(swarm, names, engine, backend):  # noqa: F811
    one, two = backend(says("one")), backend(says("two"))
    names.table["web"] = [one.host]
    live = swarm()
    live.add("web", "a.test", one)
    live.settles("a.test", b"one")
    engine.refuse(True)
    wait_until(lambda: live.docker()["link"] == "lost", "it is noticed")
    names.table["web"] = [two.host]  # the task was replaced, and no Engine says so
    live.settles("a.test", b"two")


def test_services_without_tasks_are_not_looked_up(swarm, names):
    live = swarm()
    live.add("empty", "a.test")
    wait_until(lambda: live.docker()["link"] == "live", "the link")
    wait_until(lambda: live.instance.status()["swarm_services"], "the service")
    assert live.docker()["dns_queries"] == names.queries["empty"] == 0
