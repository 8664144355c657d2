"""Pages of a domain for the answers of swarmward itself."""

from lab import backends

PAGE = "<h1>{{status}}</h1><p>{{reason}}, {{request_id}}, {{other}}, {"


def page(instance, text=PAGE, name="page.html"):
    (instance.folder / name).write_text(text)
    return name


def serve(swarmward, services, pages, **more):
    domain = {"a.test": {"routes": [{"path": "/app", "service": "app"}], "error_pages": pages}}
    swarmward.write(services, domain, **more)
    return swarmward.start("--workers", "1")


def test_our_own_answer_is_the_page_with_its_words(swarmward, backend):
    instance = serve(swarmward, {"app": backend()}, {"404": page(swarmward)})
    answer = instance.get("/none")
    line = instance.exchange(lambda one: one["status"] == 404)
    assert answer.status == 404
    assert answer.get("Content-Type") == "text/html; charset=utf-8"
    want = f"<h1>404</h1><p>no_such_route, {line['request_id']}, {{{{other}}}}, {{"
    assert answer.body.decode() == want


def test_each_status_has_its_own(swarmward, backend):
    gone = backend(accepting=False)
    pages = {"404": page(swarmward), "502": page(swarmward, "gone", "gone.html")}
    instance = serve(swarmward, {"app": gone}, pages)
    answer = instance.get("/app")
    assert (answer.status, answer.body) == (502, b"gone")


def test_what_a_service_answers_is_not_touched(swarmward, backend):
    def script(connection):
        connection.read()
        connection.answer(b"the service's own", status="404 Not Found")

    instance = serve(swarmward, {"app": backend(script)}, {"404": page(swarmward)})
    assert instance.get("/app").body == b"the service's own"


def test_other_statuses_keep_the_plain_words(swarmward, backend):
    instance = serve(swarmward, {"app": backend()}, {"502": page(swarmward)})
    answer = instance.get("/none")
    assert answer.status == 404
    assert answer.get("Content-Type").startswith("text/plain")
    assert b"no_such_route" in answer.body


def test_head_has_the_length_and_no_body(swarmward, backend):
    instance = serve(swarmward, {"app": backend()}, {"404": page(swarmward, "12345")})
    answer = instance.get("/none", method="HEAD")
    assert (answer.get("Content-Length"), answer.body) == ("5", b"")


def test_the_page_of_the_defaults_is_for_unknown_domains_too(swarmward, backend, authority):
    name = page(swarmward, "nowhere {{reason}}")
    certificate = authority.issue("a.test", "b.test")
    swarmward.write({"app": backend()}, certificates=[certificate], defaults={"error_pages": {"404": name}})
    instance = swarmward.start("--workers", "1")
    with instance.client() as client:
        answer = client.ask(host="unknown.test")
    assert (answer.status, answer.body) == (404, b"nowhere no_such_domain")


def test_a_page_that_is_not_there_or_too_large_is_refused_and_the_old_one_stays(swarmward, backend):
    instance = serve(swarmward, {"app": backend()}, {"404": page(swarmward, "first")})
    for text in (None, "x" * (64 * 1024 + 1)):
        if text is None:
            (swarmward.folder / "page.html").unlink()
        else:
            page(swarmward, text)
        done = instance.reload(check=False)
        assert done.returncode != 0
        assert "error_pages" in done.stdout + done.stderr
        assert instance.get("/none").body == b"first"


def test_a_reload_brings_the_new_text(swarmward, backend):
    instance = serve(swarmward, {"app": backend(backends.says("x"))}, {"404": page(swarmward, "first")})
    assert instance.get("/none").body == b"first"
    page(swarmward, "second")
    instance.reload()
    assert instance.get("/none").body == b"second"
