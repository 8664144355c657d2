"""TLS to backends: verified always, reused when it can be, and a failure says which check failed: in the
access log, to the client, in the counters, in `explain`, and once in the log."""

import json
import os
import signal
import ssl

import pytest
from lab import tls_backends
from lab.backends import says
from lab.certificates import Authority
from lab.process_table import wait_until
from test_admin import metrics

NAME = "backend.test"
CALM = {"failures": 100}  # keep ejection out of these scenarios


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """A CA that nobody here trusts."""
    return Authority(tmp_path_factory.mktemp("stranger"))


@pytest.fixture
def serve(serving, authority):
    """serve(backends...) -> an instance that speaks TLS to them"""

    def start(*backends, policy=None, defaults=None, **entry):
        servers = [one.at for one in backends]
        entry = {"servers": servers, "protocol": "https", "balance": "round_robin", **entry}
        return serving(
            {"app": entry},
            policy=policy or tls_backends.policy(authority, server_name=NAME),
            defaults={"outlier": CALM, **(defaults or {})},
        )

    start.serving = serving
    return start


def refusals(instance, reason):
    return metrics(instance).samples.get(("swarmward_refusals_total", (("reason", reason),)), 0)


# --- it works


def test_a_verified_backend_is_asked(serve, backend, authority):
    app = backend(says("in secret"), context=tls_backends.context(authority.issue(NAME)))
    instance = serve(app)
    for _ in range(3):
        assert instance.get().body == b"in secret"
    assert len(app.connections) == 1  # kept, as one in clear
    (service,) = instance.status()["services"]
    assert service["refusal"] == ""
    assert app.connections[0].sock.version() == "TLSv1.3"
    assert app.connections[0].sock.selected_alpn_protocol() == "http/1.1"


def test_tls_1_2_is_enough(serve, backend, authority):
    context = tls_backends.context(authority.issue(NAME), most=ssl.TLSVersion.TLSv1_2)
    app = backend(says("old"), context=context)
    assert serve(app).get().body == b"old"
    assert app.connections[0].sock.version() == "TLSv1.2"


def test_a_body_goes_both_ways(serve, backend, authority):
    def echo(connection):
        while True:
            connection.answer(connection.read().body)

    app = backend(echo, context=tls_backends.context(authority.issue(NAME)))
    body = bytes(range(256)) * 8192  # 2 MiB
    assert serve(app).get(method="POST", body=body).body == body


def test_without_a_name_the_address_counts(serve, backend, authority):
    app = backend(says("at its address"))
    app.context = tls_backends.context(authority.issue(app.host))
    instance = serve(app, policy=tls_backends.policy(authority))
    assert instance.get().body == b"at its address"


def test_the_chain_may_be_enough(serve, backend, authority):
    app = backend(says("any name"), context=tls_backends.context(authority.issue("else.test")))
    instance = serve(app, policy=tls_backends.policy(authority, verify="ca", server_name=NAME))
    assert instance.get().body == b"any name"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_new_connection_resumes_the_session(serve, backend, authority, version):
    def once(connection):
        connection.read()
        connection.answer(b"once", fields={"Connection": "close"})

    context = tls_backends.context(authority.issue(NAME), least=version, most=version)
    app = backend(once, context=context)
    instance = serve(app)
    for _ in range(5):
        assert instance.get().body == b"once"
    assert app.resumed == [False, True, True, True, True]


# --- it does not, and says why


def stranger_ca(authority, stranger):
    return tls_backends.context(stranger.issue(NAME))


def expired(authority, stranger):
    return tls_backends.context(authority.issue(NAME, begins="20200101000000Z", ends="20210101000000Z"))


def other_name(authority, stranger):
    return tls_backends.context(authority.issue("else.test"))


def old_version(authority, stranger):
    return tls_backends.old(authority.issue(NAME))


def asks_for_ours(authority, stranger):
    return tls_backends.context(authority.issue(NAME), authority)


CASES = [
    (stranger_ca, "backend_unknown_ca"),
    (expired, "backend_expired"),
    (other_name, "backend_name_mismatch"),
    (old_version, "backend_tls_version"),
    (lambda *_: None, "backend_no_tls"),
    (asks_for_ours, "backend_refused_us"),
]


@pytest.mark.parametrize("shown,reason", CASES, ids=[case[1] for case in CASES])
def test_a_failed_check_has_its_reason_everywhere(serve, backend, authority, stranger, shown, reason):
    def answers_whatever_comes(connection):
        connection.recv(1)
        connection.send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    app = backend(answers_whatever_comes, context=shown(authority, stranger))
    instance = serve(app)
    for _ in range(3):
        answer = instance.get(method="POST", body=b"not for anybody else")
        assert answer.status == 502 and reason.encode() in answer.body
    line = instance.exchange(lambda line: line.get("reason") == reason)
    assert (line["status"], line["retries"]) == (502, 0)
    assert refusals(instance, reason) == 3
    facts = json.loads(instance.ask("explain", "--json", "https://a.test/").stdout)
    assert facts["service"]["endpoints"][0]["last_failure"] == reason
    assert reason in instance.ask("explain", "https://a.test/").stdout
    said = [line for line in instance.log.seen if "event=endpoint_failed" in line]
    assert len(said) == 1 and reason in said[0] and app.at in said[0]
    assert b"not for anybody else" not in app.received


def test_another_endpoint_is_asked_instead(serve, backend, authority, stranger):
    """As after a connect failure: whatever the method, and the bad one is left alone for a while."""
    bad = backend(says("bad"), context=tls_backends.context(stranger.issue(NAME)))
    good = backend(says("good"), context=tls_backends.context(authority.issue(NAME)))
    instance = serve(bad, good, defaults={"outlier": {"failures": 1, "base_ejection": "60s"}})
    assert {instance.get(method="POST", body=b"x").body for _ in range(6)} == {b"good"}
    assert bad.asked() == 0
    assert len(bad.refused) == 1
    assert instance.log.wait(lambda line: "event=endpoint_ejected" in line)


def test_an_endpoint_that_is_well_again_is_forgiven(serve, backend, authority, stranger):
    app = backend(says("well"), context=tls_backends.context(stranger.issue(NAME)))
    instance = serve(app)
    assert instance.get().status == 502
    app.context = tls_backends.context(authority.issue(NAME))
    assert instance.get().body == b"well"
    facts = json.loads(instance.ask("explain", "--json", "https://a.test/").stdout)
    assert facts["service"]["endpoints"][0]["last_failure"] == ""


def test_a_body_that_ends_without_a_goodbye_was_cut(serve, backend, authority):
    """The end of the connection ends this body, and anybody on the way could have ended that."""

    def cut(connection):
        connection.read()
        connection.send("HTTP/1.1 200 OK\r\n\r\nhalf of it")
        plain = connection.sock.detach()  # without close_notify
        os.close(plain)

    app = backend(cut, context=tls_backends.context(authority.issue(NAME)))
    instance = serve(app)
    with instance.client() as client:
        client.send_head()
        client.reader.head()
        assert b"0\r\n\r\n" not in client.rest()
    assert instance.exchange()["reason"] == "backend_cut"


# --- mutual


def mutual(authority, certificate):
    return {
        **tls_backends.policy(authority, server_name=NAME, cert=str(certificate.cert), key=str(certificate.key)),
        "backend_encryption": "mtls",
    }


def names_us(connection):
    """Says whose certificate the other side has shown."""
    subject = dict(pair[0] for pair in connection.sock.getpeercert()["subject"])
    says(subject["commonName"])(connection)


VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@pytest.mark.parametrize("version", sorted(VERSIONS))
@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_a_backend_that_demands_our_certificate_gets_it(serve, backend, authority, kind, version):
    ours = authority.issue("swarmward.test", kind=kind)
    context = tls_backends.context(authority.issue(NAME), authority, most=VERSIONS[version])
    app = backend(names_us, context=context)
    instance = serve(app, policy=mutual(authority, ours))
    assert instance.get().body == b"swarmward.test"
    assert app.connections[0].sock.version() == f"TLSv{version}"


@pytest.mark.parametrize("version", sorted(VERSIONS))
def test_without_swarmward_keys_the_worker_signs_itself(swarmward, backend, authority, version):
    context = tls_backends.context(authority.issue(NAME), authority, most=VERSIONS[version])
    app = backend(names_us, context=context)
    swarmward.write(
        {"app": {"servers": [app.at], "protocol": "https"}},
        policy=mutual(authority, authority.issue("swarmward.test")),
    )
    swarmward.start("--workers", "1", "--keys-in-workers")
    assert swarmward.get().body == b"swarmward.test"


def test_who_has_no_process_with_the_key_waits_for_it(serve, backend, authority):
    """It dies while backends wait for signatures of ours, and nothing fails."""
    app = backend(names_us, context=tls_backends.context(authority.issue(NAME), authority))
    instance = serve(app, policy=mutual(authority, authority.issue("swarmward.test")))
    with instance.client() as client:  # whose own handshake is over
        (keys,) = instance.children("keys")
        os.kill(keys, signal.SIGSTOP)
        client.send_head()
        signatures = lambda: sum(worker["signatures"] for worker in instance.status()["workers"])  # noqa: E731
        wait_until(lambda: signatures() == 2, "it was asked to sign for the backend, too")
        os.kill(keys, signal.SIGKILL)
        assert client.response().body == b"swarmward.test"
    assert instance.status()["keys"]["restarts"] == 1


def test_who_gives_up_waiting_for_a_signature_takes_nothing_along(serve, backend, authority):
    app = backend(names_us, context=tls_backends.context(authority.issue(NAME), authority))
    instance = serve(
        app,
        policy=mutual(authority, authority.issue("swarmward.test")),
        defaults={"timeout": {"connect": "200ms"}, "retries": 0},
    )
    with instance.client() as client:
        (keys,) = instance.children("keys")
        os.kill(keys, signal.SIGSTOP)
        assert client.ask().status == 504
        os.kill(keys, signal.SIGCONT)
        assert instance.exchange()["reason"] == "connect_timeout"
        wait_until(lambda: client.ask().body == b"swarmward.test", "it is signed again")


@pytest.mark.parametrize("version", sorted(VERSIONS))
def test_a_domains_key_signs_no_digest_for_a_backend(serve, backend, authority, version):
    """TLS 1.2 has clients sign a digest of anything: not with a key that is a server's, too."""
    ours = authority.issue("a.test")
    context = tls_backends.context(authority.issue(NAME), authority, most=VERSIONS[version])
    app = backend(names_us, context=context)
    entry = {"app": {"servers": [app.at], "protocol": "https"}}
    entry["app"]["health"] = CHECKED
    instance = serve.serving(entry, {"a.test": "app"}, [ours], policy=mutual(authority, ours))
    health = {"1.2": "down", "1.3": "up"}[version]  # a check finds out what a request would
    wait_until(lambda: healths(instance) == {app.at: health}, "it was checked")
    assert instance.get().status == {"1.2": 503, "1.3": 200}[version]


def test_a_certificate_that_it_does_not_take_is_said(serve, backend, authority, stranger):
    app = backend(says("never"), context=tls_backends.context(authority.issue(NAME), authority))
    instance = serve(app, policy=mutual(authority, stranger.issue("swarmward.test")))
    assert instance.get(method="POST", body=b"x").status == 502
    assert instance.exchange()["reason"] == "backend_refused_us"
    assert app.asked() == 0


def test_mtls_is_not_had_from_a_backend_that_does_not_ask(serve, backend, authority):
    app = backend(says("never"), context=tls_backends.context(authority.issue(NAME)))
    instance = serve(app, policy=mutual(authority, authority.issue("swarmward.test")))
    assert instance.get().status == 502
    assert instance.exchange()["reason"] == "backend_not_mutual"
    assert app.asked() == 0


# --- the gate, and changes


def test_what_is_in_clear_is_503_where_tls_is_demanded(serve, backend, authority):
    app = backend(says("never"))
    instance = serve(app, protocol="http1")
    answer = instance.get()
    assert answer.status == 503 and b"backend_not_encrypted" in answer.body
    assert "protocol has no TLS" in instance.ask("explain", "https://a.test/").stdout
    assert app.connections == []


def test_tls_to_a_server_elsewhere_needs_no_exception(swarmward, authority):
    entry = {"app": {"servers": ["192.0.2.1:443"], "protocol": "https"}}
    overlay = {**tls_backends.policy(authority), "backend_encryption": "overlay"}
    swarmward.write(entry, policy=overlay)
    assert swarmward.command("check", swarmward.file).returncode == 0
    entry["app"]["protocol"] = "http1"
    swarmward.write(entry, policy=overlay)
    refused = swarmward.command("check", swarmward.file, check=False)
    assert refused.returncode == 2 and "protocol: https" in refused.stderr


def test_files_that_do_not_fit_are_refused(swarmward, authority, backend, tmp_path):
    def check(**backend_tls):
        policy = {**tls_backends.policy(authority, **backend_tls), "backend_encryption": "mtls"}
        swarmward.write({"app": {"servers": [backend().at], "protocol": "https"}}, policy=policy)
        done = swarmward.command("check", swarmward.file, check=False)
        assert done.returncode == 2
        return done.stderr

    ours, other = authority.issue("swarmward.test"), authority.issue("else.test")
    assert "needs a certificate to show" in check()
    assert "belong together" in check(cert=str(ours.cert))
    assert "else" in check(cert=str(ours.cert), key=str(other.key))
    assert "nowhere" in check(ca="/nowhere/ca.crt", cert=str(ours.cert), key=str(ours.key))
    assert str(ours.key) in check(ca=str(ours.key), cert=str(ours.cert), key=str(ours.key))


def test_connections_of_other_rules_are_not_used_again(serve, backend, authority, stranger):
    """A reload takes the trust away: a connection that was verified before does not outlive that."""
    app = backend(says("trusted"), context=tls_backends.context(authority.issue(NAME)))
    instance = serve(app)
    assert instance.get().body == b"trusted"
    settings = json.loads(instance.file.read_text())
    settings["policy"]["backend_tls"]["ca"] = str(stranger.ca)
    instance.write_text(json.dumps(settings))
    instance.reload()
    assert instance.get().status == 502
    assert instance.exchange(lambda line: line["status"] == 502)["reason"] == "backend_unknown_ca"
    settings["policy"]["backend_tls"]["ca"] = str(authority.ca)
    instance.write_text(json.dumps(settings))
    instance.reload()
    wait_until(lambda: instance.get().body == b"trusted", "it is trusted again")


# --- active checks


CHECKED = {"path": "/healthz", "interval": "100ms", "timeout": "100ms", "rise": 1, "fall": 2}


def healths(instance):
    (service,) = instance.status()["services"]
    return {one["name"]: one["health"] for one in service["endpoints"]}


def test_checks_verify_as_requests_do(serve, backend, authority, stranger):
    good = backend(says("good"), context=tls_backends.context(authority.issue(NAME)))
    bad = backend(says("bad"), context=tls_backends.context(stranger.issue(NAME)))
    instance = serve(good, bad, health=CHECKED)
    wait_until(lambda: healths(instance) == {good.at: "up", bad.at: "down"}, "both were checked")
    assert instance.log.wait(lambda line: "event=endpoint_down" in line and bad.at in line)
    assert bad.asked() == 0


def refuses(connection):
    connection.read()
    connection.send("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize("version", sorted(VERSIONS))
def test_checks_show_our_certificate_too(serve, backend, authority, version):
    asks = tls_backends.context(authority.issue(NAME), authority, most=VERSIONS[version])
    well = backend(names_us, context=asks)
    ill = backend(refuses, context=asks)
    instance = serve(well, ill, policy=mutual(authority, authority.issue("swarmward.test")), health=CHECKED)
    wait_until(lambda: healths(instance) == {well.at: "up", ill.at: "down"}, "both were asked")
    assert well.request().start == "GET /healthz HTTP/1.1"
    assert instance.get().body == b"swarmward.test"
    well.close()
    wait_until(lambda: healths(instance)[well.at] == "down", "it is down")


def test_a_check_that_nobody_signs_for_says_nothing(serve, backend, authority):
    app = backend(
        names_us, context=tls_backends.context(authority.issue(NAME), authority, most=ssl.TLSVersion.TLSv1_3)
    )
    app.context.num_tickets = 0  # each check shakes hands in full
    instance = serve(app, policy=mutual(authority, authority.issue("swarmward.test")), health=CHECKED)
    wait_until(lambda: healths(instance) == {app.at: "up"}, "it was checked")
    (keys,) = instance.children("keys")
    os.kill(keys, signal.SIGSTOP)
    for _ in range(3):
        seen = instance.log.text().count("swarmward-keys has not signed in time")
        wait_until(
            lambda: instance.log.text().count("swarmward-keys has not signed in time") > seen,  # noqa: B023
            "a check had to do without",
        )
    assert healths(instance) == {app.at: "up"}
    os.kill(keys, signal.SIGCONT)
    assert instance.get().body == b"swarmward.test"


def test_checks_without_swarmward_keys_only_connect(swarmward, backend, authority):
    app = backend(names_us, context=tls_backends.context(authority.issue(NAME), authority))
    swarmward.write(
        {"app": {"servers": [app.at], "protocol": "https", "health": CHECKED}},
        policy=mutual(authority, authority.issue("swarmward.test")),
    )
    swarmward.start("--workers", "1", "--keys-in-workers")
    wait_until(lambda: healths(swarmward) == {app.at: "up"}, "it was checked")
    assert app.asked() == 0
