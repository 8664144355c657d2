"""The forms of a request target, and which route it leads to."""

import pytest
from lab import backends


def test_absolute_form_reaches_the_backend_in_origin_form(serving, backend):
    app = backend()
    instance = serving({"app": app})
    with instance.client() as client:
        client.send("GET https://a.test/x?y HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert client.response().status == 200
    request = app.request()
    assert request.target == "/x?y"
    assert request.get("Host") == "a.test"


def test_absolute_form_without_path_means_the_root(serving, backend):
    app = backend()
    instance = serving({"app": app})
    with instance.client() as client:
        client.send("GET https://a.test HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert client.response().status == 200
    assert app.request().target == "/"


def test_options_for_the_whole_server_passes(serving, backend):
    app = backend()
    instance = serving({"app": app})
    with instance.client() as client:
        assert client.ask("OPTIONS", "*").status in (200, 400)


@pytest.mark.parametrize("host", ["A.TEST", "a.test:8443", "a.test:443", "a.Test."])
def test_the_host_is_found_however_it_is_written(serving, backend, host):
    instance = serving({"app": backend()})
    with instance.client() as client:
        answer = client.ask(host=host)
        assert answer.status == 200 or (host.endswith(".") and answer.status in (400, 421))


def test_the_target_reaches_the_backend_unchanged(serving, backend):
    app = backend()
    instance = serving({"app": app})
    for target in ("/a%2Fb", "/a%20b?c=%00d", "/~x/;p=1?a&b=c#", "/%E2%82%AC", "//double//"):
        if target.endswith("#"):
            continue
        assert instance.get(target).status == 200, target
        assert app.request().target == target


def test_the_longest_path_on_a_segment_border_wins(serving, backend):
    web, api, deep = (backend(backends.says(name)) for name in ("web", "api", "deep"))
    routes = [
        {"name": "web", "path": "/", "service": "web"},
        {"name": "api", "path": "/api", "service": "api"},
        {"name": "deep", "path": "/api/deep", "service": "deep"},
    ]
    instance = serving({"web": web, "api": api, "deep": deep}, {"a.test": {"routes": routes}})
    wanted = {
        "/": b"web", "/x": b"web", "/apix": b"web", "/api": b"api", "/api?x": b"api", "/api/": b"api",
        "/api/x": b"api", "/api/deep": b"deep", "/api/deep/x": b"deep", "/api/deeper": b"api",
        "/x/../api/y": b"api", "/api/../x": b"web", "/API": b"web",
    }  # fmt: skip
    got = {target: instance.get(target).body for target in wanted}
    assert got == wanted


def test_no_route_is_404(serving, backend):
    routes = [{"name": "api", "path": "/api", "service": "app"}]
    instance = serving({"app": backend()}, {"a.test": {"routes": routes}})
    assert instance.get("/other").status == 404
    assert instance.get("/api").status == 200
