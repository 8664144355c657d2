"""Rolling updates and scaling under load: no request is lost, and no WebSocket is closed but those to
a stopped task. Tasks that exit at once on SIGTERM and tasks that do not are there at the same time, each
with a load of its own."""

import time

import pytest
from lab.services import assert_nothing_lost, for_both_kinds_of_tasks

UPDATES = 10
SCALES = [8, 2]


@pytest.mark.parametrize("order", ["stop-first", "start-first"])
def test_ten_rolling_updates(one_node, order):
    def updated(exits):
        name = f"shop-{exits}"
        one_node.create(name, "--update-order", order, exits=exits)
        since = time.time()
        with one_node.load(name) as load:
            for version in range(2, UPDATES + 2):
                one_node.lab.update(name, "--env-add", f"VERSION={version}")
            one_node.lab.wait_running(name, 2)  # and none of before
            one_node.wait_served(name, 2)
        assert one_node.get(name).said["version"] == str(UPDATES + 1)
        return one_node.judge(f"{UPDATES} rolling updates, {order}", exits, load, since)

    for_both_kinds_of_tasks(updated, assert_nothing_lost)


def test_scaling(one_node):
    def scaled(exits):
        name = f"shop-{exits}"
        one_node.create(name, exits=exits, replicas=1)
        since = time.time()
        with one_node.load(name) as load:
            for replicas in SCALES:
                one_node.lab.docker("service", "scale", "--detach", f"{name}={replicas}")
                one_node.lab.wait_running(name, replicas)
                one_node.wait_served(name, replicas)
        return one_node.judge("scaling 1 → 8 → 2", exits, load, since)

    for_both_kinds_of_tasks(scaled, assert_nothing_lost)


def test_an_unrelated_service_crashes_and_is_updated_by_force(one_node):
    both = one_node.create_both()
    one_node.create("crasher", "--env", "CRASH_MS=200", "--restart-delay", "100ms",
                    labels={"swarmward.enable": "false"}, replicas=3, wait=False)  # fmt: skip
    since = time.time()
    with one_node.loads(both) as loads:
        for _ in range(3):
            before = len(one_node.deaths(since, time.time()))
            one_node.lab.docker("service", "update", "--detach", "--force", "crasher")
            one_node.wait_deaths(since, before + 6)
    crashed = len(one_node.deaths(since, time.time()))
    for exits, _, load in loads:
        result = one_node.judge(
            "forced update of an unrelated crash loop", exits, load, since, note=f"{crashed} crashes"
        )
        assert_nothing_lost(result)
        assert result["websockets"]["closed"] == []
