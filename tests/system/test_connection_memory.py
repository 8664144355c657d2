"""What a connection may hold: beyond it the connection ends, and says why; nothing ordinary comes near."""

from lab import backends, h2_backends
from lab.h2 import H2Client
from lab.process_table import wait_until

SMALL = {"connection_memory": "64KiB", "header": {"bytes": "256KiB", "fields": 1000, "uri": "64KiB"}}


def ends(client, data):
    try:
        client.send(data)
        return client.rest() == b""
    except OSError:
        return True


def test_a_head_that_grows_beyond_it_ends_the_connection(serving, backend):
    app = backend()
    instance = serving({"app": app}, limits={**SMALL, "header_timeout": "600s"})
    with instance.client() as client:
        client.send("GET / HTTP/1.1\r\nHost: a.test\r\n")
        assert ends(client, "X-A: " + "a" * 200_000)
    assert instance.exchange(lambda line: line.get("reason") == "connection_memory")
    assert app.received == b""


def test_a_pipelined_flood_ends_at_what_is_read_ahead(serving, backend):
    """Behind a request that is not answered yet only so much is taken; the rest waits in the kernel."""
    app = backend(lambda connection: (connection.read(), connection.wait_for_end()))
    instance = serving({"app": app}, limits=SMALL)
    with instance.client(small=True) as client:
        client.sock.settimeout(0.5)
        try:
            for _ in range(200):
                client.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n" * 1000)
        except (TimeoutError, OSError):
            pass
        app.wait_connections(1)
        assert app.asked() <= 1


def test_trailers_that_grow_are_ended_by_their_own_bound(serving, backend):
    app = backend(backends.echo)
    instance = serving({"app": app}, limits=SMALL)
    with instance.client() as client:
        client.send("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
        try:
            client.send("X-A: " + "a" * 200_000)
        except OSError:
            pass
        client.rest()
    assert instance.exchange()["reason"] in ("connection_memory", "header_too_large", "chunk_line_too_long")


def test_bodies_of_any_size_pass_within_it(serving, backend):
    instance = serving({"app": backend(backends.echo)}, limits=SMALL, defaults={"max_body": "64MiB"})
    body = bytes(range(256)) * 20_000
    assert instance.get(method="POST", body=body).body == body


def test_a_slow_reader_gets_all_within_it(serving, backend):
    size = 3_000_000
    instance = serving({"app": backend(backends.says(b"x" * size))}, limits={**SMALL, "write_idle": "60s"})
    with instance.client(small=True) as client:
        client.send_head()
        head = client.reader.head()
        received = len(client.reader.buffer)
        while received < size:
            received += len(client.sock.recv(4096))
        assert head.status == 200 and received == size


def test_heads_of_http2_are_charged_together(serving, backend):
    """A field that HPACK remembers costs a byte to say again, and us all of it."""
    app = backend(lambda connection: (connection.read(), connection.wait_for_end()))
    instance = serving({"app": app}, limits={"header": {"bytes": "64KiB"}})
    with H2Client(instance) as client:
        fields = client.fields(more=[("x-a", "a" * 3000)] * 15)
        try:
            for _ in range(60):
                client.ask(fields=fields)
            while True:
                client.read_frame()
        except (EOFError, OSError):
            pass
        assert client.goaways[-1][1] == 11  # ENHANCE_YOUR_CALM
    assert instance.exchange(lambda line: line.get("reason") == "connection_memory")
    with H2Client(instance) as client:  # a hundred ordinary ones are nothing
        for _ in range(100):
            client.ask(fields=client.fields(more=[("x-a", "a" * 300)] * 5))
        client.ping()
        assert not client.goaways


def never_taken(client, count=100):
    for _ in range(count):
        client.ask()
    client.read_until(lambda: sum(bool(answer.heads) for answer in client.answers.values()) >= 10)
    for _ in range(20):
        client.ping()
    assert not client.goaways


def test_a_hundred_downloads_that_nobody_takes_are_kept_within_it(serving, backend):
    """Of the backends as much is read as a part of it holds, and the connection is nobody's enemy."""
    instance = serving({"app": backend(backends.says(b"x" * 300_000))}, limits={"write_idle": "60s"})
    with H2Client(instance, settings={4: 0}, updates=False) as client:
        never_taken(client)
        never_taken(client, count=0)


def test_the_same_of_services_that_speak_http2(serving, backend):
    """They may send as much as all windows of the client's requests let pass, which get smaller the more there are."""
    app = backend(h2_backends.says(b"x" * 300_000))
    entry = {"servers": [app.at], "protocol": "h2c"}
    instance = serving({"app": entry}, limits={"write_idle": "60s"})
    with H2Client(instance, settings={4: 0}, updates=False) as client:
        never_taken(client)
        wait_until(lambda: len(app.connections) >= 1 and sum(len(c.session.waiting) for c in app.connections) == 100, "answers")
        never_taken(client, count=0)


def test_uploads_that_nobody_takes_are_stopped_by_windows(serving, backend):
    limits = {"max_connections": 1, "queue": {"size": 200, "timeout": "60s"}}
    instance = serving({"app": backend(backends.echo)}, defaults=limits)
    with H2Client(instance) as client:
        streams = [client.stream() for _ in range(100)]
        for stream in streams:
            client.headers(stream, client.fields("POST", more=[("content-length", "60000")]))
        client.ping()
        for stream in streams:
            room = min(client.windows[0], 60000)
            client.data(stream, b"x" * (room - 1))  # as far as it may without waiting
            if room < 60000:
                break
        client.ping()
        assert not client.goaways
