"""Tasks and machines that die without a word. What had not reached the dead task yet is answered by
another one; what had reached it and may not be sent twice is the only loss there may be."""

import signal
import time

import pytest
from lab.losses import Losses
from lab.services import assert_nothing_lost

BEHAVIOURS = pytest.mark.parametrize("exits", ["now", "stay"])
PINNED = ("--constraint", "node.hostname!=node1")


def assert_only_what_had_arrived_was_lost(services, result, dead, since):
    losses = Losses(services, dead, since)
    losses.assert_left_alone()
    losses.assert_only_arrived_ones(result)


@BEHAVIOURS
def test_a_task_is_killed(one_node, exits):
    one_node.create("shop", "--restart-delay", "3s", exits=exits, replicas=3)
    since = time.time()
    with one_node.load("shop") as load:
        node, container = one_node.lab.containers("shop")[0]
        dead = one_node.endpoints("shop", {container[:12]})
        killed = time.time()
        node.kill_container(container, signal.SIGKILL)
        one_node.wait_replaced("shop", 3, container)
        one_node.wait_served("shop", 3)
    result = one_node.judge("kill -9 of a task's process", exits, load, since)
    assert_only_what_had_arrived_was_lost(one_node, result, dead, killed)


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
    both = three_nodes.create_both(*PINNED, replicas=4)
    gone = {name: three_nodes.hosts_on(name, lab.nodes[3]) for _, name in both}
    dead = {name: three_nodes.endpoints(name, gone[name]) for _, name in both}
    since = time.time()
    with three_nodes.loads(both) as loads:
        killed = time.time()
        lab.nodes[3].signal_daemon(signal.SIGTERM)
        for _, name in both:
            three_nodes.wait_replaced(name, 4, *gone[name])
            three_nodes.wait_served(name, 4)
    lab.wait_node_ready("node3")
    for exits, name, load in loads:
        result = three_nodes.judge("another node's dockerd is restarted", exits, load, since, gone[name])
        assert_only_what_had_arrived_was_lost(three_nodes, result, dead[name], killed)


def test_a_node_loses_power(three_nodes):
    lab = three_nodes.lab
    three_nodes.create("shop", *PINNED, replicas=4)
    gone = three_nodes.hosts_on("shop", lab.nodes[3])
    dead = three_nodes.endpoints("shop", gone)
    since = time.time()
    with three_nodes.load("shop") as load:
        killed = time.time()
        lab.nodes[3].power_cut()
        three_nodes.wait_replaced("shop", 4, *gone)
        three_nodes.wait_served("shop", 4)
    lab.nodes[3].start()
    lab.wait_node_ready("node3")
    result = three_nodes.judge("a node's power is cut", "-", load, since, gone)
    assert_only_what_had_arrived_was_lost(three_nodes, result, dead, killed)


def test_a_cable_is_cut(three_nodes):
    lab = three_nodes.lab
    three_nodes.create("shop", *PINNED, replicas=4)
    gone = three_nodes.hosts_on("shop", lab.nodes[3])
    dead = three_nodes.endpoints("shop", gone)
    since = time.time()
    try:
        with three_nodes.load("shop") as load:
            killed = time.time()
            lab.wires.cut("n3")
            three_nodes.wait_replaced("shop", 4, *gone)
            three_nodes.wait_served("shop", 4)
    finally:
        lab.wires.heal("n3")
    lab.wait_node_ready("node3")
    result = three_nodes.judge("a node's cable is cut", "-", load, since, gone)
    assert_only_what_had_arrived_was_lost(three_nodes, result, dead, killed)
