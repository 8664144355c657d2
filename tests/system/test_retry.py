"""A request that an endpoint did not take goes to another one, when nothing can be done twice."""

from lab import addresses, backends
from lab.backends import says

CALM = {"failures": 100}  # keep ejection out of these scenarios


def refused():
    """An address where nobody listens."""
    return f"{addresses.fresh()}:{addresses.BACKEND_PORT}"


def gone(connection):
    """Takes the request and closes without a word."""
    connection.read()


def resets(connection):
    connection.read()
    connection.reset()


def serve(serving, servers, **defaults):
    entry = {"servers": [getattr(server, "at", server) for server in servers], "balance": "round_robin"}
    defaults = {"outlier": CALM, "retry_budget": "100%", **defaults}
    return serving({"app": entry}, defaults=defaults)


def test_a_refused_connect_goes_to_another_endpoint(serving, backend):
    instance = serve(serving, [refused(), backend()])
    for _ in range(6):
        assert instance.get().status == 200
    assert instance.exchange(lambda line: line["retries"] == 1)["status"] == 200


def test_a_refused_connect_is_retried_with_a_body_too(serving, backend):
    instance = serve(serving, [refused(), backend(backends.echo)])
    for _ in range(4):
        assert instance.get(method="POST", body=b"not sent yet").body == b"not sent yet"


def test_all_refused_is_502_or_503_and_says_so(serving):
    instance = serve(serving, [refused(), refused()])
    answer = instance.get()
    assert answer.status in (502, 503)
    line = instance.exchange()
    assert line["reason"] and line["retries"] == 1


def test_an_endpoint_that_was_never_reached_costs_no_budget(serving, backend):
    """A request meets several tasks that have just stopped: it has reached none of them."""
    servers = [refused(), refused(), refused(), backend()]
    instance = serve(serving, servers, retry_budget="0%", retries=1)
    assert {instance.get(method="POST", body=b"x").status for _ in range(8)} == {200}


def test_without_retries_it_is_502(serving, backend):
    instance = serve(serving, [refused(), backend()], retries=0)
    assert sorted({instance.get().status for _ in range(4)}) == [200, 502]


def test_an_idempotent_request_is_sent_again_when_no_byte_came_back(serving, backend):
    good = backend(says("good"))
    bad = backend(resets)
    instance = serve(serving, [bad, good])
    for _ in range(4):
        assert instance.get().body == b"good"
    assert len(bad.connections) >= 1


def test_a_post_with_its_body_sent_is_not_sent_again(serving, backend):
    bad, good = backend(gone), backend(backends.echo)
    instance = serve(serving, [bad, good])
    statuses = [instance.get(method="POST", body=b"once").status for _ in range(4)]
    assert sorted(set(statuses)) == [200, 502]
    assert bad.asked() + good.asked() == 4


def test_an_answer_that_began_is_not_asked_for_again(serving, backend):
    def half(connection):
        connection.read()
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        connection.close()

    bad, good = backend(half), backend(says("good"))
    instance = serve(serving, [bad, good])
    seen = []
    for _ in range(4):
        with instance.client() as client:
            client.send_head(fields={"Connection": "close"})
            client.reader.head()
            seen.append(client.rest())
    assert {b"half", b"good"} >= set(seen)
    assert bad.asked() + good.asked() == 4


def test_a_reused_connection_that_was_closed_is_no_failure(serving, backend):
    """The keep-alive race: the backend closed just when the request was on its way."""

    def one_each(connection):
        connection.read()
        connection.answer(b"one")
        connection.read_head()  # the second request on this connection: gone without a word

    app = backend(one_each)
    instance = serving({"app": app}, defaults={"outlier": CALM, "retries": 1})
    for _ in range(6):
        assert instance.get().body == b"one"


def test_a_reused_connection_that_was_closed_is_retried_even_without_retries(serving, backend):
    def one_each(connection):
        connection.read()
        connection.answer(b"one")
        connection.read_head()

    instance = serving({"app": backend(one_each)}, defaults={"outlier": CALM, "retries": 0})
    for _ in range(4):
        assert instance.get().body == b"one"


def test_the_budget_bounds_the_retries(serving, backend):
    """With two of three endpoints that take requests and drop them, and a budget of a tenth, most
    failures stay failures: sending again what may have been acted on costs."""
    dropping = [backend(gone), backend(gone)]
    instance = serve(serving, [*dropping, backend()], retry_budget="10%", retries=1)
    statuses = [instance.get().status for _ in range(120)]
    retried = instance.status()
    assert 502 in statuses or 503 in statuses
    assert statuses.count(200) >= 40
    assert retried is not None


def test_a_503_of_the_backend_itself_is_passed_on(serving, backend):
    def busy(connection):
        while True:
            connection.read()
            connection.answer(b"busy", "503 Service Unavailable")

    app = backend(busy)
    instance = serve(serving, [app])
    answer = instance.get()
    assert (answer.status, answer.body) == (503, b"busy")
    assert app.asked() == 1
