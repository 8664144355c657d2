"""Tasks and machines that die without a word. What had not reached the dead task yet is answered by
another one; what had reached it and may not be sent twice is the only loss there may be."""

import json
import signal
import time

import pytest
from lab.services import assert_nothing_lost

BEHAVIOURS = pytest.mark.parametrize("exits", ["now", "stay"])
PINNED = ("--constraint", "node.hostname!=node1")


def assert_only_what_had_arrived_was_lost(result):
    """A POST whose bytes were on their way to the dead task; never a GET, which is asked elsewhere."""
    lost = [one for one in result["failures"] if one["method"] != "POST"]
    assert not lost, json.dumps(lost)
    unexpected = [one for one in result["failures"] if one["kind"] not in ("502", "504")]
    assert not unexpected, json.dumps(unexpected)
    assert result["others"] == [], result["others"]
    assert result["rate"] >= 200, result["rate"]


def assert_no_request_after_the_ejection(services, since, until, slack=0.1):
    """A request that was retried, or failed, was sent to the dead task: none may begin after the first
    that could not connect, which the log calls an ejection. A kept connection that closes is no proof
    of a dead task (docs/decisions/retries-and-ejection.md)."""
    ejected = services.ejections(since, until)
    if not ejected:
        return  # the API or DNS was faster
    late = [
        line for line in services.accesses(since, until)
        if (line["retries"] or line["status"] >= 500) and line["begin"] > min(ejected) + slack
    ]  # fmt: skip
    assert not late, f"ejected at {min(ejected)}, and asked again: {json.dumps(late[:10])}"


@BEHAVIOURS
def test_a_task_is_killed(one_node, exits):
    one_node.create("shop", "--restart-delay", "3s", exits=exits, replicas=3)
    since = time.time()
    with one_node.load("shop") as load:
        node, container = one_node.lab.containers("shop")[0]
        killed = time.time()
        node.kill_container(container, signal.SIGKILL)
        one_node.wait_replaced("shop", 3, container)
        one_node.wait_served("shop", 3)
    result = one_node.judge("kill -9 of a task's process", exits, load, since)
    assert_only_what_had_arrived_was_lost(result)
    # Swarm starts another one after three seconds, at another address.
    assert_no_request_after_the_ejection(one_node, killed, killed + 3)


@BEHAVIOURS
def test_a_node_is_drained(three_nodes, exits):
    three_nodes.create("shop", *PINNED, exits=exits, replicas=4)
    since = time.time()
    with three_nodes.load("shop") as load:
        three_nodes.lab.docker("node", "update", "--availability", "drain", "node3")
        three_nodes.wait_moved("shop", 4, three_nodes.lab.nodes[3])
        three_nodes.wait_served("shop", 4)
    three_nodes.lab.docker("node", "update", "--availability", "active", "node3")
    assert_nothing_lost(three_nodes.judge("a node is drained", exits, load, since))


def test_another_nodes_daemon_is_restarted(three_nodes):
    """It stops its tasks without the two seconds that swarm gives them, and swarm starts new ones."""
    lab = three_nodes.lab
    three_nodes.create("shop", *PINNED, replicas=4)
    gone = three_nodes.hosts_on("shop", lab.nodes[3])
    assert gone
    since = time.time()
    with three_nodes.load("shop") as load:
        lab.nodes[3].signal_daemon(signal.SIGTERM)
        three_nodes.wait_replaced("shop", 4, *gone)
        three_nodes.wait_served("shop", 4)
    lab.wait_node_ready("node3")
    result = three_nodes.judge("another node's dockerd is restarted", "now", load, since, gone)
    assert_only_what_had_arrived_was_lost(result)


def test_a_node_loses_power(three_nodes):
    lab = three_nodes.lab
    three_nodes.create("shop", *PINNED, replicas=4)
    dead = three_nodes.hosts_on("shop", lab.nodes[3])
    assert dead
    since = time.time()
    with three_nodes.load("shop") as load:
        lab.nodes[3].power_cut()
        three_nodes.wait_replaced("shop", 4, *dead)
        three_nodes.wait_served("shop", 4)
    lab.nodes[3].start()
    lab.wait_node_ready("node3")
    result = three_nodes.judge("a node's power is cut", "-", load, since, dead)
    assert_only_what_had_arrived_was_lost(result)


def test_a_cable_is_cut(three_nodes):
    lab = three_nodes.lab
    three_nodes.create("shop", *PINNED, replicas=4)
    dead = three_nodes.hosts_on("shop", lab.nodes[3])
    assert dead
    since = time.time()
    try:
        with three_nodes.load("shop") as load:
            lab.wires.cut("n3")
            three_nodes.wait_replaced("shop", 4, *dead)
            three_nodes.wait_served("shop", 4)
    finally:
        lab.wires.heal("n3")
    lab.wait_node_ready("node3")
    result = three_nodes.judge("a node's cable is cut", "-", load, since, dead)
    assert_only_what_had_arrived_was_lost(result)
