"""Fields that a domain sets and removes, in requests and responses."""

import pytest
from lab import backends, messages


def headers(request=None, response=None):
    return {"headers": {"request": request or {}, "response": response or {}}}


def domain(**more):
    return {"a.test": {"routes": [{"service": "app"}], **more}}


def names(message):
    return {name.lower() for name, _ in message.fields}


def test_what_a_program_says_about_itself_is_removed(serving, backend):
    fields = {"Server": "app/1.2", "X-Powered-By": "old", "X-Kept": "kept"}
    instance = serving({"app": backend(backends.says("hello", fields))})
    answer = instance.get()
    assert answer.get("X-Kept") == "kept"
    assert not names(answer) & {"server", "x-powered-by"}


def test_nothing_is_removed_when_told_so(serving, backend):
    script = backends.says("hello", {"Server": "app/1.2"})
    instance = serving({"app": backend(script)}, defaults=headers(response={"remove": []}))
    assert instance.get().get("Server") == "app/1.2"


def test_a_request_has_what_is_set(serving, backend):
    app = backend()
    edits = headers(request={"set": {"X-Site": "north", "X-Zone": "1"}, "remove": ["Cookie"]})
    instance = serving({"app": app}, domain(**edits))
    sent = [("X-Site", "forged"), ("x-site", "again"), ("Cookie", "a=b"), ("X-Kept", "kept")]
    assert instance.get(fields=sent).status == 200
    request = app.request()
    assert request.all("X-Site") == ["north"]
    assert request.get("X-Zone") == "1"
    assert request.get("Cookie") is None
    assert request.get("X-Kept") == "kept"


def test_another_spelling_of_what_is_set_does_not_get_through(serving, backend):
    app = backend()
    edits = headers(request={"set": {"X-Site": "north"}})
    edits["headers"]["underscore"] = "keep"
    instance = serving({"app": app}, defaults=edits)
    assert instance.get(fields={"X_Site": "forged", "X.Site": "forged"}).status == 200
    assert "forged" not in [value for _, value in app.request().fields]


def test_a_response_has_what_is_set(serving, backend):
    said = [("X-Frame-Options", "ALLOWALL"), ("X-Frame-Options", "x"), ("X-Secret", "1")]
    edits = headers(response={"set": {"X-Frame-Options": "DENY"}, "remove": ["X-Secret"]})
    instance = serving({"app": backend(backends.says("hello", said))}, domain(**edits))
    answer = instance.get()
    assert answer.all("X-Frame-Options") == ["DENY"]
    assert answer.get("X-Secret") is None
    assert answer.body == b"hello"


def test_the_connection_field_of_a_service_takes_nothing_of_ours(serving, backend):
    said = [("Connection", "X-Frame-Options, keep-alive"), ("X-Frame-Options", "ALLOWALL")]
    edits = headers(response={"set": {"X-Frame-Options": "DENY"}})
    instance = serving({"app": backend(backends.says("hello", said))}, domain(**edits))
    assert instance.get().all("X-Frame-Options") == ["DENY"]


def test_the_connection_field_of_a_client_takes_nothing_of_ours(serving, backend):
    app = backend()
    instance = serving({"app": app}, domain(**headers(request={"set": {"X-Site": "north"}})))
    assert instance.get(fields={"Connection": "X-Site"}).status == 200
    assert app.request().get("X-Site") == "north"


def test_what_is_removed_comes_neither_early_nor_late(serving, backend):
    def script(connection):
        connection.read()
        connection.send("HTTP/1.1 103 Early Hints\r\nX-Secret: 1\r\nLink: </a>\r\n\r\n")
        connection.send(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Secret\r\n\r\n"
            "2\r\nok\r\n0\r\nX-Secret: 1\r\nX-Kept: kept\r\n\r\n"
        )

    edits = headers(response={"remove": ["X-Secret"]})
    instance = serving({"app": backend(script)}, domain(**edits))
    with instance.client() as client:
        client.send_head(fields={"TE": "trailers", "Connection": "TE, close"})
        whole = client.rest()
    assert b"Link: </a>" in whole and b"X-Kept: kept" in whole
    assert b"X-Secret: " not in whole


def test_what_a_domain_writes_takes_the_place_of_the_default(serving, backend):
    app = backend(backends.says("hello", {"X-A": "backend", "Server": "app"}))
    instance = serving(
        {"app": app},
        {"a.test": {"routes": [{"service": "app"}], **headers(response={"set": {"X-A": "domain"}})}, "b.test": "app"},
        defaults=headers(response={"set": {"X-A": "default", "X-B": "default"}}),
    )  # fmt: skip
    own, other = instance.get(), instance.get(host="b.test")
    assert (own.get("X-A"), own.get("X-B"), own.get("Server")) == ("domain", None, None)
    assert (other.get("X-A"), other.get("X-B"), other.get("Server")) == ("default", "default", None)


def test_a_reload_changes_them(serving, backend):
    app = backend()
    instance = serving({"app": app}, domain(**headers(response={"set": {"X-A": "1"}})))
    with instance.client() as client:
        assert client.ask().get("X-A") == "1"
        instance.write({"app": app}, domain(**headers(response={"set": {"X-A": "2"}})))
        instance.reload()
        assert client.ask().get("X-A") == "2"


@pytest.mark.parametrize("name", ["Host", "Content-Length", "Transfer-Encoding", "X-Forwarded-For", "Connection"])
def test_what_frames_a_message_can_not_be_edited(swarmward, backend, name):
    swarmward.write({"app": backend()}, domain(**headers(request={"set": {name: "x"}})))
    done = swarmward.command("check", swarmward.file, check=False)
    assert done.returncode == 2
    assert "only swarmward itself writes it" in done.stdout + done.stderr


def test_an_upgrade_keeps_its_fields(serving, backend):
    def script(connection):
        connection.read_head()
        connection.send(
            messages.head(
                "HTTP/1.1 101 Switching Protocols",
                {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": "x", "Server": "a"},
            )
        )
        connection.wait_for_end()

    instance = serving({"app": backend(script)}, domain(**headers(response={"set": {"X-A": "1"}})))
    with instance.client() as client:
        client.send_head(
            fields={
                "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            }
        )  # fmt: skip
        answer = client.response()
        assert (answer.status, answer.get("Upgrade"), answer.get("X-A")) == (101, "websocket", "1")
        assert answer.get("Server") is None
