"""Which endpoint gets the next request."""

import threading
from collections import Counter

from lab import addresses, backends
from lab.backends import says


def asked(instance, count, **options):
    with instance.client(**options) as client:
        return Counter(client.ask().body.decode() for _ in range(count))


def named(backend, count):
    return [backend(says(str(number))) for number in range(count)]


def test_round_robin_gives_everyone_the_same(serving, backend):
    instance = serving({"app": named(backend, 3)}, defaults={"balance": "round_robin"})
    assert asked(instance, 30) == {"0": 10, "1": 10, "2": 10}


def test_round_robin_follows_the_weights(serving, backend):
    heavy, light = named(backend, 2)
    servers = [{"address": heavy.at, "weight": 3}, {"address": light.at, "weight": 1}]
    instance = serving({"app": {"servers": servers, "balance": "round_robin"}})
    assert asked(instance, 40) == {"0": 30, "1": 10}


def test_least_conn_avoids_the_busy_one(serving, backend):
    release = threading.Event()

    def slow(connection):
        request = connection.read()
        if request.target == "/hold":
            release.wait(20)
        connection.answer(b"slow")
        backends.says("slow")(connection)

    instance = serving(
        {"app": [backend(slow), backend(says("quick"))]}, defaults={"balance": "least_conn"}
    )
    holders = []
    while "held" not in [name for name, _ in holders]:
        client = instance.client()
        client.send_head(target="/hold")
        client.sock.settimeout(0.5)
        try:
            holders.append((client.response().body.decode(), client))
        except TimeoutError:
            holders.append(("held", client))
    # with power of two choices and two endpoints, both are always looked at
    assert asked(instance, 20) == {"quick": 20}
    release.set()
    for _, client in holders:
        client.close()


def test_least_conn_uses_all_when_none_is_busy(serving, backend):
    instance = serving({"app": named(backend, 3)}, defaults={"balance": "least_conn"})
    assert set(asked(instance, 100)) == {"0", "1", "2"}


def test_least_conn_follows_the_weights(serving, backend):
    """Ten at once on weights 4 to 1: about eight and two."""
    arrived, release = threading.Semaphore(0), threading.Event()

    def hold(name):
        def script(connection):
            connection.read()
            arrived.release()
            release.wait(20)
            connection.answer(name)

        return script

    heavy, light = backend(hold(b"heavy")), backend(hold(b"light"))
    servers = [{"address": heavy.at, "weight": 4}, {"address": light.at, "weight": 1}]
    instance = serving({"app": {"servers": servers, "balance": "least_conn"}})
    clients = []
    for _ in range(10):
        clients.append(instance.client())
        clients[-1].send_head()
        assert arrived.acquire(timeout=20)
    release.set()
    got = Counter(client.response().body for client in clients)
    for client in clients:
        client.close()
    assert 7 <= got[b"heavy"] <= 9


def test_source_hash_keeps_a_client_at_its_endpoint(serving, backend):
    instance = serving({"app": named(backend, 4)}, defaults={"balance": "source_hash"})
    sources = [addresses.fresh() for _ in range(24)]
    first = {source: asked(instance, 3, source=source) for source in sources}
    assert all(len(seen) == 1 for seen in first.values())
    assert len({next(iter(seen)) for seen in first.values()}) >= 3
    assert {source: asked(instance, 3, source=source) for source in sources} == first


def test_source_hash_moves_only_the_clients_of_what_is_gone(serving, backend):
    apps = named(backend, 4)
    instance = serving({"app": apps}, defaults={"balance": "source_hash"})
    sources = [addresses.fresh() for _ in range(24)]
    before = {source: next(iter(asked(instance, 1, source=source))) for source in sources}
    instance.write({"app": apps[:3]}, defaults={"balance": "source_hash"})
    instance.reload()
    after = {source: next(iter(asked(instance, 1, source=source))) for source in sources}
    assert all(after[source] == before[source] for source in sources if before[source] != "3")
    assert "3" not in after.values()


def test_two_services_do_not_mix(serving, backend):
    one, two = backend(says("one")), backend(says("two"))
    instance = serving({"one": one, "two": two}, {"a.test": "one", "b.test": "two"})
    for _ in range(5):
        assert instance.get(host="a.test").body == b"one"
        assert instance.get(host="b.test").body == b"two"
