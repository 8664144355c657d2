"""domains.NAME.redirect (www and apex) and domains.NAME.redirects (paths): where a request is sent, with
which status, and that no request can choose the host."""

import pytest
from lab import addresses
from lab.process_table import wait_until
from test_discovery import engine, swarm, unverified  # noqa: F401 (fixtures)

PORT = addresses.HTTPS_PORT
ROUTES = [{"path": "/", "service": "app"}]


def ask(instance, host, target="/", method="GET", authority=None):
    with instance.client(host) as client:
        answer = client.ask(method, target, host=authority or host)
        return answer.status, answer.get("Location")


@pytest.fixture
def instance(serving, backend):
    return serving(
        {"app": backend()},
        {
            "a.test": {"aliases": ["www.a.test", "old.test"], "redirect": "www_to_apex", "routes": ROUTES},
            "www.b.test": {"aliases": ["b.test"], "redirect": "apex_to_www", "routes": ROUTES},
            "c.test": {
                "redirects": [
                    {"path": "/old", "to": "/new"},
                    {"path": "/old/deep", "to": "https://d.test/x/", "status": 302},
                    {"path": "/start", "to": "/", "status": 301},
                    {"path": "/see", "to": "/seen", "status": 303},
                ],
                "routes": [{"path": "/new", "service": "app"}],
            },
        },
    )


def test_www_is_sent_to_the_apex(instance):
    assert ask(instance, "www.a.test", "/x?y=1&z=%2F") == (308, "https://a.test/x?y=1&z=%2F")
    assert ask(instance, "www.a.test", "/x?") == (308, "https://a.test/x?")
    assert ask(instance, "www.a.test", authority="WWW.A.test.") == (308, "https://a.test/")
    assert ask(instance, "a.test") == (200, None)
    assert ask(instance, "old.test") == (200, None)


def test_the_apex_is_sent_to_www(instance):
    assert ask(instance, "b.test", "/x") == (308, "https://www.b.test/x")
    assert ask(instance, "www.b.test") == (200, None)


def test_the_port_of_the_request_stays(instance):
    authority = f"www.a.test:{PORT}"
    assert ask(instance, "www.a.test", "/x", authority=authority) == (308, f"https://a.test:{PORT}/x")
    assert ask(instance, "www.a.test", "/x", authority="www.a.test:443") == (308, "https://a.test/x")


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "HEAD", "DELETE"])
def test_the_method_does_not_matter(instance, method):
    assert ask(instance, "www.a.test", "/x", method) == (308, "https://a.test/x")
    assert ask(instance, "c.test", "/old", method) == (308, "https://c.test/new")


PATHS = {
    "/old": (308, "https://c.test/new"),
    "/old/": (308, "https://c.test/new/"),
    "/old/page.html?q=1": (308, "https://c.test/new/page.html?q=1"),
    "/old/deep": (302, "https://d.test/x"),
    "/old/deep/er?": (302, "https://d.test/x/er?"),
    "/start": (301, "https://c.test/"),
    "/start/in": (301, "https://c.test/in"),
    "/see": (303, "https://c.test/seen"),
    "/a/../old": (308, "https://c.test/new"),
    "/older": (404, None),
    "/new": (200, None),
}


@pytest.mark.parametrize("target", PATHS)
def test_paths(instance, target):
    assert ask(instance, "c.test", target) == PATHS[target]


@pytest.mark.parametrize("target", ["/start//evil.test", "/start/%2f/evil.test", "/start/@evil.test", "/old//evil.test"])
def test_no_path_becomes_a_host(instance, target):
    status, location = ask(instance, "c.test", target)
    assert status in (301, 308) and location.startswith("https://c.test/")


def test_no_counter_of_refusals_and_a_line_in_the_log(instance):
    ask(instance, "www.a.test")
    line = instance.exchange()
    assert (line["status"], "reason" in line, line["domain"]) == (308, False, "www.a.test")


def test_a_label_redirects_what_it_claims(swarm, engine, backend):  # noqa: F811
    live = swarm()
    live.add("web", "a.test,www.a.test,b.test", backend(), redirect="www_to_apex")
    live.settles("a.test", b"hello")
    assert ask(live.instance, "www.a.test", "/x") == (308, "https://a.test/x")
    assert ask(live.instance, "b.test") == (200, None)


def test_a_label_without_the_other_name_is_quarantined(swarm, engine, backend):  # noqa: F811
    live = swarm()
    live.add("web", "www.a.test", backend(), redirect="www_to_apex")
    wait_until(lambda: "web" in live.quarantined(), "it is quarantined")
    assert "swarmward.redirect" in live.quarantined()["web"]["reason"]
