"""A load balancer in front says who the client is: it is believed, nobody else is."""

import socket
import ssl
import struct

import pytest
from lab import backends
from lab.client import Client
from lab.process_table import wait_until

V1 = b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"
V1_6 = b"PROXY TCP6 2001:db8::7 2001:db8::8 56324 443\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
STRANGER = "127.9.9.9"  # in no trusted network


def v2(source="192.0.2.1", command=0x21, additions=b""):
    family, packed = (0x21, socket.inet_pton(socket.AF_INET6, source)) if ":" in source else (
        0x11, socket.inet_pton(socket.AF_INET, source))  # fmt: skip
    body = packed + packed + struct.pack(">HH", 56324, 443) + additions
    return SIGNATURE + bytes([command, family]) + struct.pack(">H", len(body)) + body


LOCAL = SIGNATURE + b"\x20\0\0\0"


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def with_checksum(wrong=0):
    unsummed = v2(additions=b"\x03\0\x04\0\0\0\0")
    return v2(additions=b"\x03\0\x04" + struct.pack(">I", crc32c(unsummed) ^ wrong))


@pytest.fixture
def behind(swarmward):
    """behind(services, "any") -> serving, with the proxy's network trusted"""

    def serve(services, versions="any", trusted=("127.0.0.1/32",), **sections):
        whole = swarmward.settings(services, **sections)
        whole["listeners"]["https"]["proxy_protocol"] = versions
        whole["listeners"]["http"]["proxy_protocol"] = versions
        whole["listeners"]["trusted_proxies"] = list(trusted)
        swarmward.write(domains=whole.pop("domains"), services=services, **{
            name: whole[name] for name in ("listeners", "limits", "defaults", "tls") if name in whole
        })  # fmt: skip
        swarmward.spawn("--workers", "1")
        swarmward.log.wait(lambda line: "result=served" in line)
        return swarmward

    return serve


def is_refused(instance, before, reason, plain=False, **options):
    after = len(instance.access.seen)
    try:
        address = instance.http if plain else instance.https
        context = None if plain else instance.context
        with Client(address, context=context, before=before, **options) as client:
            if plain:
                client.send_head()
            assert client.rest() == b""
    except OSError:
        pass  # TLS was never answered
    line = instance.exchange(lambda line: line.get("reason") == reason, after)
    assert "status" not in line
    return line


@pytest.mark.parametrize("header, address", [
    (V1, "192.0.2.1"), (V1_6, "2001:db8::7"), (v2(), "192.0.2.1"), (v2("2001:db8::7"), "2001:db8::7"),
    (with_checksum(), "192.0.2.1"), (v2(additions=b"\x02\0\x06a.test\xee\0\x02??"), "192.0.2.1"),
    (v2("::ffff:192.0.2.1"), "192.0.2.1"),
], ids=["v1", "v1 ipv6", "v2", "v2 ipv6", "checksum", "additions", "mapped"])  # fmt: skip
def test_the_backend_and_the_log_learn_the_address(behind, backend, header, address):
    app = backend()
    instance = behind({"app": app})
    with instance.client(before=header) as client:
        assert client.ask().status == 200
        assert client.ask().status == 200  # the connection's, not the first request's
    for _ in range(2):
        assert app.request().get("X-Forwarded-For") == address
    line = instance.exchange()
    assert (line["client"], line["proxy"]) == (address, "127.0.0.1")


def test_the_redirect_of_plain_http_learns_it_too(behind, backend):
    instance = behind({"app": backend()})
    for pieces in ([V1 + b"GET / HT"], [V1, b"GET / HT"], [V1[:7], V1[7:], b"GET / HT"]):
        after = len(instance.access.seen)
        with instance.plain_client(before=pieces) as client:
            client.send("TP/1.1\r\nHost: a.test\r\n\r\n")
            assert client.response().status == 308
        assert instance.exchange(after=after)["client"] == "192.0.2.1"


@pytest.mark.parametrize("header", [LOCAL, b"PROXY UNKNOWN\r\n", SIGNATURE + b"\x21\0\0\x02??"])
def test_a_proxy_that_speaks_for_itself_is_the_client(behind, backend, header):
    app = backend()
    instance = behind({"app": app})
    with instance.client(before=header) as client:
        assert client.ask().status == 200
    assert app.request().get("X-Forwarded-For") == "127.0.0.1"


def test_the_header_may_come_in_any_pieces(behind, backend):
    app = backend()
    instance = behind({"app": app})
    for header in (V1, v2()):
        for cut in range(1, len(header)):
            with instance.client(before=[header[:cut], header[cut:]]) as client:
                assert client.ask().status == 200
            assert app.request().get("X-Forwarded-For") == "192.0.2.1"


def test_what_is_behind_the_header_belongs_to_tls(behind, backend):
    """Header and ClientHello in one segment, and cut at every place that matters."""
    app = backend()
    instance = behind({"app": app})
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    hello = instance.context.wrap_bio(incoming, outgoing, server_hostname="a.test")
    with pytest.raises(ssl.SSLWantReadError):
        hello.do_handshake()
    both = V1 + outgoing.read()
    for cut in (len(both), len(V1) - 1, len(V1), len(V1) + 1, len(V1) + 5, len(both) - 1):
        with Client(instance.https, before=[both[:cut], both[cut:]]) as client:
            assert client.sock.recv(1) == b"\x16", "no ServerHello"


@pytest.mark.parametrize("bytes_, reason", [
    (b"", "proxy_header_missing"),
    (b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", "proxy_header_missing"),
    (b"PROXY TCP4 192.0.2.1 198.51.100.1 056 443\r\n", "proxy_header_bad"),
    (b"PROXY TCP4 192.0.2.1 198.51.100.1 56 443\n", "proxy_header_bad"),
    (b"PROXY UNKNOWN " + b"a" * 100, "proxy_header_bad"),
    (with_checksum(wrong=1), "proxy_header_bad"),
    (SIGNATURE + b"\x21\x11\xff\xff", "proxy_header_bad"),
    (v2(command=0x22), "proxy_header_bad"),
], ids=["none", "http", "zeros", "bare lf", "long", "checksum", "length", "command"])  # fmt: skip
def test_a_proxy_that_breaks_the_rules_is_refused(behind, backend, bytes_, reason):
    app = backend()
    instance = behind({"app": app})
    assert is_refused(instance, bytes_, reason)["client"] == "127.0.0.1"
    assert app.received == b""


@pytest.mark.parametrize("versions, good, bad", [("v1", V1, v2()), ("v2", v2(), V1)])
def test_only_the_version_that_is_on_is_taken(behind, backend, versions, good, bad):
    instance = behind({"app": backend()}, versions)
    with instance.client(before=good) as client:
        assert client.ask().status == 200
    is_refused(instance, bad, "proxy_header_bad")


@pytest.mark.parametrize("header", [V1, v2(), LOCAL, SIGNATURE + b"\x21\x11\xff\xff", b"PROXY nonsense\r\n"])
@pytest.mark.parametrize("plain", [False, True])
def test_a_stranger_who_says_it_is_a_proxy_is_refused(behind, backend, header, plain):
    app = backend()
    instance = behind({"app": app})
    line = is_refused(instance, header, "proxy_header_of_stranger", plain, source=STRANGER)
    assert line["client"] == STRANGER and "proxy" not in line
    assert app.received == b""


def test_a_stranger_without_a_header_is_a_client_like_any(behind, backend):
    app = backend()
    instance = behind({"app": app})
    with instance.client(source=STRANGER) as client:
        assert client.ask().status == 200
    assert app.request().get("X-Forwarded-For") == STRANGER
    with instance.plain_client(source=STRANGER) as client:
        client.send("P")  # as PROXY begins, and POST
        client.send("OST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n")
        assert client.response().status == 308


@pytest.mark.parametrize("header", [V1, v2()])
def test_switched_off_nobody_may_send_it(serving, backend, header):
    app = backend()
    instance = serving({"app": app})
    with pytest.raises(OSError):
        instance.client(before=header)
    with instance.plain_client(before=header) as client:
        client.send_head()
        assert client.response().status == 400
    assert app.received == b""


def test_half_a_header_is_not_waited_for_for_ever(behind, backend):
    instance = behind({"app": backend()}, limits={"handshake_timeout": "200ms"})
    with Client(instance.https, before=V1[:20]) as client:
        assert client.rest() == b""
    assert instance.exchange(lambda line: line.get("reason") == "proxy_header_timeout")
    # the header's time is the handshake's: it does not begin anew
    with Client(instance.https, before=V1) as client:
        assert client.rest() == b""
    assert instance.exchange(lambda line: line.get("reason") == "handshake_timeout")["client"] == "192.0.2.1"


def test_connections_are_limited_by_the_address_of_the_client(behind, backend):
    instance = behind({"app": backend()}, limits={"connections": {"per_ip": 2}})
    kept = [instance.client(before=V1) for _ in range(2)]
    is_refused(instance, V1, "connections_per_address")
    others = [instance.client(before=v2(f"192.0.2.{number}")) for number in range(2, 6)]
    itself = [instance.client(before=LOCAL) for _ in range(5)]  # of the proxy there is no limit
    for client in kept + others + itself:
        assert client.ask().status == 200
        client.close()

    def has_room():
        try:
            with instance.client(before=V1) as client:
                return client.ask().status == 200
        except OSError:
            return False

    wait_until(has_room, "the address is counted out again")


def test_one_client_behind_a_proxy_stays_at_one_endpoint(behind, backend):
    apps = [backend(backends.says(str(number))) for number in range(4)]
    instance = behind({"app": apps}, defaults={"balance": "source_hash"})

    def reached(address):
        with instance.client(before=v2(address)) as client:
            return client.ask().body

    assert len({reached("192.0.2.9") for _ in range(10)}) == 1
    assert len({reached(f"192.0.2.{number}") for number in range(1, 40)}) > 1


# --- X-Forwarded-For

TRUSTING = {"trusted_proxies": ["127.0.0.1/32", "10.9.0.0/16"]}


def forwarded(app, client, *values):
    assert client.ask(fields=[("X-Forwarded-For", value) for value in values]).status == 200
    return app.request().all("X-Forwarded-For")


@pytest.mark.parametrize("values, address", [
    (["192.0.2.1"], "192.0.2.1"),
    (["2001:db8::7"], "2001:db8::7"),
    (["[2001:db8::7]:1234"], "2001:db8::7"),
    (["192.0.2.1:1234"], "192.0.2.1"),
    (["6.6.6.6, 192.0.2.1"], "192.0.2.1"),
    (["6.6.6.6", "192.0.2.1"], "192.0.2.1"),
    (["6.6.6.6, 192.0.2.1, 10.9.0.1"], "192.0.2.1"),
    (["6.6.6.6, 192.0.2.1", "10.9.0.1 , 10.9.0.2"], "192.0.2.1"),
    (["192.0.2.1,10.9.0.1,127.0.0.1"], "192.0.2.1"),
    (["10.9.0.1"], "10.9.0.1"),
    (["unknown"], "127.0.0.1"),
    (["192.0.2.1, nonsense"], "127.0.0.1"),
    (["192.0.2.1, nonsense, 10.9.0.1"], "10.9.0.1"),
    (["192.0.2.1,"], "127.0.0.1"),
    ([""], "127.0.0.1"),
    (["192.0.2.1\" onload=x"], "127.0.0.1"),
])  # fmt: skip
def test_the_last_stranger_of_the_list_is_the_client(serving, backend, values, address):
    app = backend()
    instance = serving({"app": app}, listeners=TRUSTING)
    with instance.client() as client:
        assert forwarded(app, client, *values) == [address]
    line = instance.exchange()
    assert (line["client"], line["proxy"]) == (address, "127.0.0.1")


def test_each_request_has_its_own(serving, backend):
    app = backend()
    instance = serving({"app": app}, listeners=TRUSTING)
    with instance.client() as client:
        assert forwarded(app, client, "192.0.2.1") == ["192.0.2.1"]
        assert forwarded(app, client, "192.0.2.2") == ["192.0.2.2"]
        assert forwarded(app, client) == ["127.0.0.1"]


def test_a_stranger_is_not_believed(serving, backend):
    app = backend()
    instance = serving({"app": app}, listeners=TRUSTING)
    with instance.client(source=STRANGER) as client:
        assert forwarded(app, client, "192.0.2.1") == [STRANGER]
    assert instance.exchange()["client"] == STRANGER


def test_whom_the_proxy_protocol_named_is_not_believed_either(behind, backend):
    app = backend()
    instance = behind({"app": app}, trusted=["127.0.0.1/32", "10.9.0.0/16"])
    with instance.client(before=V1) as client:
        assert forwarded(app, client, "6.6.6.6") == ["192.0.2.1"]
    with instance.client(before=v2("10.9.0.1")) as client:
        assert forwarded(app, client, "6.6.6.6, 192.0.2.2") == ["192.0.2.2"]


def test_it_needs_to_be_said_who_the_proxies_are(swarmward):
    whole = swarmward.settings({"app": "127.0.0.1:9"})
    whole["listeners"]["https"]["proxy_protocol"] = "any"
    swarmward.write({"app": "127.0.0.1:9"}, listeners=whole["listeners"])
    done = swarmward.command("check", swarmward.file, check=False)
    assert done.returncode == 2 and "trusted_proxies" in done.stdout + done.stderr
