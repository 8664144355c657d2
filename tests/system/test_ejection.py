"""Endpoints that fail are left alone for a while, but never more than half of them."""

from collections import Counter

from lab import process_table
from lab.backends import says
from test_retry import refused


def endpoint(instance, address):
    for service in instance.status()["services"]:
        for one in service["endpoints"]:
            if one["address"] == address:
                return one
    raise KeyError(address)


def serve(serving, servers, **outlier):
    entry = {"servers": [getattr(server, "at", server) for server in servers], "balance": "round_robin"}
    return serving({"app": entry}, defaults={"retries": 1, "retry_budget": "100%", "outlier": outlier})


def test_one_failed_connect_ejects(serving, backend):
    dead = refused()
    instance = serve(serving, [dead, backend()], base_ejection="1h", max_ejection="1h")
    for _ in range(10):
        assert instance.get().status == 200
    instance.exchange(after=9)  # the lines of all ten are there
    retries = [line for line in instance.access.seen if '"retries":1' in line.replace(" ", "")]
    assert len(retries) == 1
    assert endpoint(instance, dead)["state"] == "ejected"


def test_ejection_waits_for_the_set_number_of_failures(serving, backend):
    dead = refused()
    instance = serve(serving, [dead, backend()], failures=3, base_ejection="1h", max_ejection="1h")
    for _ in range(20):
        assert instance.get().status == 200
    instance.exchange(after=19)
    retries = [line for line in instance.access.seen if '"retries":1' in line.replace(" ", "")]
    assert len(retries) == 3


def test_an_ejected_endpoint_comes_back(serving, backend):
    other = backend(says("other"))
    back = backend(says("back"), accepting=False)
    instance = serve(serving, [back, other], base_ejection="100ms", max_ejection="200ms")
    for _ in range(4):
        assert instance.get().status == 200
    back.listen()
    process_table.wait_until(lambda: instance.get().body == b"back", "the endpoint is asked again")
    assert endpoint(instance, back.at)["state"] in ("up", "ok", "healthy", "unknown")


def test_half_of_the_endpoints_stay_whatever_happens(serving):
    """All four dead: with at most half ejected, connects are still tried."""
    instance = serve(serving, [refused() for _ in range(4)], base_ejection="1h", max_ejection="1h")
    for _ in range(12):
        assert instance.get().status in (502, 503)
    states = Counter(one["state"] for one in instance.status()["services"][0]["endpoints"])
    assert states["ejected"] <= 2


def test_the_only_endpoint_is_never_ejected(serving, backend):
    only = backend(accepting=False)
    instance = serve(serving, [only], base_ejection="1h", max_ejection="1h")
    assert instance.get().status in (502, 503)
    only.listen()
    assert instance.get().status == 200


def test_bad_answers_do_not_eject_but_broken_connections_do(serving, backend):
    def errors(connection):
        while True:
            connection.read()
            connection.answer(b"", "500 Internal Server Error")

    bad = backend(errors)
    instance = serve(serving, [bad, backend()], base_ejection="1h", max_ejection="1h")
    assert sorted({instance.get().status for _ in range(8)}) == [200, 500]


def test_ejection_survives_a_reload(serving, backend):
    dead = refused()
    instance = serve(serving, [dead, backend()], base_ejection="1h", max_ejection="1h")
    for _ in range(4):
        assert instance.get().status == 200
    instance.reload()
    for _ in range(4):
        assert instance.get().status == 200
    assert endpoint(instance, dead)["state"] == "ejected"


