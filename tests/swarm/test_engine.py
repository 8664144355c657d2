"""The Docker API fails in every way it can; traffic does not notice, and no route is lost."""

import signal
import time

import pytest
from lab.services import assert_nothing_lost

PINNED = ("--constraint", "node.hostname!=node1")

# What the API does, for how many seconds.
FAULTS = {
    "error": 60,
    "garbage": 60,
    "nonsense": 10,
    "close": 10,
    "silence": 60,
}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["restarted", "killed"])
def test_the_managers_daemon_ends_and_comes_back(three_nodes, number):
    both = three_nodes.create_both(*PINNED, replicas=4)
    since = time.time()
    with three_nodes.loads(both) as loads:
        three_nodes.lab.nodes[1].signal_daemon(number)
        three_nodes.wait_discovery_live()
        for _, name in both:
            three_nodes.wait_served(name, 4)
    what = "restarted" if number == signal.SIGTERM else "killed"
    for exits, _, load in loads:
        result = three_nodes.judge(f"the manager's dockerd is {what}", exits, load, since)
        assert_nothing_lost(result)
        assert result["websockets"]["closed"] == []


def test_the_event_stream_is_cut_again_and_again(one_node):
    """While a task of each service is replaced."""
    both = one_node.create_both("--update-order", "start-first")
    since = time.time()
    with one_node.loads(both) as loads:
        for _ in range(5):
            assert one_node.proxy.cut_events()
            one_node.wait_discovery_live()
            one_node.wait_event_stream()
        one_node.proxy.cut_events()
        one_node.update_together(*(name for _, name in both), version=2)
        for _, name in both:
            one_node.wait_ready(name, 2)
    for exits, _, load in loads:
        result = one_node.judge("the event stream is cut, 6 times, and a rolling update", exits, load, since)
        assert_nothing_lost(result)


@pytest.mark.parametrize("kind", FAULTS)
def test_the_api_fails(one_node, kind):
    """While it does, tasks are replaced: DNS alone tells swarmward."""
    both = one_node.create_both("--update-order", "start-first")
    since = time.time()
    with one_node.loads(both) as loads:
        one_node.proxy.fault(kind)
        end = time.time() + FAULTS[kind]
        one_node.update_together(*(name for _, name in both), version=2)
        for _, name in both:
            one_node.lab.wait_running(name, 2)
        one_node.wait_until_time(end)
        one_node.proxy.fault(None)
        one_node.wait_discovery_live()
        for _, name in both:
            one_node.wait_served(name, 2)
    for exits, _, load in loads:
        result = one_node.judge(
            f"the API answers with {kind} for {FAULTS[kind]} s, and a rolling update", exits, load, since
        )
        assert_nothing_lost(result)
