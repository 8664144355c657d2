"""Services that speak HTTP/2 (h2c, h2) to clients that speak HTTP/1.1: many exchanges on one connection, flow
control end to end, and every way in which a stream or a connection may end."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from lab import addresses, backends, h2_backends, tls_backends
from lab.client import trusting
from lab.h2_backends import Errors, serves
from lab.messages import chunked
from lab.process_table import wait_until

CALM = {"failures": 100}


@pytest.fixture
def serve(serving):
    """serve(backends...) -> an instance that speaks HTTP/2 to them"""

    def start(*servers, defaults=None, policy=None, **entry):
        at = [getattr(one, "at", one) for one in servers]
        entry = {"servers": at, "protocol": "h2c", "balance": "round_robin", **entry}
        sections = {"policy": policy} if policy else {}
        defaults = {"outlier": CALM, "retry_budget": "100%", **(defaults or {})}
        return serving({"app": entry}, defaults=defaults, **sections)

    return start


class Gate:
    """An application that answers when it is told to."""

    def __init__(self):
        self.held = []
        self.changed = threading.Condition()

    def __call__(self, request):
        with self.changed:
            self.held.append(request)
            self.changed.notify_all()

    def wait(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.held) >= count, 20), len(self.held)
        return self.held

    def open(self, body=b"done"):
        held, self.held = self.held, []
        for request in held:
            request.answer(body)


def together(instance, count, **options):
    """So many requests at once, each on a connection of its own -> their futures."""
    pool = ThreadPoolExecutor(count)
    return [pool.submit(lambda number=number: instance.get(f"/{number}", **options)) for number in range(count)]


# --- requests and responses


def test_a_request_arrives_as_http_2_wants_it(serve, backend):
    app = backend(h2_backends.says("hello"))
    instance = serve(app)
    answer = instance.get("/path?query", fields={"X-Mine": "1", "Keep-Alive": "5", "TE": "trailers"})
    assert (answer.status, answer.body) == (200, b"hello")
    request = app.request()
    assert (request.method, request.path) == ("GET", "/path?query")
    assert request.get(":authority") == "a.test" and request.get("host") is None
    assert request.get(":scheme") in ("http", "https")
    assert request.get("x-mine") == "1" and request.get("te") == "trailers"
    assert request.get("keep-alive") is None and request.get("connection") is None
    assert request.get("x-forwarded-for") == "127.0.0.1" or request.get("x-forwarded-for")


def test_one_connection_carries_many_exchanges(serve, backend):
    gate = Gate()
    app = backend(serves(gate))
    instance = serve(app)
    answers = together(instance, 20)
    gate.wait(20)
    gate.open()
    assert {one.result().body for one in answers} == {b"done"}
    assert len(app.connections) == 1
    assert instance.get().status if gate.open() else True


def test_beyond_what_the_peer_takes_there_is_another_connection(serve, backend):
    gate = Gate()
    app = backend(serves(gate, max_concurrent_streams=5))
    instance = serve(app)
    answers = together(instance, 12)
    gate.wait(12)
    assert len(app.connections) == 3
    assert all(len(one.session.requests) <= 5 for one in app.connections)
    gate.open()
    assert {one.result().body for one in answers} == {b"done"}


@pytest.mark.parametrize("framing", ["counted", "chunked"])
def test_bodies_go_both_ways(serve, backend, framing):
    app = backend(serves(h2_backends.echo))
    instance = serve(app)
    body = bytes(range(256)) * 8192  # 2 MiB: many windows
    if framing == "counted":
        assert instance.get(method="POST", body=body).body == body
        return
    with instance.client() as client:
        client.send_head("POST", fields={"Transfer-Encoding": "chunked", "TE": "trailers"})
        pieces = [body[at : at + 100000] for at in range(0, len(body), 100000)]
        sender = threading.Thread(target=client.send, args=(chunked(*pieces, trailers=[("X-Sum", "7")]),))
        sender.start()
        answer = client.response()
        sender.join()
    assert answer.body == body
    assert app.request().trailers == [("x-sum", "7")]
    assert answer.trailers == [("x-sum", "7")]


def test_head_and_statuses_without_a_body(serve, backend):
    def app(request):
        if request.path == "/none":
            request.session.head(request.stream, [(":status", "204")], end=True)
        else:
            request.session.head(request.stream, [(":status", "200"), ("content-length", "5")], end=True)

    instance = serve(backend(serves(app)))
    with instance.client() as client:
        answer = client.ask("HEAD", "/x")
        assert (answer.status, answer.get("Content-Length"), answer.body) == (200, "5", b"")
        assert client.ask("GET", "/none").status == 204


def test_interim_responses_pass_at_once(serve, backend):
    gate = Gate()

    def app(request):
        request.session.head(request.stream, [(":status", "103"), ("link", "</a.css>")])
        gate(request)

    instance = serve(backend(serves(app)))
    with instance.client() as client:
        client.send_head()
        hint = client.reader.head()
        assert (hint.status, hint.get("Link")) == (103, "</a.css>")
        gate.wait(1)
        gate.open()
        assert client.response().body == b"done"


def test_the_same_over_tls(serve, backend, authority):
    context = tls_backends.context(authority.issue("backend.test"), alpn=["h2"])
    app = backend(h2_backends.says("in secret"), context=context)
    instance = serve(app, protocol="h2", policy=tls_backends.policy(authority, server_name="backend.test"))
    for _ in range(3):
        assert instance.get().body == b"in secret"
    assert len(app.connections) == 1
    assert app.connections[0].sock.selected_alpn_protocol() == "h2"


# --- flow control


def test_a_slow_reader_holds_up_itself_and_nobody_else(serve, backend):
    large = bytes(8 * 1024 * 1024)

    def app(request):
        request.answer(large if request.path == "/large" else b"small")

    app = backend(serves(app))
    instance = serve(app)
    with instance.client(small=True) as slow:
        slow.send_head(target="/large")
        slow.reader.head()
        for _ in range(5):
            assert instance.get("/small").body == b"small"
        left = len(h2_backends.session(app).waiting[1][0])
        assert left > 4 * 1024 * 1024  # it was not taken in ahead of its reader
        got = len(slow.reader.exactly(len(large)))
    assert got == len(large)
    assert len(app.connections) == 1


# --- endings


def test_a_client_that_leaves_cancels_its_stream_only(serve, backend):
    gate = Gate()
    app = backend(serves(gate))
    instance = serve(app)
    other = together(instance, 1)
    gate.wait(1)
    with instance.client() as client:
        client.send_head(target="/leaves")
        gate.wait(2)
        client.reset()
    session = h2_backends.session(app)
    wait_until(lambda: session.resets, "the stream is reset")
    assert list(session.resets.values()) == [Errors.CANCEL]
    gate.held = [request for request in gate.held if request.path != "/leaves"]
    gate.open()
    assert other[0].result().body == b"done"


def test_a_stream_that_is_reset_within_the_body_is_cut(serve, backend):
    def app(request):
        request.session.head(request.stream, [(":status", "200")])
        request.session.data(request.stream, b"half", end=False)
        request.session.reset(request.stream, Errors.INTERNAL_ERROR)

    instance = serve(backend(serves(app)))
    with instance.client() as client:
        client.send_head()
        client.reader.head()
        assert not client.rest().endswith(b"0\r\n\r\n")
    assert instance.exchange()["reason"] == "backend_cut"


def test_a_reset_before_the_answer_is_retried_elsewhere_when_that_is_safe(serve, backend):
    bad = backend(serves(lambda request: request.session.reset(request.stream, Errors.INTERNAL_ERROR)))
    good = backend(h2_backends.says("good"))
    instance = serve(bad, good)
    assert {instance.get().body for _ in range(4)} == {b"good"}
    statuses = {instance.get(method="POST", body=b"x").status for _ in range(4)}
    assert statuses == {200, 502}
    assert instance.exchange(lambda line: line["status"] == 502)["reason"] == "backend_reset"


def test_what_was_refused_goes_elsewhere_whatever_it_is(serve, backend):
    bad = backend(serves(lambda request: request.session.reset(request.stream, Errors.REFUSED_STREAM), at_head=True))
    good = backend(serves(h2_backends.echo))
    instance = serve(bad, good)
    for _ in range(4):
        assert instance.get(method="POST").status == 200
    assert bad.asked() == 2


def test_goaway_moves_on_to_another_connection(serve, backend):
    def app(request):
        request.answer(b"last words")
        request.session.go_away()

    app = backend(serves(app))
    instance = serve(app)
    for count in range(1, 4):
        assert instance.get().body == b"last words"
        wait_until(lambda: app.connections[-1].session.over.is_set(), "swarmward has taken its leave")
        assert len(app.connections) == count


def test_what_goaway_left_behind_is_asked_again(serve, backend):
    """RFC 9113 section 6.8: streams above the last one were not acted on, so even a POST is sent again."""
    seen = []

    def app(request):
        seen.append(request.stream)
        if len(seen) == 1:
            request.session.go_away(last=0)
        else:
            request.answer(b"second")

    app = backend(serves(app))
    instance = serve(app)
    assert instance.get(method="POST").body == b"second"
    assert len(app.connections) == 2


def test_an_idle_connection_that_was_closed_is_no_failure(serve, backend):
    app = backend(h2_backends.says("hello"))
    instance = serve(app)
    for count in range(1, 4):
        assert instance.get().body == b"hello"
        assert len(app.connections) == count
        app.connections[-1].sock.shutdown(2)


def test_a_connection_that_breaks_ends_all_that_was_on_it(serve, backend):
    gate = Gate()
    app = backend(serves(gate))
    instance = serve(app, defaults={"retries": 0})
    answers = together(instance, 5, method="POST", body=b"x")
    gate.wait(5)
    app.connections[0].sock.shutdown(2)
    assert {one.result().status for one in answers} == {502}


def test_an_endpoint_that_leaves_is_drained(serve, backend):
    gate, other = Gate(), backend(h2_backends.says("new"))
    old = backend(serves(gate))
    instance = serve(old)
    running = together(instance, 1)
    gate.wait(1)
    text = instance.file.read_text()
    instance.write_text(text.replace(old.at, other.at))
    instance.reload()
    assert instance.get().body == b"new"
    gate.open()
    assert running[0].result().body == b"done"
    session = h2_backends.session(old)
    wait_until(lambda: session.goaway is not None, "the old connection says goodbye")


# --- what is no HTTP/2


def test_a_backend_that_speaks_something_else_is_said(serve, backend):
    def http1(connection):
        connection.recv(1)
        connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        connection.wait_for_end()

    instance = serve(backend(http1))
    assert instance.get(method="POST", body=b"x").status == 502
    assert instance.exchange()["reason"] == "backend_no_h2"


def test_alpn_must_agree(serve, backend, authority):
    context = tls_backends.context(authority.issue("backend.test"))  # HTTP/1.1 only
    app = backend(backends.says("never"), context=context)
    instance = serve(app, protocol="h2", policy=tls_backends.policy(authority, server_name="backend.test"))
    assert instance.get().status == 502
    assert instance.exchange()["reason"] == "backend_no_h2"
    assert app.asked() == 0


def test_nobody_there_is_a_connect_failure(serve, backend):
    good = backend(h2_backends.says("good"))
    instance = serve(f"{addresses.fresh()}:{addresses.BACKEND_PORT}", good)
    assert {instance.get(method="POST", body=b"x").status for _ in range(4)} == {200}


MALFORMED = [
    ("no status", [("x-a", "1")]),
    ("upper case", [(":status", "200"), ("X-Upper", "1")]),
    ("connection", [(":status", "200"), ("connection", "close")]),
    ("transfer-encoding", [(":status", "200"), ("transfer-encoding", "chunked")]),
    ("status again", [(":status", "200"), (":status", "200")]),
    ("line break", [(":status", "200"), ("x-a", "1\r\nx-b: 2")]),
    ("101", [(":status", "101")]),
]


@pytest.mark.parametrize("fields", [fields for _, fields in MALFORMED], ids=[name for name, _ in MALFORMED])
def test_a_malformed_response_is_not_passed_on(serve, backend, fields):
    def app(request):
        request.session.head(request.stream, fields, end=fields[0][1] != "101")

    instance = serve(backend(serves(app)), defaults={"retries": 0})
    assert instance.get(method="POST").status == 502
    assert instance.exchange()["reason"] in ("backend_invalid", "backend_reset")


def test_a_body_of_another_length_is_cut(serve, backend):
    def app(request):
        request.session.head(request.stream, [(":status", "200"), ("content-length", "10")])
        request.session.data(request.stream, b"short")

    instance = serve(backend(serves(app)))
    with instance.client() as client:
        client.send_head()
        client.reader.head()
        assert client.rest() != b"0123456789" and len(client.rest()) < 10
    assert instance.exchange()["reason"] == "backend_invalid"


def test_a_flood_of_interim_responses_ends(serve, backend):
    def app(request):
        for _ in range(50):
            request.session.head(request.stream, [(":status", "103")])
        request.answer(b"late")

    instance = serve(backend(serves(app)), defaults={"retries": 0})
    with instance.client() as client:
        client.send_head("POST", fields={"Content-Length": "0"})
        assert client.response().status == 502
    assert instance.exchange()["reason"] == "backend_invalid"


def test_who_the_client_is_goes_on_and_nobody_else_says_it(serving, backend, authority):
    person = authority.issue("person.test")
    app = backend(h2_backends.says("hello"))
    domain = {
        "routes": [{"path": "/", "service": "app"}],
        "client_auth": {"mode": "required", "ca": str(authority.ca), "forward": "subject"},
    }
    instance = serving({"app": {"servers": [app.at], "protocol": "h2c"}}, {"a.test": domain})
    context = trusting(authority.ca)
    context.load_cert_chain(person.cert, person.key)
    with instance.client(context=context) as client:
        assert client.ask(fields={"X-Client-DN": "CN=root"}).body == b"hello"
    assert app.request().get("x-client-dn") == "CN=person.test"


def test_checks_are_asked_over_http_2(serve, backend):
    checked = {"path": "/healthz", "interval": "100ms", "timeout": "100ms", "rise": 1, "fall": 2}
    well = backend(h2_backends.says("well"))
    ill = backend(serves(lambda request: request.answer(b"ill", status=500)))
    mute = backend(backends.says("HTTP/1.1 only"))
    instance = serve(well, ill, mute, health=checked)
    want = {well.at: "up", ill.at: "down", mute.at: "down"}

    def healths():
        (service,) = instance.status()["services"]
        return {one["name"]: one["health"] for one in service["endpoints"]}

    wait_until(lambda: healths() == want, "all were checked")
    request = well.request()
    assert (request.method, request.path, request.get(":authority")) == ("GET", "/healthz", well.at)
