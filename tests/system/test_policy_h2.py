"""Policies of domains over HTTP/2: the same answers as over HTTP/1.1, each on its own stream."""

from lab.h2 import H2Client
from test_basic_auth import basic, guard, slow
from test_maintenance import PAGE, closed

ROUTES = [{"path": "/", "service": "app"}]


def lower(fields):
    return [(name.lower(), value) for name, value in fields.items()]


def test_refusals_and_redirects(serving, backend):
    instance = serving(
        {"app": backend()},
        {
            "a.test": {"access": {"deny": ["127.0.0.77/32"]}, "routes": ROUTES},
            "b.test": {"aliases": ["www.b.test"], "redirect": "www_to_apex", "routes": ROUTES,
                       "rate_limit": {"rate": "3/h"}},
        },
    )  # fmt: skip
    with H2Client(instance, source="127.0.0.77") as client:
        assert (client.get().status, client.get().status) == (403, 403)
    with H2Client(instance, "www.b.test") as client:
        answer = client.get("/x?y")
        assert (answer.status, answer.get("location")) == (308, "https://b.test/x?y")
        seen = [client.get() for _ in range(4)]
        assert [answer.status for answer in seen] == [308, 308, 429, 429]
        assert int(seen[-1].get("retry-after")) > 0


def test_a_page_larger_than_the_window_arrives_whole(swarmward, backend):
    instance = closed(swarmward, backend(), page="page.html")
    page = PAGE + "x" * 200_000
    (instance.folder / "page.html").write_text(page)
    instance.start("--workers", "1")
    with H2Client(instance) as client:
        answers = [client.ask(path=f"/{number}") for number in range(3)]
        for stream in answers:
            answer = client.answer(stream)
            assert (answer.status, answer.get("content-type")) == (503, "text/html; charset=utf-8")
            assert answer.body == page.encode()


def test_one_waits_for_its_password_and_the_others_go_on(swarmward, backend):
    app = backend()
    instance = slow(swarmward, app)
    with H2Client(instance) as client:
        waiting = client.ask(more=lower(basic()))
        nobody = client.ask()
        assert client.answer(nobody).status == 401
        assert client.answer(nobody).get("www-authenticate").startswith("Basic ")
        same = [client.ask(more=lower(basic())) for _ in range(5)]
        for stream in (waiting, *same):
            assert client.answer(stream).status == 200
    for _ in range(6):
        assert app.request().get("Authorization") is None


def test_a_stream_that_is_reset_while_it_waits(swarmward, backend):
    instance = slow(swarmward, backend())
    with H2Client(instance) as client:
        client.reset(client.ask(more=lower(basic(password="wrong"))))
        assert client.answer(client.ask(more=lower(basic()))).status == 200
    with H2Client(instance) as client:
        client.ask(more=lower(basic(password="another")))  # and the connection goes
    assert instance.get(fields=basic()).status == 200


def test_a_body_waits_for_the_password(swarmward, backend):
    app = backend()
    instance = slow(swarmward, app)
    with H2Client(instance) as client:
        body = b"x" * 200_000
        assert client.answer(client.ask("POST", more=lower(basic()), body=body)).status == 200
    assert app.request().body == body


def test_guard_is_not_for_http_1_alone(swarmward, backend):
    instance = guard(swarmward, backend(), "ada:$5$a$FWXdh6oXOJQkX7oAcP02d0Gnxjct6ra8Fwv29U9RIN2")
    instance.start("--workers", "1")
    with H2Client(instance) as client:
        assert client.get().status == 401
