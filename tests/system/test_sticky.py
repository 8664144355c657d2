"""A sticky cookie leads a client back to its endpoint."""

from lab import backends

STICKY = {"routes": [{"name": "app", "path": "/", "service": "app", "sticky": {"cookie": "swid"}}]}


def cookie_of(answer):
    (value,) = answer.all("Set-Cookie")
    assert value.startswith("swid=")
    return value


def test_the_cookie_leads_back_to_the_same_endpoint(serving, backend):
    apps = [backend(backends.says(str(number))) for number in range(4)]
    instance = serving({"app": apps}, {"a.test": STICKY}, defaults={"balance": "round_robin"})
    first = instance.get()
    cookie = cookie_of(first).split(";")[0]
    for _ in range(12):
        answer = instance.get(fields={"Cookie": f"other=1; {cookie}; more=2"})
        assert answer.body == first.body
        assert answer.all("Set-Cookie") == []


def test_without_the_cookie_requests_are_balanced(serving, backend):
    apps = [backend(backends.says(str(number))) for number in range(4)]
    instance = serving({"app": apps}, {"a.test": STICKY}, defaults={"balance": "round_robin"})
    assert len({instance.get().body for _ in range(8)}) == 4


def test_the_cookie_is_guarded(serving, backend):
    instance = serving({"app": backend()}, {"a.test": STICKY})
    attributes = [part.strip().lower() for part in cookie_of(instance.get()).split(";")[1:]]
    assert {"secure", "httponly", "path=/"} <= set(attributes)
    assert any(part.startswith("samesite=") for part in attributes)


def test_the_cookie_says_nothing_about_the_endpoint(serving, backend):
    app = backend()
    instance = serving({"app": app}, {"a.test": STICKY})
    cookie = cookie_of(instance.get())
    assert app.host not in cookie and app.at not in cookie


def test_the_cookie_does_not_reach_the_backend_but_others_do(serving, backend):
    app = backend()
    instance = serving({"app": app}, {"a.test": STICKY})
    cookie = cookie_of(instance.get()).split(";")[0]
    app.request()
    instance.get(fields={"Cookie": f"other=1; {cookie}; more=2"})
    request = app.request()
    assert "swid" not in request.get("Cookie")
    assert "other=1" in request.get("Cookie") and "more=2" in request.get("Cookie")


def test_a_made_up_cookie_does_no_harm(serving, backend):
    instance = serving({"app": [backend(), backend()]}, {"a.test": STICKY})
    for value in ("", "x", "f" * 16, "f" * 4000, "%00", "0", "-1", '"quoted"'):
        assert instance.get(fields={"Cookie": f"swid={value}"}).status == 200


def test_an_endpoint_that_is_gone_gives_a_new_cookie(serving, backend):
    stay, go = backend(backends.says("stay")), backend(backends.says("go"))
    instance = serving({"app": [stay, go]}, {"a.test": STICKY}, defaults={"balance": "round_robin"})
    answers = [instance.get() for _ in range(2)]
    cookie = next(cookie_of(answer) for answer in answers if answer.body == b"go").split(";")[0]
    instance.write({"app": [stay]}, {"a.test": STICKY})
    instance.reload()
    answer = instance.get(fields={"Cookie": cookie})
    assert answer.body == b"stay"
    assert cookie_of(answer).split(";")[0] != cookie


def test_the_cookie_holds_across_a_restart(swarmward_new, backend):
    apps = [backend(backends.says(str(number))) for number in range(4)]
    seen = []
    cookie = None
    for _ in range(2):
        instance = swarmward_new()
        instance.write({"app": apps}, {"a.test": STICKY}, defaults={"balance": "round_robin"})
        instance.start()
        answer = instance.get(fields={"Cookie": cookie} if cookie else {})
        cookie = cookie or cookie_of(answer).split(";")[0]
        seen.append(answer.body)
        instance.stop()
    assert seen[0] == seen[1]
