"""The Docker API fails in every way it can; traffic does not notice, and no route is lost."""

import signal
import time

import pytest
from lab.services import assert_nothing_lost

PINNED = ("--constraint", "node.hostname!=node1")

# What the API does, for how many seconds.
FAULTS = {
    "error": 10,
    "garbage": 10,
    "nonsense": 10,
    "close": 10,
    "silence": 60,
}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["restarted", "killed"])
def test_the_managers_daemon_ends_and_comes_back(three_nodes, number):
    three_nodes.create("shop", *PINNED, replicas=4)
    since = time.time()
    with three_nodes.load("shop") as load:
        three_nodes.lab.nodes[1].signal_daemon(number)
        three_nodes.wait_discovery_live()
        three_nodes.wait_served("shop", 4)
    name = "restarted" if number == signal.SIGTERM else "killed"
    result = three_nodes.judge(f"the manager's dockerd is {name}", "-", load, since)
    assert_nothing_lost(result)
    assert result["websockets"]["closed"] == []


def test_the_event_stream_is_cut_again_and_again(one_node):
    one_node.create("shop")
    since = time.time()
    with one_node.load("shop") as load:
        for _ in range(5):
            assert one_node.proxy.cut_events()
            one_node.wait_discovery_live()
            one_node.wait_event_stream()
    result = one_node.judge("the event stream is cut, 5 times", "-", load, since)
    assert_nothing_lost(result)
    assert result["websockets"]["closed"] == []


@pytest.mark.parametrize("kind", FAULTS)
def test_the_api_fails(one_node, kind):
    """While it does, a task dies and is replaced: DNS alone tells swarmward."""
    one_node.create("shop", "--update-order", "start-first")
    since = time.time()
    with one_node.load("shop") as load:
        one_node.proxy.fault(kind)
        end = time.time() + FAULTS[kind]
        one_node.lab.update("shop", "--env-add", "VERSION=2")
        one_node.lab.wait_running("shop", 2)
        one_node.wait_until_time(end)
        one_node.proxy.fault(None)
        one_node.wait_discovery_live()
        one_node.wait_served("shop", 2)
    result = one_node.judge(
        f"the API answers with {kind} for {FAULTS[kind]} s, and a rolling update", "now", load, since
    )
    assert_nothing_lost(result)
