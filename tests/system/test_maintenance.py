"""domains.NAME.maintenance and the label: 503, a page, testers who see the site nevertheless."""

from lab.process_table import wait_until
from test_counters import counts
from test_discovery import engine, labels, swarm, unverified  # noqa: F401 (fixtures)

TESTER, VISITOR = "127.0.0.77", "127.0.1.77"
PAGE = "<!doctype html><title>Closed</title><p>Back at noon, für alle.\n"


def closed(instance, backend, **more):
    (instance.folder / "page.html").write_text(PAGE)
    entry = {"maintenance": {"enabled": True, **more}, "routes": [{"path": "/", "service": "app"}]}
    instance.write({"app": backend}, {"a.test": entry, "b.test": "app"})
    return instance


def test_the_page_is_sent_with_503(swarmward, backend):
    app = backend()
    instance = closed(swarmward, app, page="page.html").start("--workers", "1")
    with instance.client() as client:
        for method in ("GET", "HEAD", "DELETE"):
            answer = client.ask(method, "/any/path")
            assert (answer.status, answer.get("Content-Type")) == (503, "text/html; charset=utf-8")
            assert int(answer.get("Retry-After")) > 0
            assert answer.get("Cache-Control") == "no-store"
            assert answer.get("Content-Length") == str(len(PAGE.encode()))
            assert answer.body == (b"" if method == "HEAD" else PAGE.encode())
    assert app.received == b""
    assert instance.exchange()["reason"] == "maintenance"
    counts(instance, "swarmward_refusals_total", {("maintenance",): 3}, "reason")
    assert instance.get(host="b.test").status == 200


def test_without_a_page_it_is_a_line(swarmward, backend):
    instance = closed(swarmward, backend()).start("--workers", "1")
    answer = instance.get()
    assert (answer.status, answer.get("Content-Type")) == (503, "text/plain; charset=utf-8")
    assert b"maintenance" in answer.body


def test_testers_are_let_through(swarmward, backend):
    instance = closed(swarmward, backend(), allow=["127.0.0.0/24"]).start("--workers", "1")
    seen = {}
    for source in (TESTER, VISITOR):
        with instance.client(source=source) as client:
            seen[source] = client.ask().status
    assert seen == {TESTER: 200, VISITOR: 503}


def test_it_comes_and_goes_with_a_reload_and_so_does_the_page(swarmward, backend):
    app = backend()
    instance = closed(swarmward, app, page="page.html").start("--workers", "1")
    with instance.client() as client:
        assert client.ask().body == PAGE.encode()
        (instance.folder / "page.html").write_text("<p>later")
        assert client.ask().body == PAGE.encode()  # read at a load, not at a request
        instance.reload()
        wait_until(lambda: client.ask().body == b"<p>later", "the new page is served")
        closed(instance, app, enabled=False)
        instance.reload()
        wait_until(lambda: client.ask().status == 200, "it is open again")


def test_a_page_that_is_not_there_refuses_the_file(swarmward, backend):
    instance = closed(swarmward, backend(), page="page.html")
    (instance.folder / "page.html").unlink()
    said = instance.command("check", instance.file, check=False)
    assert said.returncode == 2 and "domains.a.test.maintenance.page: " in said.stdout + said.stderr
    (instance.folder / "page.html").write_bytes(b"x" * (256 * 1024 + 1))
    said = instance.command("check", instance.file, check=False)
    assert said.returncode == 2 and "domains.a.test.maintenance.page: " in said.stdout + said.stderr


def test_a_label_closes_what_its_service_serves(swarm, engine, backend):  # noqa: F811
    live = swarm()
    live.add("open", "open.test", backend())
    web = live.add("web", "a.test", backend())
    live.settles("a.test", b"hello")
    engine.update(web, labels("a.test", maintenance="true"))
    wait_until(lambda: live.instance.get().status == 503, "it is closed")
    assert live.instance.exchange(lambda line: line.get("status") == 503)["reason"] == "maintenance"
    assert live.instance.get(host="open.test").status == 200
    engine.update(web, labels("a.test", maintenance="false"))
    live.settles("a.test", b"hello")


def test_what_the_file_says_of_a_domain_goes_before_its_label(swarm, engine, backend):  # noqa: F811
    routes = [{"path": "/", "service": "web"}]
    live = swarm(
        domains={
            "said.test": {"maintenance": {"enabled": False}, "routes": routes},
            "silent.test": {"routes": routes},
        }
    )
    live.add("web", "a.test", backend(), maintenance="true")
    wait_until(lambda: live.instance.get(host="silent.test").status == 503, "the label holds")
    live.settles("said.test", b"hello")
