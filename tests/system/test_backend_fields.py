"""What a service is told besides the request is the same whatever it speaks: one request to two services, one of
HTTP/1.1 and one of HTTP/2, and their fields compared one by one."""

import pytest
from lab import backends, h2_backends
from lab.client import trusting
from test_proxy_protocol import V1, V1_6

# what each protocol says in its own way
FRAMING = {"host", "connection", "te", "transfer-encoding", ":method", ":scheme", ":authority", ":path"}

def normal(request):
    """Names without case, several cookies as one: HTTP/2 may split them (RFC 9113 section 8.2.3)."""
    fields = [(name.lower(), value) for name, value in request.fields]
    cookies = [value for name, value in fields if name == "cookie"]
    rest = [pair for pair in fields if pair[0] not in FRAMING | {"cookie", "x-request-id"}]
    return sorted(rest + [("cookie", "; ".join(cookies))])


@pytest.fixture
def both(swarmward, backend, authority):
    """both(...)(fields, ...) -> what the service of HTTP/1.1 and that of HTTP/2 got, for the same request"""

    def start(domain=None, behind_proxy=False, **sections):
        services = {
            "one": {"servers": [(one := backend(backends.says("hello"))).at]},
            "two": {"servers": [(two := backend(h2_backends.says("hello"))).at], "protocol": "h2c"},
        }
        domains = {
            name: {"routes": [{"path": "/", "service": service}], **(domain or {})}
            for name, service in (("a.test", "one"), ("b.test", "two"))
        }
        certificates = [authority.issue("a.test", "b.test")]
        if behind_proxy:  # which says who the client is, so that nobody else can even look whether we serve
            listeners = swarmward.settings(services)["listeners"]
            listeners["https"]["proxy_protocol"] = "any"
            sections["listeners"] = {**listeners, "trusted_proxies": ["127.0.0.1/32"]}
        swarmward.write(services, domains, certificates, **sections)
        instance = swarmward.spawn("--workers", "1")
        instance.log.wait(lambda line: "result=served" in line)
        context = trusting(authority.ca)
        person = authority.issue("person.test")
        context.load_cert_chain(person.cert, person.key)

        def ask(method="GET", target="/path?q", fields=(), body=None, before=()):
            for host in ("a.test", "b.test"):
                # the same authority for both: it is in fields that are compared
                with instance.client(host, context=context, before=before) as client:
                    assert client.ask(method, target, fields, body).status == 200
            got = one.request(), two.request()
            assert len(got[0].get("X-Request-Id")) == len(got[1].get("x-request-id")) == 32
            return tuple([(n, v.replace("b.test", "a.test")) for n, v in normal(request)] for request in got)

        return ask

    return start


def pairs(fields, *names):
    return [value for name, value in fields if name in names]


@pytest.mark.parametrize("forwarded", ["x_forwarded", "rfc7239", "both"])
def test_who_asks_and_from_where(both, forwarded):
    one, two = both(defaults={"headers": {"forwarded": forwarded}})(
        fields=[("X-Forwarded-For", "6.6.6.6"), ("Forwarded", "for=6.6.6.6"), ("X-Real-IP", "6.6.6.6"), ("A", "1")]
    )
    assert one == two
    assert "6.6.6.6" not in str(one)
    assert pairs(one, "x-forwarded-for") == ([] if forwarded == "rfc7239" else ["127.0.0.1"])
    assert pairs(one, "x-forwarded-proto") == ([] if forwarded == "rfc7239" else ["https"])
    assert bool(pairs(one, "forwarded")) == (forwarded != "x_forwarded")


@pytest.mark.parametrize("header, address", [(V1, "192.0.2.1"), (V1_6, "2001:db8::7")])
def test_the_client_of_a_proxy(both, header, address):
    one, two = both(behind_proxy=True, defaults={"headers": {"forwarded": "both"}})(before=header)
    assert one == two
    assert pairs(one, "x-forwarded-for") == [address]
    assert address in pairs(one, "forwarded")[0]


@pytest.mark.parametrize("forward", ["subject", "cert"])
def test_a_clients_certificate(both, authority, forward):
    auth = {"mode": "required", "ca": str(authority.ca), "forward": forward}
    spoofed = [("Client-Cert", ":AAAA:"), ("X-Client-DN", "CN=root"), ("Client-Cert-Chain", ":AAAA:")]
    one, two = both({"client_auth": auth})(fields=spoofed)
    assert one == two
    assert "root" not in str(one) and "AAAA:" not in str([v for n, v in one if v == ":AAAA:"])
    assert len(pairs(one, "x-client-dn")) == (forward == "subject")
    assert len(pairs(one, "client-cert")) == (forward == "cert")


def test_fields_set_and_removed_by_hand(both):
    edits = {"request": {"set": {"X-Site": "north", "X-Mine": "ours"}, "remove": ["X-Gone"]}}
    one, two = both({"headers": edits})(
        fields=[("X-Mine", "theirs"), ("X-Gone", "1"), ("X-Kept", "1"), ("x-kept", "2")]
    )
    assert one == two
    assert pairs(one, "x-site", "x-mine") == ["ours", "north"] and not pairs(one, "x-gone")
    assert pairs(one, "x-kept") == ["1", "2"]


@pytest.mark.parametrize("rule", ["off", "pass"])
def test_hop_by_hop_and_traces(both, rule):
    fields = [
        ("Connection", "close, X-Named"), ("X-Named", "1"), ("Keep-Alive", "5"), ("Proxy-Connection", "keep-alive"),
        ("Proxy-Authorization", "Basic x"), ("TE", "trailers"), ("Trailer", "X-Sum"), ("Upgrade", "h2c"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ("tracestate", "a=1"),
        ("Cookie", "a=1; b=2"), ("Authorization", "Bearer t"), ("Under_Score", "1"), ("Expect", "100-continue"),
    ]  # fmt: skip
    one, two = both(tracing={"traceparent": rule})(fields=fields)
    assert one == two
    assert pairs(one, "cookie") == ["a=1; b=2"] and pairs(one, "authorization") == ["Bearer t"]
    assert not pairs(one, "x-named", "keep-alive", "proxy-connection", "proxy-authorization", "trailer", "expect")
    assert bool(pairs(one, "traceparent")) == (rule == "pass")


def test_a_body_with_its_length_and_our_own_cookie_without(both):
    ask = both(defaults={"sticky": {"cookie": "swid"}})
    one, two = ask("POST", "/", [("Cookie", "a=1; swid=theirs; b=2"), ("Content-Type", "text/plain")], b"hello")
    assert one == two
    assert pairs(one, "content-length") == ["5"]
    assert pairs(one, "cookie") == ["a=1; b=2"]
