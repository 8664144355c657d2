"""At most so many requests at one endpoint at a time; some may wait, for a while."""

import threading


class Holding:
    """A backend that answers when it is told to."""

    def __init__(self, backend):
        self.turn = threading.Semaphore(0)
        self.arrived = threading.Semaphore(0)
        self.busy = self.most = 0
        self.lock = threading.Lock()
        self.backend = backend(self.script)

    def script(self, connection):
        while True:
            connection.read()
            with self.lock:
                self.busy += 1
                self.most = max(self.most, self.busy)
            self.arrived.release()
            assert self.turn.acquire(timeout=20)
            with self.lock:
                self.busy -= 1
            connection.answer(b"done")

    def wait_arrival(self):
        assert self.arrived.acquire(timeout=20)


def asking(instance):
    client = instance.client()
    client.send_head()
    return client


def test_one_more_waits_and_is_served_in_its_turn(serving, backend):
    app = Holding(backend)
    queue = {"size": 5, "timeout": "20s"}
    instance = serving({"app": app.backend}, defaults={"max_connections": 2, "queue": queue})
    clients = [asking(instance) for _ in range(6)]
    for _ in range(6):
        app.turn.release()
    assert [client.response().body for client in clients] == [b"done"] * 6
    assert app.most <= 2
    for client in clients:
        client.close()


def test_a_full_queue_is_503_at_once(serving, backend):
    app = Holding(backend)
    instance = serving(
        {"app": app.backend}, defaults={"max_connections": 1, "queue": {"size": 1, "timeout": "20s"}}
    )
    first, second = asking(instance), None
    app.wait_arrival()
    second = asking(instance)
    answers = []
    third = asking(instance)
    answers.append(third.response().status)
    assert answers == [503]
    assert instance.exchange(lambda line: line["status"] == 503)["reason"]
    app.turn.release()
    app.turn.release()
    assert [client.response().status for client in (first, second)] == [200, 200]
    for client in (first, second, third):
        client.close()


def test_without_a_queue_the_next_one_is_503(serving, backend):
    app = Holding(backend)
    instance = serving({"app": app.backend}, defaults={"max_connections": 1, "queue": {"size": 0}})
    first = asking(instance)
    app.wait_arrival()
    assert instance.get().status == 503
    app.turn.release()
    assert first.response().status == 200
    first.close()


def test_waiting_too_long_is_503(serving, backend):
    app = Holding(backend)
    queue = {"size": 5, "timeout": "100ms"}
    instance = serving({"app": app.backend}, defaults={"max_connections": 1, "queue": queue})
    first = asking(instance)
    app.wait_arrival()
    assert instance.get().status == 503
    app.turn.release()
    assert first.response().status == 200
    first.close()


def test_a_client_that_leaves_the_queue_costs_nobody_a_turn(serving, backend):
    app = Holding(backend)
    queue = {"size": 5, "timeout": "20s"}
    instance = serving({"app": app.backend}, defaults={"max_connections": 1, "queue": queue})
    first = asking(instance)
    app.wait_arrival()
    for _ in range(3):
        asking(instance).close()
    last = asking(instance)
    app.turn.release()
    app.turn.release()
    assert first.response().status == 200
    assert last.response().status == 200
    first.close()
    last.close()


def test_a_second_endpoint_takes_what_the_first_can_not(serving, backend):
    one, two = Holding(backend), Holding(backend)
    instance = serving(
        {"app": [one.backend, two.backend]}, defaults={"max_connections": 1, "queue": {"size": 0}}
    )
    clients = [asking(instance) for _ in range(2)]
    one.wait_arrival()
    two.wait_arrival()
    assert instance.get().status == 503
    one.turn.release()
    two.turn.release()
    assert [client.response().status for client in clients] == [200, 200]
    for client in clients:
        client.close()
