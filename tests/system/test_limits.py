"""Every limit of the section `limits`, each with a small value of its own."""

import socket
import ssl

import pytest
from lab import addresses, backends, messages


def limited(serving, app, **limits):
    return serving({"app": app}, limits=limits)


# -- handshake and head


def test_handshake_timeout_closes_a_connection_that_says_nothing(serving, backend):
    instance = limited(serving, backend(), handshake_timeout="200ms")
    with instance.client(context=None) as client:
        assert client.is_closed()
    assert instance.get().status == 200


def test_handshake_timeout_is_absolute(serving, backend):
    """A byte now and then does not help."""
    instance = limited(serving, backend(), handshake_timeout="200ms")
    with instance.client(context=None) as client:
        client.sock.settimeout(0.02)
        hello = b"\x16\x03\x01\x01\x00" + bytes(250)
        with pytest.raises(OSError):
            for number in range(len(hello)):
                client.send(hello[number : number + 1])
                try:
                    if client.sock.recv(100) == b"":
                        raise ConnectionError
                except TimeoutError:
                    pass


def test_header_timeout_is_408_and_close(serving, backend):
    app = backend()
    instance = limited(serving, app, header_timeout="200ms")
    with instance.client() as client:
        client.send("GET / HTTP/1.1\r\nHost: a.")
        assert client.response().status == 408
        assert client.is_closed()
    assert app.received == b""
    assert instance.exchange()["reason"]


def test_header_timeout_is_absolute(serving, backend):
    instance = limited(serving, backend(), header_timeout="200ms")
    with instance.client() as client:
        client.sock.settimeout(0.02)
        client.send("GET / HTTP/1.1\r\nHost: a.test\r\n")
        seen = b""
        for _ in range(1000):
            try:
                client.send("X-A: b\r\n")
                seen += client.sock.recv(1000)
            except TimeoutError:
                continue
            except OSError:
                break
            if seen:
                break
        assert seen.startswith(b"HTTP/1.1 4")  # 408, before the number of fields counts


def test_header_timeout_holds_on_port_80_too(serving, backend):
    instance = limited(serving, backend(), header_timeout="200ms")
    with instance.plain_client() as client:
        client.send("GET / HTTP/1.1\r\nHost: a.")
        client.rest()
    with instance.plain_client() as client:
        assert client.is_closed()


def test_header_bytes_is_431(serving, backend):
    app = backend()
    instance = limited(serving, app, header={"bytes": "1KiB", "uri": "512B"})
    with instance.client() as client:
        assert client.ask(fields={"X-A": "b" * 2000}).status == 431
        assert client.is_closed()
    assert app.received == b""
    assert instance.get(fields={"X-A": "b" * 500}).status == 200


def test_header_bytes_counts_what_has_no_end(serving, backend):
    instance = limited(serving, backend(), header={"bytes": "1KiB", "uri": "512B"})
    with instance.client() as client:
        client.send("GET / HTTP/1.1\r\nHost: a.test\r\nX-A: " + "b" * 5000)
        assert client.response().status == 431


def test_header_fields_is_431(serving, backend):
    app = backend()
    instance = limited(serving, app, header={"fields": 10})
    few = [(f"X-{number}", "x") for number in range(9)]
    assert instance.get(fields=few).status == 200
    assert instance.get(fields=few * 2).status == 431
    assert len(app.connections) == 1


def test_header_uri_is_414(serving, backend):
    app = backend()
    instance = limited(serving, app, header={"uri": "256B"})
    assert instance.get("/" + "x" * 200).status == 200
    assert instance.get("/" + "x" * 300).status == 414
    assert app.asked() == 1


# -- bodies


def test_body_size_is_413_before_a_backend_is_asked(serving, backend):
    app = backend(backends.echo)
    instance = serving({"app": app}, defaults={"max_body": "100B"})
    assert instance.get(method="POST", body=b"x" * 100).status == 200
    with instance.client() as client:
        client.send_head("POST", fields={"Content-Length": 101})
        assert client.response().status == 413
    assert app.asked() == 1


def test_body_size_counts_chunks(serving, backend):
    app = backend(backends.echo)
    instance = serving({"app": app}, defaults={"max_body": "100B"})
    with instance.client() as client:
        client.send_head("POST", fields={"Transfer-Encoding": "chunked"})
        client.send(messages.chunked(b"x" * 60, b"x" * 60))
        assert client.response().status == 413
    assert app.asked() == 0
    assert b"0\r\n\r\n" not in app.received


def test_body_size_zero_is_no_limit(serving, backend):
    instance = serving({"app": backend(backends.echo)}, defaults={"max_body": 0})
    assert len(instance.get(method="POST", body=b"x" * 1_000_000).body) == 1_000_000


def test_body_size_of_a_route_goes_before_the_default(serving, backend):
    routes = [
        {"name": "big", "path": "/big", "service": "app", "max_body": "1MiB"},
        {"name": "app", "path": "/", "service": "app"},
    ]
    instance = serving({"app": backend(backends.echo)}, {"a.test": {"routes": routes}}, defaults={"max_body": "10B"})
    assert instance.get("/big", method="POST", body=b"x" * 1000).status == 200
    assert instance.get("/", method="POST", body=b"x" * 1000).status == 413


def test_body_idle_is_408_and_the_backend_is_let_go(serving, backend):
    app = backend(backends.echo)
    instance = limited(serving, app, body_idle="200ms")
    with instance.client() as client:
        client.send_head("POST", fields={"Content-Length": 100})
        client.send("half")
        assert client.response().status == 408
        assert client.is_closed()
    assert app.asked() == 0
    assert instance.exchange()["reason"]


def test_body_min_rate_ends_a_drip(serving, backend):
    instance = limited(serving, backend(backends.echo), body_min_rate="100000B/s", body_grace="300ms", body_idle="20s")
    with instance.client() as client:
        client.sock.settimeout(0.02)
        client.send_head("POST", fields={"Content-Length": 100_000})
        seen = b""
        for _ in range(2000):
            try:
                client.send("x")
                seen += client.sock.recv(1000)
            except TimeoutError:
                continue
            except OSError:
                break
            if seen:
                break
        assert seen.startswith(b"HTTP/1.1 408")


def test_body_min_rate_lets_a_quick_body_pass(serving, backend):
    instance = limited(serving, backend(backends.echo), body_min_rate="100B/s", body_grace="100ms")
    assert instance.get(method="POST", body=b"x" * 3_000_000).status == 200


def test_write_idle_ends_a_client_that_does_not_read(serving, backend):
    def endless(connection):
        connection.read()
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            connection.send(b"x" * 65536)

    app = backend(endless)
    instance = limited(serving, app, write_idle="300ms")
    with instance.client(small=True) as client:
        client.send_head()
        line = instance.exchange()  # written when the exchange ends, and the client read nothing
        assert line["reason"]


# -- keep-alive


def test_keepalive_idle_closes(serving, backend):
    instance = limited(serving, backend(), keepalive={"idle": "200ms"})
    with instance.client() as client:
        assert client.ask().status == 200
        assert client.is_closed()


def test_keepalive_idle_closes_before_the_first_request_too(serving, backend):
    instance = limited(serving, backend(), keepalive={"idle": "200ms"}, header_timeout="200ms")
    with instance.client() as client:
        client.rest()


def test_keepalive_requests_says_close_on_the_last(serving, backend):
    instance = limited(serving, backend(), keepalive={"requests": 3})
    with instance.client() as client:
        assert [client.ask().get("Connection") for _ in range(3)] == [None, None, "close"]
        assert client.is_closed()


def test_keepalive_max_age_says_close(serving, backend):
    instance = limited(serving, backend(), keepalive={"max_age": "300ms"})
    with instance.client() as client:
        seen = None
        while seen is None:
            seen = client.ask().get("Connection")
        assert seen == "close"
        assert client.is_closed()


# -- numbers of connections


def test_connections_total_shows_out_the_oldest_idle_one(serving, backend):
    instance = limited(serving, backend(), connections={"total": 4})
    clients = [instance.client() for _ in range(4)]
    for client in clients:
        assert client.ask().status == 200
    with instance.client() as one_more:
        assert one_more.ask().status == 200
        assert clients[0].is_closed()
        for client in clients[1:]:
            assert client.ask().status == 200
    for client in clients:
        client.close()


def test_connections_total_never_ends_what_is_busy(serving, backend):
    """All are busy: the next one waits in the kernel's queue or is refused; the busy ones finish."""

    def held(connection):
        while True:
            connection.read()
            connection.backend.arrived_requests.release()
            assert connection.backend.turn.acquire(timeout=20)
            connection.answer(b"done")

    import threading

    app = backend(held)
    app.turn, app.arrived_requests = threading.Semaphore(0), threading.Semaphore(0)
    instance = limited(serving, app, connections={"total": 3})
    busy = [instance.client() for _ in range(3)]
    for client in busy:
        client.send_head()
        assert app.arrived_requests.acquire(timeout=20)
    late = socket.create_connection(instance.https, 20)
    for _ in busy:
        app.turn.release()
    assert [client.response().body for client in busy] == [b"done"] * 3
    late.close()
    for client in busy:
        client.close()


def test_connections_per_ip(serving, backend):
    instance = limited(serving, backend(), connections={"per_ip": 2})
    here, there = addresses.fresh(), addresses.fresh()
    kept = [instance.client(source=here) for _ in range(2)]
    for client in kept:
        assert client.ask().status == 200
    with pytest.raises((OSError, ssl.SSLError, messages.Ended)):
        with instance.client(source=here) as one_too_many:
            one_too_many.ask()
    with instance.client(source=there) as elsewhere:
        assert elsewhere.ask().status == 200
    kept.pop().close()
    for _ in range(200):  # its place is free as soon as the worker has seen the end
        try:
            with instance.client(source=here) as again:
                assert again.ask().status == 200
                break
        except (OSError, ssl.SSLError, messages.Ended):
            continue
    else:
        raise AssertionError("the place of a closed connection was never given away again")
    kept.pop().close()


# -- towards the backend


def test_connect_timeout_goes_to_another_endpoint(serving, backend):
    deaf = backend(accepting=False)
    deaf.listener.listen(0)
    full = [socket.socket() for _ in range(4)]  # its queue is full: a connect gets no answer
    for one in full:
        one.setblocking(False)
        one.connect_ex((deaf.host, deaf.port))
    other = backend()
    entry = {"servers": [deaf.at, other.at], "balance": "round_robin"}
    instance = serving({"app": entry}, defaults={"timeout": {"connect": "200ms"}, "retries": 1})
    assert [instance.get().status for _ in range(3)] == [200] * 3
    for one in full:
        one.close()


def test_connect_timeout_without_another_endpoint_is_504_or_502(serving, backend):
    deaf = backend(accepting=False)
    deaf.listener.listen(0)
    full = [socket.socket() for _ in range(4)]
    for one in full:
        one.setblocking(False)
        one.connect_ex((deaf.host, deaf.port))
    instance = serving({"app": deaf}, defaults={"timeout": {"connect": "200ms"}})
    assert instance.get().status in (502, 503, 504)
    assert instance.exchange()["reason"]
    for one in full:
        one.close()
