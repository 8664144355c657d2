"""domains.NAME.rate_limit: all workers together answer so many requests of one client. The rates here give
nothing back while a scenario runs, so that no scenario depends on the time."""

import os
import signal

from lab.process_table import wait_until
from test_counters import counts

TWO_WORKERS = ("--workers", "2")
ONE, OTHER = "127.0.0.77", "127.0.1.77"


def domains(rate="5/h", **more):
    limit = {"rate_limit": {"rate": rate, **more}, "routes": [{"path": "/", "service": "app"}]}
    return {"a.test": {**limit, "aliases": ["b.test"]}, "c.test": limit, "open.test": "app"}


def limited(serving, backend, *arguments, **more):
    return serving({"app": backend()}, domains(*arguments, **more), start=TWO_WORKERS)


def ask(instance, times, host="a.test", source=ONE):
    """Over a connection each, so that both workers have a share: the statuses."""
    seen = []
    for _ in range(times):
        with instance.client(host, source=source) as client:
            seen.append(client.ask().status)
    return seen


def test_two_workers_hold_one_rate(serving, backend):
    instance = limited(serving, backend)
    assert ask(instance, 40) == [200] * 5 + [429] * 35
    shares = [worker["requests"] for worker in instance.status()["workers"]]
    assert len(shares) == 2 and all(shares), shares
    counts(instance, "swarmward_refusals_total", {("rate_limited",): 35}, "reason")
    assert instance.exchange(lambda line: line["status"] == 429)["reason"] == "rate_limited"


def test_burst_is_what_may_come_at_once(serving, backend):
    instance = limited(serving, backend, burst=2)
    assert ask(instance, 6) == [200] * 2 + [429] * 4


def test_retry_after_says_when(serving, backend):
    instance = limited(serving, backend, rate="2/h")
    assert ask(instance, 2) == [200, 200]
    with instance.client(source=ONE) as client:
        answer = client.ask()
    assert (answer.status, 1700 < int(answer.get("Retry-After")) <= 1800) == (429, True)


def test_each_client_and_each_domain_has_its_own(serving, backend):
    instance = limited(serving, backend)
    assert ask(instance, 6)[-1] == 429
    assert ask(instance, 5, source=OTHER) == [200] * 5
    assert ask(instance, 5, "c.test") == [200] * 5
    assert ask(instance, 20, "open.test") == [200] * 20


def test_names_of_one_domain_share_it(serving, backend):
    instance = limited(serving, backend)
    assert ask(instance, 3) + ask(instance, 3, "b.test") == [200] * 5 + [429]


def test_one_connection_has_no_more(serving, backend):
    instance = limited(serving, backend)
    with instance.client(source=ONE) as client:
        assert [client.ask().status for _ in range(7)] == [200] * 5 + [429] * 2


def test_a_reload_and_a_killed_worker_forget_nothing(serving, backend):
    instance = limited(serving, backend)
    assert ask(instance, 5) == [200] * 5
    instance.write({"app": backend()}, domains("6/h"))
    instance.reload()
    before = instance.children("worker")
    os.kill(before[0], signal.SIGKILL)
    wait_until(lambda: len(set(instance.children("worker")) - {before[0]}) == 2, "it is replaced")
    wait_until(lambda: instance.get(host="open.test").status == 200, "it serves")
    assert 200 not in ask(instance, 20)[1:]  # at most the one that 6/h has more


def test_a_rate_that_is_taken_away_is_gone(serving, backend):
    instance = limited(serving, backend)
    assert ask(instance, 6)[-1] == 429
    instance.write({"app": backend()}, {"a.test": "app"})
    instance.reload()
    assert ask(instance, 10) == [200] * 10
