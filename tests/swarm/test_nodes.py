"""Nodes that come, and managers that go: the swarm changes its shape, and traffic does not notice."""

import time

from lab.services import assert_nothing_lost
from lab.shell import wait_until

HELD_SECONDS = 15  # longer than Docker and swarmward need to find out


def test_a_node_joins(one_node):
    """Its Engine's version, which the encryption gate asks for, is known a moment later."""
    one_node.create("shop")
    since = time.time()
    lab = one_node.lab
    with one_node.load("shop") as load:
        joined = lab.add()
        try:
            lab.wait_node_ready(joined.name)
            looked = one_node.proxy.counts["/nodes"]
            lab.docker("node", "update", "--label-add", "rack=2", joined.name)
            wait_until(lambda: one_node.proxy.counts["/nodes"] > looked, "swarmward has looked at the nodes", 60)
            one_node.wait_served("shop", 2)
        finally:
            lab.remove(joined)
    result = one_node.judge("a node joins, and leaves", "-", load, since)
    assert_nothing_lost(result)
    assert result["websockets"]["closed"] == []


def has_leader(node):
    return bool(node.docker("node", "ls", "-q", check=False))


def test_two_of_three_managers_lose_power(three_managers):
    """What is left has no leader, and its Engine answers every question about the swarm with an error."""
    lab = three_managers.lab
    both = three_managers.create_both("--constraint", "node.hostname==node1")
    since = time.time()
    with three_managers.loads(both) as loads:
        for number in (2, 3):
            lab.nodes[number].power_cut()
        wait_until(lambda: not has_leader(lab.nodes[1]), "there is no leader", 60, 0.2)
        three_managers.wait_until_time(time.time() + HELD_SECONDS)
        for _, name in both:
            assert three_managers.get(name).status == 200
        for number in (2, 3):
            lab.nodes[number].start()
        wait_until(lambda: has_leader(lab.nodes[1]), "there is a leader again", 90, 0.2)
        three_managers.wait_discovery_live()
        for _, name in both:
            three_managers.wait_served(name, 2)
    for exits, _, load in loads:
        result = three_managers.judge("two of three managers lose power", exits, load, since)
        assert_nothing_lost(result)
        assert result["websockets"]["closed"] == []
