"""A new endpoint begins with little."""

from collections import Counter

from lab.backends import says


def test_an_endpoint_that_joins_gets_few_requests_at_first(serving, backend):
    old, new = backend(says("old")), backend(says("new"))
    policy = {"balance": "round_robin", "slow_start": "1h"}
    instance = serving({"app": {"servers": [old.at], **policy}})
    assert instance.get().status == 200
    instance.write({"app": {"servers": [old.at, new.at], **policy}})
    instance.reload()
    seen = Counter(instance.get().body for _ in range(60))
    assert seen[b"new"] < 15


def test_without_slow_start_it_gets_its_share_at_once(serving, backend):
    old, new = backend(says("old")), backend(says("new"))
    policy = {"balance": "round_robin"}
    instance = serving({"app": {"servers": [old.at], **policy}})
    assert instance.get().status == 200
    instance.write({"app": {"servers": [old.at, new.at], **policy}})
    instance.reload()
    assert Counter(instance.get().body for _ in range(60)) == {b"old": 30, b"new": 30}


def test_at_a_fresh_start_nobody_is_held_back(serving, backend):
    both = [backend(says("one")).at, backend(says("two")).at]
    instance = serving({"app": {"servers": both, "balance": "round_robin", "slow_start": "1h"}})
    assert Counter(instance.get().body for _ in range(20)) == {b"one": 10, b"two": 10}
