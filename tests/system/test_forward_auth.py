"""Another service is asked whether a request may go on."""

import threading

import pytest
from lab import backends, messages, process_table
from test_counters import counts


def grants(fields=()):
    return backends.says("", fields)


def domain(**auth):
    return {"a.test": {"routes": [{"service": "app"}], "forward_auth": {"service": "auth", **auth}}}


@pytest.fixture
def guarded(serving, backend):
    """guarded(script, ...) -> instance, auth, app"""

    def make(script, app_script=backends.says("hello"), **auth):
        services = {"app": backend(app_script), "auth": backend(script)}
        return serving(services, domain(**auth)), services["auth"], services["app"]

    return make


def refused(instance, reason, status=503, **options):
    answer = instance.get(**options)
    assert answer.status == status
    assert instance.exchange(lambda line: line["status"] == status)["reason"] == reason
    return answer


def test_a_good_answer_lets_the_request_on(guarded):
    instance, auth, app = guarded(grants())
    answer = instance.get("/path?a=b", method="POST", fields={"Cookie": "s=1", "X-Other": "x"}, body=b"12345")
    assert (answer.status, answer.body) == (200, b"hello")
    question, request = auth.request(), app.request()
    assert (question.method, question.target, question.body) == ("GET", "/", b"")
    assert question.get("Host") == "a.test"
    assert question.get("X-Forwarded-Method") == "POST"
    assert question.get("X-Forwarded-Uri") == "/path?a=b"
    assert question.get("X-Forwarded-Host") == "a.test"
    assert question.get("X-Forwarded-Proto") == "https"
    assert question.get("X-Forwarded-For") == "127.0.0.1"
    assert question.get("Cookie") == "s=1"
    assert question.get("X-Other") is None
    assert question.get("Content-Length") is None
    assert (request.method, request.target, request.body) == ("POST", "/path?a=b", b"12345")
    assert request.get("X-Request-Id") == question.get("X-Request-Id")
    assert request.get("X-Forwarded-Method") is None


def test_path_and_fields_of_the_question_are_as_set(guarded):
    instance, auth, _ = guarded(grants(), path="/check?site=a", request_headers=["X-Token"])
    assert instance.get(fields={"X-Token": "t", "Cookie": "c=1"}).status == 200
    question = auth.request()
    assert question.target == "/check?site=a"
    assert (question.get("X-Token"), question.get("Cookie")) == ("t", None)


def test_the_standard_form_of_forwarded_does_not_hide_who_asks(serving, backend):
    auth = backend(grants())
    headers = {"headers": {"forwarded": "rfc7239"}}
    instance = serving({"app": backend(), "auth": auth}, domain(), defaults=headers)
    assert instance.get().status == 200
    assert auth.request().get("X-Forwarded-Host") == "a.test"


def test_what_the_answer_says_goes_to_the_service_and_nothing_that_the_client_forged(guarded):
    said = [("X-User", "anna"), ("X-Group", "a"), ("X-Group", "b"), ("X-Other", "no")]
    names = ["X-User", "x-group", "X-Absent", "Remote-User"]
    instance, _, app = guarded(grants(said), response_headers=names)
    forged = [("X-User", "root"), ("X-Absent", "root"), ("x-absent", "root"), ("Remote-User", "root")]
    assert instance.get(fields=forged).status == 200
    request = app.request()
    assert request.all("X-User") == ["anna"]
    assert request.all("X-Group") == ["a", "b"]
    assert request.get("X-Other") is None
    assert "root" not in [value for _, value in request.fields]


def test_a_forged_name_in_another_spelling_does_not_get_through(serving, backend):
    app = backend()
    services = {"app": app, "auth": backend(grants({"X-User": "anna"}))}
    headers = {"headers": {"underscore": "keep"}}
    instance = serving(services, domain(response_headers=["X-User"]), defaults=headers)
    assert instance.get(fields={"X_User": "root", "X.User": "root"}).status == 200
    assert "root" not in [value for _, value in app.request().fields]


def test_names_that_no_client_may_send_pass_when_the_answer_has_them(guarded):
    instance, _, app = guarded(grants({"Remote-User": "anna"}), response_headers=["Remote-User"])
    assert instance.get(fields={"Remote-User": "root"}).status == 200
    assert app.request().all("Remote-User") == ["anna"]


def denies(connection):
    while True:
        connection.read()
        connection.answer(
            b"who are you?",
            status="401 Unauthorized",
            fields=[("WWW-Authenticate", "Bearer"), ("Server", "auth"), ("Set-Cookie", "a=b")],
        )


def test_any_other_answer_is_the_clients(guarded):
    instance, _, app = guarded(denies)
    answer = refused(instance, "auth_denied", 401)
    assert answer.body == b"who are you?"
    assert answer.get("WWW-Authenticate") == "Bearer"
    assert answer.get("Set-Cookie") == "a=b"
    assert answer.get("Server") is None
    assert app.received == b""


def test_a_connection_goes_on_after_a_denial(guarded):
    instance, _, app = guarded(denies)
    with instance.client() as client:
        for _ in range(3):
            assert client.ask().status == 401
    assert app.received == b""


def test_a_redirect_to_a_login_is_the_clients(guarded):
    def script(connection):
        connection.read()
        connection.answer(status="302 Found", fields={"Location": "https://login.test/"})

    instance, _, app = guarded(script)
    answer = refused(instance, "auth_denied", 302)
    assert answer.get("Location") == "https://login.test/"
    assert app.received == b""


def test_head_of_a_denial_has_no_body(guarded):
    instance, auth, app = guarded(denies)
    with instance.client() as client:
        assert client.ask("HEAD").body == b""
        assert client.ask("HEAD").status == 401
    assert auth.request().method == "GET"
    assert app.received == b""


def test_a_body_that_was_not_sent_yet_is_not_wanted_after_a_denial(guarded):
    instance, _, app = guarded(denies)
    with instance.client() as client:
        client.send_head("POST", fields={"Content-Length": "1000", "Expect": "100-continue"})
        answer = client.response()
        assert (answer.status, answer.interim) == (401, [])
        assert client.is_closed()
    assert app.received == b""


def test_a_chunked_denial_comes_in_full(guarded):
    def script(connection):
        connection.read()
        connection.send("HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        connection.send("3\r\ndef\r\n0\r\nX-Trailer: t\r\n\r\n")

    instance, _, _ = guarded(script)
    assert instance.get().body == b"abcdef"


# -- what is no answer is a 503, and never open


def says_raw(text):
    def script(connection):
        connection.read()
        connection.send(text)
        connection.close()

    return script


NO_ANSWERS = {
    "closed": "",
    "no HTTP": "220 mail.test ready\r\n",
    "half a head": "HTTP/1.1 200 OK\r\nX-A",
    "cut": "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
    "cut chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    "two lengths": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
    "bare LF": "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "switching": "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "1xx flood": "HTTP/1.1 103 Early Hints\r\n\r\n" * 1000 + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "1xx and no end": "HTTP/1.1 100 Continue\r\n\r\n",
    "huge grant": "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + "x" * 1000000,
    "NUL in a value": "HTTP/1.1 200 OK\r\nX-User: a\0b\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_no_answer_is_a_503(guarded, name):
    instance, _, app = guarded(says_raw(NO_ANSWERS[name]), response_headers=["X-User"])
    refused(instance, "auth_unavailable")
    assert app.received == b""


def test_nobody_there_is_a_503(serving, backend):
    app = backend()
    instance = serving({"app": app, "auth": backend(accepting=False)}, domain())
    refused(instance, "auth_unavailable")
    assert app.received == b""


@pytest.mark.parametrize("said", ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"])
def test_one_that_hangs_is_given_up(guarded, said):
    def script(connection):
        connection.read()
        connection.send(said)
        connection.wait_for_end()

    instance, _, app = guarded(script, timeout="300ms")
    refused(instance, "auth_timeout")
    assert app.received == b""


def test_one_that_drips_is_given_up(guarded):
    stop = threading.Event()

    def script(connection):
        connection.read()
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not stop.wait(0.02):
            connection.send("x")

    instance, _, app = guarded(script, timeout="500ms")
    refused(instance, "auth_timeout")
    stop.set()
    assert app.received == b""


def test_a_denial_that_is_cut_is_cut_for_the_client(guarded):
    text = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 10\r\n\r\nabc"
    instance, _, app = guarded(says_raw(text))
    with instance.client() as client:
        client.send_head()
        with pytest.raises((messages.Ended, OSError)):
            client.response()
    line = instance.exchange(lambda line: line["status"] == 401)
    assert line["reason"] == "auth_unavailable"
    assert app.received == b""


def test_a_denial_without_end_is_cut(guarded):
    def script(connection):
        connection.read()
        connection.send("HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.send("4000\r\n" + "x" * 0x4000 + "\r\n")

    instance, _, app = guarded(script)
    with instance.client() as client:
        client.send_head()
        got = client.rest()
    assert 500_000 < len(got) < 2_000_000 and not got.endswith(b"0\r\n\r\n")
    assert app.received == b""


def test_a_client_that_leaves_ends_the_question(guarded):
    arrived = threading.Event()
    ended = threading.Event()

    def script(connection):
        connection.read()
        arrived.set()
        connection.wait_for_end()
        ended.set()

    instance, _, app = guarded(script, timeout="30s")
    client = instance.client()
    client.send_head()
    assert arrived.wait(20)
    client.close()
    assert ended.wait(20)
    assert instance.exchange(lambda line: line["status"] == 499)["reason"] == "client_closed"
    assert app.received == b""


def test_a_reload_while_the_question_waits_changes_nothing_for_it(serving, backend):
    go, arrived = threading.Event(), threading.Event()

    def script(connection):
        connection.read()
        arrived.set()
        assert go.wait(20)
        connection.answer()

    app = backend()
    services = {"app": app, "auth": backend(script)}
    instance = serving(services, domain())
    with instance.client() as client:
        client.send_head()
        assert arrived.wait(20)
        instance.write(services, {"a.test": "app"})
        instance.reload()
        go.set()
        assert client.response().status == 200


def test_the_default_holds_for_every_domain_and_one_may_ask_nobody(serving, backend):
    app, auth = backend(), backend(denies)
    open_domain = {"routes": [{"service": "app"}], "forward_auth": {"service": ""}}
    instance = serving(
        {"app": app, "auth": auth},
        {"a.test": "app", "b.test": open_domain},
        defaults={"forward_auth": {"service": "auth"}},
    )
    assert instance.get().status == 401
    assert instance.get(host="b.test").status == 200


def test_what_the_domain_removes_the_question_still_has(serving, backend):
    app, auth = backend(), backend(grants())
    whole = domain()
    whole["a.test"]["headers"] = {"request": {"remove": ["Cookie"], "set": {"X-Key": "secret"}}}
    instance = serving({"app": app, "auth": auth}, whole)
    assert instance.get(fields={"Cookie": "s=1"}).status == 200
    question, request = auth.request(), app.request()
    assert (question.get("Cookie"), question.get("X-Key")) == ("s=1", None)
    assert (request.get("Cookie"), request.get("X-Key")) == (None, "secret")


def test_questions_are_neither_logged_nor_counted_as_requests(guarded):
    instance, auth, _ = guarded(grants())
    with instance.client() as client:
        for _ in range(5):
            assert client.ask().status == 200
    process_table.wait_until(lambda: len(instance.access.seen) >= 5, "five lines")
    lines = [line for line in instance.access.seen if line.startswith("{")]
    assert len(lines) == 5
    assert auth.asked() == 5
    assert len(auth.connections) == 1  # they share a connection


def test_every_kind_of_refusal_has_its_counter(serving, backend):
    def script(connection):
        request = connection.read()
        if request.get("Cookie") == "hang":
            connection.wait_for_end()
        elif request.get("Cookie") == "deny":
            connection.answer(status="403 Forbidden")

    services = {"app": backend(), "auth": backend(script)}
    instance = serving(services, domain(timeout="300ms"))
    for cookie, status in (("deny", 403), ("hang", 503), ("close", 503), ("deny", 403)):
        assert instance.get(fields={"Cookie": cookie}).status == status
    wanted = {("auth_denied",): 2, ("auth_timeout",): 1, ("auth_unavailable",): 1}
    counts(instance, "swarmward_refusals_total", wanted, "reason")


def test_a_tunnel_is_asked_for_too(guarded):
    def script(connection):
        connection.read_head()
        connection.send(
            messages.head("HTTP/1.1 101 Switching Protocols", {"Upgrade": "websocket", "Connection": "Upgrade"})
        )
        connection.send(connection.recv(100))

    instance, auth, _ = guarded(grants(), script)
    fields = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    with instance.client() as client:
        client.send_head(fields=fields)
        assert client.response().status == 101
        client.send("ping")
        assert client.reader.exactly(4) == b"ping"
    assert auth.request().get("Upgrade") is None


def test_behind_a_trusted_proxy_the_question_names_the_same_client_as_the_request(serving, backend):
    services = {"app": backend(), "auth": backend(grants())}
    instance = serving(services, domain(), listeners={"trusted_proxies": ["127.0.0.1/32"]})
    assert instance.get(fields={"X-Forwarded-For": "192.0.2.7"}).status == 200
    question, request = services["auth"].request(), services["app"].request()
    assert question.get("X-Forwarded-For") == request.get("X-Forwarded-For")
    assert "192.0.2.7" in question.get("X-Forwarded-For")
