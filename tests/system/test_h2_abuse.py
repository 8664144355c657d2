"""What costs us more than the client, over HTTP/2: each is ended with the right code and a reason, and a
client beside it is answered all the while."""

import threading

import pytest
from hyperframe import frame as frames
from lab import backends, process_table
from lab.h2 import H2Client

CALM = 11  # ENHANCE_YOUR_CALM


def ping(client, _):
    client.send(*[frames.PingFrame(0, opaque_data=b"12345678")] * 50)


def settings(client, _):
    client.send(*[frames.SettingsFrame(0, settings={4: 65535})] * 50)


def priority(client, number):
    client.send(*[frames.PriorityFrame(2 * (50 * number + i) + 1, stream_weight=1) for i in range(50)])


def window(client, _):
    client.send(*[frames.WindowUpdateFrame(0, window_increment=1)] * 50)


def unknown(client, _):
    client.send_bytes(b"\0\0\1\xbb\0\0\0\0\0x" * 50)


def empty_data(client, number):
    if number == 0:
        client.body_stream = client.stream()
        client.headers(client.body_stream, client.fields("POST"))
    client.send(*[frames.DataFrame(client.body_stream, b"")] * 50)


def rapid_reset(client, _):
    for _ in range(10):
        client.reset(client.ask())


def provoked_reset(client, _):
    """CVE-2025-8671: the client breaks a rule of its own stream, and we reset it."""
    for _ in range(10):
        stream = client.ask()
        client.send(frames.WindowUpdateFrame(stream, window_increment=2**31 - 1))


def malformed(client, _):
    for _ in range(10):
        client.ask(fields=[(":path", "/")])


def continuations(client, number):
    stream = client.stream()
    client.headers(stream, client.fields(), "END_STREAM", "NO_END_HEADERS")
    client.send(*[frames.ContinuationFrame(stream, b"")] * 9)


def bomb(client, number):
    client.headers(client.stream(), [*client.fields(), *[("x-a", "b" * 3000)] * 2000], "END_STREAM")


def oversized(client, _):
    client.send_bytes(b"\xff\xff\xff\0\0\0\0\0\1")


def overflow(client, _):
    client.send(frames.WindowUpdateFrame(0, window_increment=2**31 - 1))


def no_hpack(client, _):
    frame = frames.HeadersFrame(client.stream(), b"\xff\xff\xff\xff\xff\xff")
    frame.flags = {"END_HEADERS"}
    client.send(frame)


def too_much(client, _):
    """More than the window of the connection, while nobody takes it."""
    for _ in range(20):
        stream = client.stream()
        client.headers(stream, client.fields("POST", "/held"))
        client.send(*[frames.DataFrame(stream, b"x" * 16000)] * 4)


ATTACKS = {
    "ping": (ping, "ping_flood", CALM),
    "settings": (settings, "settings_flood", CALM),
    "priority": (priority, "priority_flood", CALM),
    "window update": (window, "window_flood", CALM),
    "unknown frames": (unknown, "frame_flood", CALM),
    "empty data": (empty_data, "empty_data_flood", CALM),
    "rapid reset": (rapid_reset, "rapid_reset", CALM),
    "provoked reset": (provoked_reset, "rapid_reset", CALM),
    "malformed requests": (malformed, "rapid_reset", CALM),
    "continuation": (continuations, "continuation_flood", CALM),
    "hpack bomb": (bomb, "header_flood", CALM),
    "oversized frame": (oversized, "h2_frame_size", 6),
    "window overflow": (overflow, "h2_flow_control", 3),
    "bad hpack": (no_hpack, "h2_compression", 9),
    "beyond the window": (too_much, "h2_flow_control", 3),
}


def attack_until_the_end(client, attack):
    """The code of the GOAWAY."""
    try:
        for number in range(200):
            attack(client, number)
            client.sock.settimeout(0.01)
            try:
                while True:
                    client.read_frame()
            except TimeoutError:
                client.sock.settimeout(20)
    except (OSError, EOFError):
        pass
    client.sock.settimeout(20)
    return client.rest()


@pytest.mark.parametrize("name", ATTACKS)
def test_the_attacker_is_shown_out_and_the_others_are_served(serving, backend, name):
    attack, reason, code = ATTACKS[name]
    release = threading.Event()

    def script(connection):
        if connection.read_head().target == "/held":
            release.wait(30)
        else:
            connection.answer(b"hello")

    instance = serving({"app": backend(script)}, limits={"header": {"bytes": "8KiB"}})
    with H2Client(instance) as beside, H2Client(instance) as client:
        assert beside.get().body == b"hello"
        seen = attack_until_the_end(client, attack)
        assert seen in (code, None)  # what we said last is lost when the attacker is still sending
        assert client.closed
        assert beside.get().body == b"hello"
        assert instance.get().status == 200
    release.set()
    line = instance.exchange(lambda line: line.get("reason") == reason and "status" not in line)
    assert line["client"]


def requests_at_once(client, count, *behind):
    """The streams of so many requests in one write, with what `behind` makes of each."""
    streams = [client.stream() for _ in range(count)]
    together = []
    for stream in streams:
        head = frames.HeadersFrame(stream, client.encoder.encode(client.fields()))
        head.flags = {"END_HEADERS", "END_STREAM"}
        together += [head, *(make(stream) for make in behind)]
    client.send(*together)
    return streams


def test_what_is_taken_back_at_once_reaches_no_backend(serving, backend):
    app = backend()
    instance = serving({"app": app}, limits={"http2": {"resets": "1000/10s"}})
    with H2Client(instance) as client:
        assert client.get().status == 200  # and leaves a connection that could be used at once
        requests_at_once(client, 50, lambda stream: frames.RstStreamFrame(stream, 8))
        assert client.get().status == 200
    assert app.asked() == 2
    assert instance.exchange(lambda line: line.get("reason") == "client_closed")


def test_a_hundred_requests_at_once_are_all_answered(serving, backend):
    app = backend()
    instance = serving({"app": app})
    with H2Client(instance) as client:
        streams = requests_at_once(client, 100)
        assert {client.answer(stream).status for stream in streams} == {200}
    assert app.asked() == 100


def test_the_number_of_resets_is_a_setting(serving, backend):
    instance = serving({"app": backend()}, limits={"http2": {"resets": "3/1h"}})
    with H2Client(instance) as client:
        for _ in range(3):
            client.reset(client.ask())
        client.ping()
        assert not client.goaways
        client.reset(client.ask())
        assert client.rest() == CALM
    assert instance.exchange(lambda line: line.get("reason") == "rapid_reset")


def test_a_hundred_streams_without_windows_cost_little_memory(released, backend):
    """What no window takes is kept, and bounded for all streams of a connection together: no more is read from
    the backends then, not even heads."""

    def script(connection):
        connection.read()
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        connection.sock.settimeout(60)
        while True:
            connection.send(b"x" * 65536)

    instance = released({"app": backend(script)}, limits={"write_idle": "10m"})

    def open_all():
        client = H2Client(instance, settings={4: 0}, updates=False)
        for _ in range(100):
            client.ask()
        client.read_until(lambda: sum(bool(answer.heads) for answer in client.answers.values()) >= 10)
        client.ping()
        return client

    with open_all():
        worker = instance.worker()
        before = process_table.memory_bytes(worker)
        others = [open_all() for _ in range(4)]
        grown = (process_table.memory_bytes(worker) - before) / 4
        for other in others:
            other.close()
    assert grown < 1024 * 1024 + 100 * 24 * 1024, f"{grown / 1024:.0f} KiB a connection, and its 100 exchanges"


def test_more_than_the_window_of_a_stream_ends_that_stream(serving, backend):
    release = threading.Event()

    def script(connection):
        if connection.read_head().target == "/held":
            release.wait(30)
        else:
            connection.answer(b"hello")

    instance = serving({"app": backend(script)})
    with H2Client(instance) as client:
        stream = client.stream()
        client.headers(stream, client.fields("POST", "/held"))
        client.send(*[frames.DataFrame(stream, b"x" * 16384)] * 5)
        assert client.answer(stream).reset == 3
        assert client.get().body == b"hello"
    release.set()


# -- time


def endless(connection):
    connection.read()
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    while True:
        connection.send(b"x" * 65536)


def test_a_client_that_grants_no_window_is_reset_by_write_idle(serving, backend):
    instance = serving({"app": backend(endless)}, limits={"write_idle": "300ms"})
    with H2Client(instance, settings={4: 0}, updates=False) as client:
        answer = client.answer(client.ask())
        assert (answer.status, answer.body, answer.reset) == (200, b"", 8)
    assert instance.exchange()["reason"] == "write_timeout"


def test_a_small_answer_that_waits_for_a_window_is_reset_too(serving, backend):
    """Its exchange was over long before."""
    instance = serving({"app": backend()}, limits={"write_idle": "300ms"})
    with H2Client(instance, settings={4: 0}, updates=False) as client:
        answer = client.answer(client.ask())
        assert (answer.status, answer.reset) == (200, 8)
        assert instance.exchange(lambda line: line.get("reason") == "write_timeout")


def test_a_client_that_reads_nothing_is_closed_by_write_idle(serving, backend):
    instance = serving({"app": backend(endless)}, limits={"write_idle": "300ms"})
    with H2Client(instance, settings={4: 2**30}, small=True) as client:
        client.update(0, 2**30)
        client.ask()
        assert instance.exchange()["reason"] == "write_timeout"


def test_a_tiny_window_is_not_worth_its_updates(serving, backend):
    instance = serving({"app": backend(endless)})
    with H2Client(instance, settings={4: 1}, updates=False) as client:
        stream = client.ask()
        try:
            for _ in range(100):
                client.send(*[frames.WindowUpdateFrame(stream, window_increment=1)] * 50)
                client.ping()
        except (OSError, EOFError):
            pass
        client.rest()
    assert instance.exchange(lambda line: line.get("reason") in ("window_flood", "ping_flood"))


def test_a_head_that_does_not_end(serving, backend):
    instance = serving({"app": backend()}, limits={"header_timeout": "300ms"})
    with H2Client(instance) as client:
        assert client.get().status == 200
        client.headers(client.stream(), client.fields(), "NO_END_HEADERS")
        assert client.rest() == CALM
    assert instance.exchange(lambda line: line.get("reason") == "header_timeout")


def test_a_preface_that_does_not_come(serving, backend):
    instance = serving({"app": backend()}, limits={"header_timeout": "300ms"})
    with H2Client(instance, connect=False) as client:
        while client.sock.recv(1000):
            pass
    assert instance.exchange()["reason"] == "header_timeout"


def test_what_is_no_preface(serving, backend):
    instance = serving({"app": backend()})
    with H2Client(instance, connect=False) as client:
        client.send_bytes(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        client.rest()
    assert instance.exchange()["reason"] == "bad_preface"


def test_a_body_that_stops_is_408(serving, backend):
    app = backend(backends.echo)
    instance = serving({"app": app}, limits={"body_idle": "300ms"})
    with H2Client(instance) as client:
        stream = client.stream()
        client.headers(stream, client.fields("POST"))
        client.data(stream, b"half")
        answer = client.answer(stream)
        assert answer.status == 408 and b"body_idle" in answer.body
        assert client.get(method="POST", body=b"x").status == 200  # other streams go on
    assert app.asked() == 1


def test_a_body_that_drips_is_408(serving, backend):
    instance = serving(
        {"app": backend(backends.echo)},
        limits={"body_min_rate": "100000B/s", "body_grace": "300ms", "body_idle": "20s", "write_idle": "400ms"},
    )
    with H2Client(instance) as client:
        stream = client.stream()
        client.headers(stream, client.fields("POST"))
        answer = client.answers[stream]
        client.sock.settimeout(0.02)
        for _ in range(500):
            client.data(stream, b"x")
            try:
                client.read_until(lambda: answer.ended)
                break
            except TimeoutError:
                continue
        assert answer.status == 408 and b"body_too_slow" in answer.body


def test_updates_and_pings_that_follow_traffic_are_no_flood(serving, backend):
    """Windows are updated after every frame, and pings measure."""
    instance = serving({"app": backend(backends.says("x" * 100_000))})
    with H2Client(instance) as client:
        for _ in range(100):
            assert len(client.get().body) == 100_000
            client.ping()
        assert not client.goaways
