"""swarmward's own service is updated while it serves on two nodes: whoever asks the node that stays
notices nothing, and the leaving one finishes what it has."""

import concurrent.futures
import time

from lab import table

PINNED = ("--constraint", "node.hostname!=node1")


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
    gone = []
    for node, load in ((first, to_first), (second, to_second)):
        result = two_fronts.judge(f"swarmward is updated, seen at {node.name}", "-", load, since,
                                  note="refused while its own node's swarmward is replaced")  # fmt: skip
        # The leaving one refuses connections in the end; it never breaks an answer.
        assert set(result["kinds"]) <= {"ConnectionRefusedError", "websocket"}, result["failures"][:10]
        times = [one["at"] for one in result["failures"]]
        gone.append((min(times), max(times)) if times else None)
    assert None not in gone, "each of them was replaced"
    (a, b), (c, d) = sorted(gone)
    assert b < c, f"both nodes refused at the same time: {gone}"
    table.add_measure("swarmward is updated: the other node meanwhile", "0 failed")
