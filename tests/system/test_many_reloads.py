"""10,000 reloads leave the memory flat and the traffic alone."""

import signal

from lab import process_table

RELOADS = 10_000


def memory(instance):
    return sum(process_table.memory_bytes(pid) for pid in instance.processes())


def descriptors(instance):
    return sum(process_table.descriptors(pid) for pid in instance.processes())


def reload_many(instance, count):
    """SIGHUPs, each when the one before is served: a signal that comes earlier would be merged."""
    wanted = instance.status()["generation"]
    for _ in range(count):
        wanted += 1
        seen = len(instance.log.seen)
        instance.send_signal(signal.SIGHUP)
        instance.log.wait(lambda line: f"generation={wanted}" in line, max(0, seen - 1))


def test_ten_thousand_reloads_leave_the_memory_flat(released, backend):
    names = [f"domain{number}.test" for number in range(20)]
    instance = released(
        {"app": backend()}, {name: "app" for name in names}, log={"error": {"level": "info"}}
    )
    with instance.client(host=names[0]) as client:
        assert client.ask().status == 200
        reload_many(instance, 500)  # every allocation that happens once has happened
        before = memory(instance), descriptors(instance)
        reload_many(instance, RELOADS - 500)
        after = memory(instance), descriptors(instance)
        assert client.ask().status == 200, "a connection from before all of them"
    assert after[0] - before[0] < 2_000_000, f"{before[0]} -> {after[0]} bytes"
    assert after[1] - before[1] < 10, f"{before[1]} -> {after[1]} descriptors"  # a rollout holds some
    assert all(one["snapshots_alive"] <= 2 for one in instance.status()["workers"])
