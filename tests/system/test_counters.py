"""What workers count, to the last one: a known number of each kind is made, then /metrics is read."""

import socket

import pytest
from lab.backends import says
from lab.process_table import wait_until
from test_admin import metrics
from test_retry import refused
from test_tls_policy import agreed, s_client

TWO_WORKERS = ("--workers", "2")


def family(instance, name, *labels):
    """The series of a metric that are not zero: values of these labels -> value."""
    return {
        tuple(dict(pairs)[label] for label in labels): value
        for (known, pairs), value in metrics(instance).samples.items()
        if known == name and value
    }


def counts(instance, name, wanted, *labels):
    """A worker counts just after the client has seen the end: at once, but not before."""
    seen = {}

    def settled():
        seen.update(now=family(instance, name, *labels))
        return seen["now"] == wanted

    wait_until(settled, lambda: f"{name} is {wanted}, not {seen}")


def status_of_path(connection):
    while True:
        status = connection.read().target.rpartition("/")[2]
        if status == "never":
            connection.wait_for_end()
            return
        connection.answer(b"" if status in ("204", "304") else b"x", f"{status} Word")


def test_requests_by_domain_and_class_of_status(serving, backend):
    instance = serving(
        {"app": backend(status_of_path)}, {"a.test": "app", "b.test": "app", "*.w.test": "app"}, start=TWO_WORKERS
    )
    made = {
        "a.test": [200] * 5 + [299, 301, 302, 404, 410, 418, 500, 503],
        "b.test": [204], "x.w.test": [200], "y.w.test": [404, 599],
    }  # fmt: skip
    for host, statuses in made.items():
        for status in statuses:  # each over a connection of its own: both workers have a share
            assert instance.get(f"/{status}", host).status == status
        with instance.client(host) as client:  # and as many over one
            for status in statuses:
                assert client.ask("HEAD" if status == 204 else "GET", f"/{status}", host=host).status == status
    for _ in range(3):
        with instance.client() as client:
            client.send_head(target="/never")
            wait_until(lambda: metrics(instance).value("swarmward_exchanges_open") == 1, "it runs")
        wait_until(lambda: metrics(instance).value("swarmward_exchanges_open") == 0, "it has ended")
    wanted = {
        ("a.test", "2xx"): 12, ("a.test", "3xx"): 4, ("a.test", "4xx"): 6, ("a.test", "5xx"): 4, ("a.test", "499"): 3,
        ("b.test", "2xx"): 2,
        ("*.w.test", "2xx"): 2, ("*.w.test", "4xx"): 2, ("*.w.test", "5xx"): 2,
    }  # fmt: skip
    counts(instance, "swarmward_domain_requests_total", wanted, "domain", "code")
    counts(instance, "swarmward_refusals_total", {("client_closed",): 3}, "reason")
    instance.reload()
    counts(instance, "swarmward_domain_requests_total", wanted, "domain", "code")


GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n"

# What a client sends and what it is refused for.
MISTAKES = {
    "no_such_domain": b"GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n",
    "no_such_route": b"GET /elsewhere HTTP/1.1\r\nHost: routes.test\r\n\r\n",
    "bad_path": b"GET /.. HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "body_too_large": GET + b"Content-Length: 2000\r\n\r\n",
    "bare_lf": b"GET / HTTP/1.1\nHost: a.test\n\n",
    "host_missing": b"GET / HTTP/1.1\r\n\r\n",
    "host_repeated": GET + b"Host: a.test\r\n\r\n",
    "length_and_transfer_encoding": GET + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "bad_connection_option": GET + b"Connection: (\r\n\r\n",
    "too_many_connection_options": GET + b"Connection: %s\r\n\r\n" % b",".join(b"o%d" % i for i in range(100)),
    "bad_chunk_size": GET + b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
    "version_not_supported": b"GET / HTTP/2.5\r\nHost: a.test\r\n\r\n",
}
# Backends at fault: the route's service, and the reason.
FAULTS = {
    "connect_failed": None,
    "backend_closed": lambda connection: connection.read(),
    "backend_invalid": lambda connection: (connection.read(), connection.send("nonsense\r\n\r\n")),
}


def test_refusals_by_reason(serving, backend):
    servers = {name.replace("_", "-"): backend(script) if script else refused() for name, script in FAULTS.items()}
    domains = {f"{name}.test": name for name in servers}
    routed = {"routes": [{"name": "app", "path": "/only", "service": "app"}]}
    instance = serving(
        {"app": backend(), **servers}, {"a.test": "app", "routes.test": routed, **domains},
        defaults={"retries": 0, "max_body": "1KiB"}, start=TWO_WORKERS,
    )  # fmt: skip
    wanted = {}
    for number, (reason, sent) in enumerate(MISTAKES.items(), 1):
        for _ in range(number):
            with instance.client() as client:
                client.send(sent)
                assert client.response().status >= 400
        wanted[(reason,)] = number
    for number, reason in enumerate(FAULTS, 1):
        for _ in range(number):
            assert instance.get(host=f"{reason.replace('_', '-')}.test").status == 502
        wanted[(reason,)] = number
    counts(instance, "swarmward_refusals_total", wanted, "reason")


def test_refusals_on_port_80_are_counted_too(serving, backend):
    instance = serving({"app": backend()}, start=TWO_WORKERS)
    wanted = {("no_host",): 2, ("bare_lf",): 3}
    for _ in range(2):
        with instance.plain_client() as client:
            client.send(b"GET / HTTP/1.0\r\n\r\n")
            assert client.response().status == 400
    for _ in range(3):
        with instance.plain_client() as client:
            client.send(b"GET / HTTP/1.1\nHost: a.test\n\n")
            assert client.response().status == 400
    counts(instance, "swarmward_refusals_total", wanted, "reason")
    counts(instance, "swarmward_domain_requests_total", {}, "domain", "code")


def test_refusals_of_handshakes_by_reason(serving, backend):
    instance = serving({"app": backend()}, start=TWO_WORKERS)
    for options in [["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]] * 2:
        s_client(instance, *options)
    for _ in range(3):
        s_client(instance, name="nobody.test")
    for _ in range(4):
        s_client(instance, "-alpn", "smtp")
    for _ in range(5):
        s_client(instance, "-tls1_3", "-groups", "P-521")
    for _ in range(6):
        with socket.create_connection(instance.https, 20) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
            while plain.recv(1000):
                pass
    for _ in range(7):  # who knocks and leaves is refused nothing
        socket.create_connection(instance.https, 20).close()
    wanted = {
        "protocol_version": 2, "unrecognized_name": 3, "no_application_protocol": 4, "no_shared_group": 5,
        "plain_http": 6,
    }  # fmt: skip
    counts(instance, "swarmward_refusals_total", {(word,): n for word, n in wanted.items()}, "reason")
    counts(instance, "swarmward_tls_handshakes_total", {("failed",): sum(wanted.values()) + 7}, "result")


HANDSHAKES = [
    (["-tls1_2", "-groups", "X25519"], "1.2", "X25519"),
    (["-tls1_2", "-groups", "P-256"], "1.2", "secp256r1"),
    (["-tls1_2", "-groups", "P-384"], "1.2", "secp384r1"),
    (["-tls1_3", "-groups", "X25519"], "1.3", "X25519"),
    (["-tls1_3", "-groups", "P-256"], "1.3", "secp256r1"),
    (["-tls1_3", "-groups", "P-384"], "1.3", "secp384r1"),
]


def test_handshakes_by_version_and_group(serving, backend, authority):
    """With a key of RSA: in TLS 1.2 the client's groups also say which keys of ECDSA it takes."""
    instance = serving({"app": backend()}, None, [authority.issue("a.test", kind="rsa")], start=TWO_WORKERS)
    versions, groups = {}, {}
    for number, (options, version, group) in enumerate(HANDSHAKES, 1):
        for _ in range(number):
            assert agreed(s_client(instance, *options))
        versions[(version,)] = versions.get((version,), 0) + number
        groups[(group,)] = groups.get((group,), 0) + number
    counts(instance, "swarmward_tls_version_total", versions, "version")
    counts(instance, "swarmward_tls_group_total", groups, "group")
    counts(instance, "swarmward_tls_handshakes_total", {("full",): sum(versions.values())}, "result")


@pytest.mark.parametrize("failures", [1, 3])
def test_retries_and_ejections(serving, backend, failures):
    """One worker, in turns: it meets the dead one as often as it takes to eject it, then never again."""
    outlier = {"failures": failures, "base_ejection": "1h", "max_ejection": "1h"}
    servers = {"servers": [refused(), backend().at], "balance": "round_robin"}
    instance = serving({"app": servers}, defaults={"retries": 1, "outlier": outlier})
    for _ in range(20):
        assert instance.get().status == 200
    counts(instance, "swarmward_retries_total", {(): failures})
    counts(instance, "swarmward_ejections_total", {(): 1})
    counts(instance, "swarmward_endpoints", {("up",): 1, ("ejected",): 1}, "state")
    counts(instance, "swarmward_domain_requests_total", {("a.test", "2xx"): 20}, "domain", "code")
    counts(instance, "swarmward_refusals_total", {}, "reason")


def requests_of_workers(instance):
    return [worker["requests"] for worker in instance.status()["workers"]]


def test_what_one_worker_has_ejected_the_others_avoid(swarmward, backend):
    """They need not find out by a request of their own; but with nobody else up they try it."""
    good, dead = backend(says("good")), backend(says("back"), accepting=False)
    outlier = {"failures": 1, "base_ejection": "1h", "max_ejection": "1h"}
    servers = {"servers": [dead.at, good.at], "balance": "round_robin"}
    swarmward.write({"app": servers}, defaults={"retries": 1, "outlier": outlier})
    swarmward.start("--workers", "3")
    wait_until(
        lambda: swarmward.get().body == b"good" and min(requests_of_workers(swarmward)) >= 10,
        "every worker has served a share",
    )
    counts(swarmward, "swarmward_ejections_total", {(): 1})
    counts(swarmward, "swarmward_retries_total", {(): 1})
    good.close()
    dead.listen()
    wait_until(lambda: swarmward.get().body == b"back", "a worker that has not ejected it asks it")
