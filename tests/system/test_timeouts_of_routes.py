"""The timeouts of a route."""

import threading


def test_response_timeout_is_504(serving, backend):
    app = backend(lambda connection: (connection.read(), connection.wait_for_end()))
    instance = serving({"app": app}, defaults={"timeout": {"response": "200ms"}, "retries": 0})
    assert instance.get(method="POST", body=b"x").status == 504


def test_response_timeout_counts_from_the_end_of_the_request(serving, backend):
    """An upload that takes longer than the timeout is fine while it moves."""

    def script(connection):
        connection.read()
        connection.answer(b"done")

    instance = serving({"app": backend(script)}, defaults={"timeout": {"response": "500ms"}})
    moved = threading.Event()
    with instance.client() as client:
        client.send_head("POST", fields={"Content-Length": 20})
        for _ in range(20):
            client.send("x")
            moved.wait(0.05)
        assert client.response().body == b"done"


def test_idle_timeout_cuts_a_response_that_stops(serving, backend):
    def script(connection):
        connection.read()
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
        connection.wait_for_end()

    instance = serving({"app": backend(script)}, defaults={"timeout": {"idle": "200ms"}})
    with instance.client() as client:
        client.send_head()
        assert client.reader.head().status == 200
        assert client.reader.chunk() == b"half"
        assert b"0\r\n\r\n" not in client.rest()


def test_idle_timeout_lets_a_slow_stream_pass(serving, backend):
    pause = threading.Event()

    def script(connection):
        connection.read()
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n")
        for _ in range(20):
            connection.send("x")
            pause.wait(0.05)

    instance = serving({"app": backend(script)}, defaults={"timeout": {"idle": "600ms"}})
    assert instance.get().body == b"x" * 20


def test_a_route_has_its_own_timeouts(serving, backend):
    slow = backend(lambda connection: (connection.read(), connection.wait_for_end()))
    routes = [
        {"name": "short", "path": "/short", "service": "app", "timeout": {"response": "200ms"}, "retries": 0},
        {"name": "app", "path": "/", "service": "app"},
    ]
    instance = serving({"app": slow}, {"a.test": {"routes": routes}})
    with instance.client() as patient:
        patient.send_head(target="/long")
        assert instance.get("/short").status == 504
        slow.wait_connections(2)
