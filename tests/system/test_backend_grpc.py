"""gRPC through swarmward to grpcio's own server: trailers, streams both ways, deadlines, cancel, errors without a
body; from frames over HTTP/1.1, and from grpcio's own client."""

import struct
import threading
from concurrent import futures

import grpc
import pytest
from lab import addresses
from lab.messages import chunked


def same(message):
    return message


class Service(grpc.GenericRpcHandler):
    """lab.Echo, whose messages are bytes."""

    def __init__(self):
        self.seen = []
        self.waiting = threading.Event()
        self.cancelled = threading.Event()
        self.release = threading.Event()

    def service(self, details):
        self.seen.append(details)
        handlers = {
            "/lab.Echo/Once": grpc.unary_unary_rpc_method_handler(self.once, same, same),
            "/lab.Echo/Many": grpc.unary_stream_rpc_method_handler(self.many, same, same),
            "/lab.Echo/Both": grpc.stream_stream_rpc_method_handler(self.both, same, same),
            "/lab.Echo/Never": grpc.unary_unary_rpc_method_handler(self.never, same, same),
            "/lab.Echo/Fails": grpc.unary_unary_rpc_method_handler(self.fails, same, same),
            "/lab.Echo/Late": grpc.unary_stream_rpc_method_handler(self.late, same, same),
        }
        return handlers.get(details.method)

    def once(self, message, context):
        context.set_trailing_metadata([("x-sum", str(len(message)))])
        return message

    def many(self, message, context):
        for number in range(5):
            yield b"%d:%s" % (number, message)

    def both(self, messages, context):
        for message in messages:
            yield message.upper()

    def never(self, message, context):
        if not context.add_callback(self.cancelled.set):
            self.cancelled.set()  # it is over already
        self.waiting.set()
        self.cancelled.wait(20)
        return b""

    def fails(self, message, context):
        context.abort(grpc.StatusCode.NOT_FOUND, "there is no such thing")

    def late(self, message, context):
        """A subscription: nothing happens for a while, not even a head."""
        self.release.wait(20)
        yield message


@pytest.fixture
def app():
    service = Service()
    server = grpc.server(futures.ThreadPoolExecutor(16), handlers=[service])
    service.at = f"{addresses.fresh()}:{addresses.BACKEND_PORT}"
    assert server.add_insecure_port(service.at)
    server.start()
    yield service
    service.release.set()
    service.cancelled.set()
    server.stop(0).wait()


@pytest.fixture
def instance(serving, app):
    return serving({"app": {"servers": [app.at], "protocol": "h2c"}}, defaults={"timeout": {"response": "500ms"}})


def framed(*messages):
    return b"".join(struct.pack(">BI", 0, len(message)) + message for message in messages)


def unframed(body):
    found = []
    while body:
        (length,) = struct.unpack(">I", body[1:5])
        found.append(body[5 : 5 + length])
        body = body[5 + length :]
    return found


FIELDS = [("Content-Type", "application/grpc"), ("TE", "trailers")]


def call(client, method, *messages, more=()):
    client.send_head("POST", f"/lab.Echo/{method}", [*FIELDS, ("Transfer-Encoding", "chunked"), *more])
    client.send(chunked(framed(*messages)))
    return client.response()


def status_of(answer):
    trailers = dict(answer.trailers) or dict(answer.fields)
    return trailers.get("grpc-status"), trailers.get("grpc-message")


def test_a_call_has_its_answer_and_its_trailers(instance):
    with instance.client() as client:
        answer = call(client, "Once", b"hello")
        assert answer.get("content-type") == "application/grpc"
        assert unframed(answer.body) == [b"hello"]
        assert status_of(answer)[0] == "0"
        assert dict(answer.trailers)["x-sum"] == "5"


def test_an_error_without_a_body_passes_untouched(instance):
    with instance.client() as client:
        answer = call(client, "Fails", b"x")
        assert answer.status == 200 and answer.body == b""
        code, message = status_of(answer)
        assert (code, message) == (str(grpc.StatusCode.NOT_FOUND.value[0]), "there is no such thing")
        assert status_of(call(client, "Unknown", b"x"))[0] == str(grpc.StatusCode.UNIMPLEMENTED.value[0])


def test_streams_go_both_ways(instance):
    with instance.client() as client:
        assert unframed(call(client, "Many", b"x").body) == [b"%d:x" % number for number in range(5)]
        fields = [*FIELDS, ("Transfer-Encoding", "chunked")]
        client.send_head("POST", "/lab.Echo/Both", fields)
        for number, word in enumerate([b"one", b"two", b"three"]):  # each is answered before the next is sent
            client.send(b"%x\r\n%s\r\n" % (len(framed(word)), framed(word)))
            if number == 0:
                client.reader.head()
            assert unframed(client.reader.chunk()) == [word.upper()]
        client.send(b"0\r\n\r\n")
        assert client.reader.chunk() == b""
        assert dict(client.reader.trailers())["grpc-status"] == "0"


def test_a_stream_may_be_silent_for_longer_than_a_response_may_take(instance, app):
    """timeout.response is half a second here."""
    with instance.client() as client:
        client.send_head("POST", "/lab.Echo/Late", [*FIELDS, ("Transfer-Encoding", "chunked")])
        client.send(chunked(framed(b"at last")))
        threading.Timer(1.5, app.release.set).start()
        answer = client.response()
        assert unframed(answer.body) == [b"at last"]


def test_a_deadline_is_passed_on_and_kept_by_the_backend(instance, app):
    with instance.client() as client:
        answer = call(client, "Never", b"x", more=[("grpc-timeout", "300m")])
    assert answer.status == 200
    assert status_of(answer)[0] == str(grpc.StatusCode.DEADLINE_EXCEEDED.value[0])
    assert app.cancelled.wait(20)


def test_a_client_that_leaves_cancels_its_call(instance, app):
    with instance.client() as client:
        client.send_head("POST", "/lab.Echo/Never", [*FIELDS, ("Transfer-Encoding", "chunked")])
        client.send(chunked(framed(b"x")))
        assert app.waiting.wait(20)
        client.reset()
    assert app.cancelled.wait(20)


def test_a_backend_that_is_away_is_an_http_status(serving):
    """What a gRPC client makes of that is in its own specification: 502 is UNAVAILABLE there."""
    away = {"servers": [f"{addresses.fresh()}:{addresses.BACKEND_PORT}"], "protocol": "h2c"}
    with serving({"app": away}).client() as client:
        assert call(client, "Once", b"x").status in (502, 503)


# --- with grpcio's own client, HTTP/2 all the way


@pytest.fixture
def stub(instance, authority):
    host, port = instance.https
    channel = grpc.secure_channel(
        f"{host}:{port}", grpc.ssl_channel_credentials(authority.ca.read_bytes()),
        [("grpc.ssl_target_name_override", "a.test"), ("grpc.default_authority", "a.test")],
    )  # fmt: skip
    with channel:
        yield channel


def test_calls_of_a_real_client(stub):
    once = stub.unary_unary("/lab.Echo/Once")
    answer, call = once.with_call(b"hello", timeout=20)
    assert answer == b"hello"
    assert ("x-sum", "5") in [(pair.key, pair.value) for pair in call.trailing_metadata()]
    assert list(stub.unary_stream("/lab.Echo/Many")(b"x", timeout=20)) == [b"%d:x" % n for n in range(5)]
    large = bytes(1024 * 1024)
    assert once(large, timeout=20) == large
    waiting = [once.future(b"%d" % number, timeout=20) for number in range(50)]
    assert [one.result() for one in waiting] == [b"%d" % number for number in range(50)]


def test_both_sides_of_a_real_client_stream(stub):
    words, said = [b"one", b"two", b"three"], threading.Semaphore(1)

    def one_by_one():
        for word in words:
            assert said.acquire(timeout=20)
            yield word

    heard = []
    for answer in stub.stream_stream("/lab.Echo/Both")(one_by_one(), timeout=20):
        heard.append(answer)
        said.release()
    assert heard == [word.upper() for word in words]


def test_errors_of_a_real_client(stub, app):
    with pytest.raises(grpc.RpcError) as caught:
        stub.unary_unary("/lab.Echo/Fails")(b"x", timeout=20)
    assert (caught.value.code(), caught.value.details()) == (
        grpc.StatusCode.NOT_FOUND, "there is no such thing",
    )  # fmt: skip
    with pytest.raises(grpc.RpcError) as caught:
        stub.unary_unary("/lab.Echo/Never")(b"x", timeout=0.5)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert app.cancelled.wait(20)


def test_a_call_that_a_real_client_cancels_ends_at_the_backend(stub, app):
    call = stub.unary_unary("/lab.Echo/Never").future(b"x")
    assert app.waiting.wait(20)
    call.cancel()
    assert app.cancelled.wait(20)
