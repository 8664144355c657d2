"""swarmward's own service is updated while it serves on two nodes: whoever asks the node that stays
notices nothing, and the leaving one finishes what it has."""

import concurrent.futures
import time

from lab import table
from lab.services import unix_time

PINNED = ("--constraint", "node.hostname!=node1")


def replaced(node, front, before, load):
    """The span in which the node's swarmward took no new connection: from the end of its old one, less
    the drain that the load's WebSockets make it wait for, to the begin of its new one."""
    drain = float(front.settings["shutdown"]["drain"].rstrip("s"))
    state = node.inspect("container", front.container(node))[0]["State"]
    return load.deaths[before[:12]] - drain, unix_time(state["StartedAt"])


def within(events, span):
    return [one for one in events if span[0] <= one["at"] <= span[1]]


def test_swarmward_is_updated_on_two_nodes(two_fronts):
    lab, front = two_fronts.lab, two_fronts.front
    two_fronts.create("shop", *PINNED, replicas=2)
    first, second = front.nodes
    before = {node.number: front.container(node) for node in front.nodes}
    since = time.time()
    with (
        two_fronts.load("shop", address=first.address) as to_first,
        two_fronts.load("shop", address=second.address) as to_second,
        concurrent.futures.ThreadPoolExecutor(4) as pool,
    ):
        slow = [
            pool.submit(two_fronts.get, "shop", "/slow?ms=2500", node.address) for node in front.nodes
        ]
        lab.update(front.service, "--force", "--update-delay", "5s", "--update-parallelism", "1")
        front.wait()
        for node in front.nodes:
            assert front.container(node) != before[node.number]
    assert [one.result().status for one in slow] == [200, 200]
    spans = {}
    for node, load in ((first, to_first), (second, to_second)):
        result = two_fronts.judge(f"swarmward is updated, seen at {node.name}", "-", load, since,
                                  note="refused while its own node's swarmward is replaced")  # fmt: skip
        # The leaving one refuses connections in the end; it never breaks an answer.
        assert set(result["kinds"]) <= {"ConnectionRefusedError", "websocket"}, result["failures"][:10]
        assert result["failures"], "it was replaced"
        spans[node.number] = replaced(node, front, before[node.number], load)
    for staying, load, leaving in ((first, to_first, second), (second, to_second, first)):
        span = spans[leaving.number]
        failed = within(load.result["failures"], span)
        closed = within(load.result["websockets"]["closed"], span)
        table.add_measure(
            f"swarmward is updated on {leaving.name}: {staying.name} meanwhile, {span[1] - span[0]:.0f} s",
            f"{len(failed)} failed, {len(closed)} WebSockets closed",
        )
        assert not failed and not closed, f"{staying.name}: {failed[:10]} {closed[:10]}"
