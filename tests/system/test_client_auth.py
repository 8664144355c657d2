"""Client certificates: who is let in, who is told, and that no other connection or ticket goes past it."""

import base64
import datetime
import ssl

import pytest
from lab.certificates import Authority, openssl
from lab.client import Client, trusting
from lab.messages import Ended
from lab.process_table import wait_until

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
both_versions = pytest.mark.parametrize("version", VERSIONS, ids=["1.2", "1.3"])
SPOOFED = [
    ("Client-Cert", ":AAAA:"), ("client-cert-chain", ":AAAA:"), ("X-Client-DN", "CN=root"),
    ("X-Client-DN-Legacy", "CN=root"), ("X-SSL-Client-Verify", "SUCCESS"), ("SSL-Client-S-DN", "CN=root"),
    ("X-Client-Cert", "x"), ("Client_Cert", ":AAAA:"), ("X_Client_DN", "CN=root"),
]  # fmt: skip


@pytest.fixture(scope="session")
def clinic(tmp_path_factory):
    """Who issues the client certificates that are good."""
    return Authority(tmp_path_factory.mktemp("clinic"), "Clinic CA")


@pytest.fixture(scope="session")
def other(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("other"), "Another CA")


def context_of(authority, version=None, shown=None):
    context = trusting(authority.ca, **({"most": version} if version else {}))
    if shown:
        context.load_cert_chain(shown.cert, shown.key)
    return context


def auth(ca, mode="required", **more):
    return {"mode": mode, "ca": str(ca), **more}


def routes(service="app", **more):
    return {"routes": [{"path": "/", "service": service}], **more}


@pytest.fixture
def guarded(serving, backend, authority):
    """guarded({"a.test": {...client_auth...} or None}) -> instance and backend, one certificate for all"""

    def serve(domains, **sections):
        app = backend()
        entries = {name: routes(client_auth=entry) if entry else routes() for name, entry in domains.items()}
        instance = serving({"app": app}, entries, [authority.issue(*sorted(domains))], **sections)
        return instance, app

    return serve


def is_refused(instance, context, reason, host="a.test", **options):
    after = len(instance.access.seen)
    with pytest.raises((ssl.SSLError, OSError)) as caught:
        with instance.client(host, context=context, **options) as client:
            client.send_head()
            if client.sock.recv(1) == b"":
                raise ConnectionResetError
    line = instance.exchange(lambda line: line.get("reason") == reason, after)
    assert "status" not in line
    return caught.value


@both_versions
def test_who_shows_none_is_refused_in_the_handshake(guarded, authority, clinic, version):
    instance, app = guarded({"a.test": auth(clinic.ca)})
    error = is_refused(instance, context_of(authority, version), "client_certificate_missing")
    wanted = "HANDSHAKE_FAILURE" if version == ssl.TLSVersion.TLSv1_2 else "CERTIFICATE_REQUIRED"
    assert wanted in str(error).upper().replace(" ", "_")
    assert app.received == b""


@both_versions
@pytest.mark.parametrize("mode", ["optional", "required"])
def test_a_good_one_is_let_in(guarded, authority, clinic, version, mode):
    instance, app = guarded({"a.test": auth(clinic.ca, mode)})
    shown = clinic.issue("alice")
    if mode == "optional":
        assert instance.get(fields=SPOOFED).status == 200
    with instance.client(context=context_of(authority, version, shown)) as client:
        assert client.ask(fields=SPOOFED).status == 200
    while app.asked():
        names = {name.lower() for name, _ in app.request().fields}
        assert not names & {name.lower() for name, _ in SPOOFED}, "forward: none"
    line = instance.exchange(lambda line: line.get("client_subject"))
    assert line["client_subject"] == "CN=alice"
    serial = openssl("x509", "-in", shown.cert, "-noout", "-serial").strip().removeprefix("serial=")
    assert line["client_serial"] == serial


@both_versions
@pytest.mark.parametrize("mode", ["optional", "required"])
def test_a_bad_one_is_refused(guarded, authority, clinic, other, version, mode):
    instance, app = guarded({"a.test": auth(clinic.ca, mode)})
    strange = context_of(authority, version, other.issue("mallory"))
    is_refused(instance, strange, "client_certificate_untrusted")
    old = context_of(authority, version, clinic.issue("bob", begins="20200101000000Z", ends="20200201000000Z"))
    is_refused(instance, old, "client_certificate_expired")
    assert app.received == b""


def test_one_that_is_for_servers_only_is_refused(guarded, authority, clinic, tmp_path):
    instance, _ = guarded({"a.test": auth(clinic.ca)})
    shown = issued_by(clinic, tmp_path, "server", "extendedKeyUsage=serverAuth")
    is_refused(instance, context_of(authority, shown=shown), "client_certificate_invalid")


class Pair:
    def __init__(self, base):
        self.cert, self.key = base.with_suffix(".crt"), base.with_suffix(".key")


def issued_by(issuer, folder, name, *extensions, subject=None):
    """A certificate with these extensions; `issuer` has .ca and .folder/ca.key, or .cert and .key."""
    pair = Pair(folder / name)
    extra = folder / f"{name}.ext"
    extra.write_text("\n".join(extensions))
    cert, key = (issuer.cert, issuer.key) if isinstance(issuer, Pair) else (issuer.ca, issuer.folder / "ca.key")
    openssl(
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-utf8",
        "-subj", subject or f"/CN={name}", "-keyout", pair.key, "-out", folder / f"{name}.csr",
    )  # fmt: skip
    openssl(
        "x509", "-req", "-in", folder / f"{name}.csr", "-CA", cert, "-CAkey", key, "-CAcreateserial",
        "-days", 5, "-extfile", extra, "-out", pair.cert,
    )  # fmt: skip
    return pair


@both_versions
def test_the_subject_is_passed_on(guarded, authority, clinic, tmp_path, version):
    instance, app = guarded({"a.test": auth(clinic.ca, "optional", forward="subject")})
    subject = "/C=DE/O=Clinic, \"North\"/CN=Zoë \\= <b>"
    shown = issued_by(clinic, tmp_path, "zoe", "keyUsage=digitalSignature", subject=subject)
    with instance.client(context=context_of(authority, version, shown)) as client:
        assert client.ask(fields=SPOOFED).status == 200
    request = app.request()
    wanted = openssl("x509", "-in", shown.cert, "-noout", "-subject", "-nameopt", "RFC2253").strip()
    assert request.all("X-Client-DN") == [wanted.removeprefix("subject=")]
    assert "\\C3\\AB" in request.get("X-Client-DN"), "not printable ASCII"
    assert request.all("Client-Cert") == [] and request.all("Client-Cert-Chain") == []
    assert instance.get(fields=SPOOFED).status == 200
    assert app.request().all("X-Client-DN") == [], "who shows none has no name"


def der(pem_file):
    _, begin, rest = pem_file.read_text().partition("-----BEGIN")
    return ssl.PEM_cert_to_DER_cert(begin + rest)


def byte_sequences(value):
    items = value.split(", ")
    assert all(item[0] == item[-1] == ":" for item in items)
    return [base64.b64decode(item[1:-1], validate=True) for item in items]


@both_versions
def test_the_certificate_is_passed_on_with_its_chain(guarded, authority, clinic, tmp_path, version):
    """Also by a ticket, which has no Certificate message of its own."""
    instance, app = guarded({"a.test": auth(clinic.ca, forward="cert")})
    between = issued_by(clinic, tmp_path, "Ward CA", "basicConstraints=critical,CA:TRUE", "keyUsage=keyCertSign")
    shown = issued_by(between, tmp_path, "alice", "keyUsage=digitalSignature")
    leaf = der(shown.cert)
    shown.cert.write_text(shown.cert.read_text() + between.cert.read_text())
    context = context_of(authority, version, shown)
    session = None
    for resumed in (False, True):
        with instance.client(context=context, session=session) as client:
            assert client.ask(fields=SPOOFED).status == 200
            assert client.sock.session_reused == resumed
            session = client.sock.session
        request = app.request()
        assert byte_sequences(request.get("Client-Cert")) == [leaf]
        assert byte_sequences(request.get("Client-Cert-Chain")) == [der(between.cert)]
        assert request.all("X-Client-DN") == []
    assert instance.exchange(lambda line: line.get("resumed"))["client_subject"] == "CN=alice"


def test_without_a_chain_there_is_no_chain_field(guarded, authority, clinic):
    instance, app = guarded({"a.test": auth(clinic.ca, forward="cert")})
    shown = clinic.issue("alice")
    with instance.client(context=context_of(authority, shown=shown)) as client:
        assert client.ask("POST", body=b"x" * 100_000).status == 200
    request = app.request()
    assert byte_sequences(request.get("Client-Cert")) == [der(shown.cert)]
    assert request.all("Client-Cert-Chain") == []


def test_an_issuer_that_is_no_root_is_believed_by_itself(guarded, authority, clinic, tmp_path):
    between = issued_by(clinic, tmp_path, "Ward CA", "basicConstraints=critical,CA:TRUE", "keyUsage=keyCertSign")
    instance, _ = guarded({"a.test": auth(between.cert)})
    shown = issued_by(between, tmp_path, "alice", "keyUsage=digitalSignature")
    with instance.client(context=context_of(authority, shown=shown)) as client:
        assert client.ask().status == 200
    is_refused(instance, context_of(authority, shown=clinic.issue("bob")), "client_certificate_untrusted")


# --- other connections


POLICIES = {
    "open.test": None,
    "optional.test": "optional",
    "required.test": "required",
    "other.test": "other",
    "same.test": "required",
}


@pytest.fixture
def many(guarded, clinic, other):
    entries = {
        name: kind and auth(other.ca if kind == "other" else clinic.ca, "required" if kind == "other" else kind)
        for name, kind in POLICIES.items()
    }
    return guarded(entries)


@both_versions
def test_a_request_for_a_domain_with_another_policy_is_421(many, authority, clinic, version):
    instance, app = many
    context = context_of(authority, version, clinic.issue("alice"))
    for asked in ("open.test", "optional.test", "required.test"):
        for wanted in POLICIES:
            fits = POLICIES[asked] == POLICIES[wanted]
            with instance.client(asked, context=context) as client:
                answer = client.ask(host=wanted, target=f"/{asked}/{wanted}")
                assert answer.status == (200 if fits else 421), (asked, wanted)
            if fits:
                assert app.request().target == f"/{asked}/{wanted}"
            else:
                assert instance.exchange(lambda line: line.get("path") == f"/{asked}/{wanted}")["reason"] == (
                    "other_client_auth"
                )
    assert app.asked() == 0


def session_of(instance, host, context):
    with instance.client(host, context=context) as client:
        assert client.ask().status == 200
        return client.sock.session


@both_versions
def test_a_ticket_of_one_domain_gets_nobody_into_another(many, authority, clinic, version):
    """CVE-2025-23419 was this: resuming under another name went past the client certificate."""
    instance, app = many
    nobody = context_of(authority, version)
    for host in ("open.test", "optional.test"):
        session = session_of(instance, host, nobody)
        for guarded in ("required.test", "same.test", "other.test"):
            is_refused(instance, nobody, "client_certificate_missing", guarded, session=session)
    alice = context_of(authority, version, clinic.issue("alice"))
    session = session_of(instance, "required.test", alice)
    for host in ("same.test", "optional.test", "open.test"):
        with instance.client(host, context=alice, session=session) as client:
            assert client.ask().status == 200
            assert not client.sock.session_reused, host
    is_refused(instance, alice, "client_certificate_untrusted", "other.test", session=session)
    with instance.client("required.test", context=alice, session=session) as client:
        assert client.ask().status == 200
        assert client.sock.session_reused


@both_versions
def test_who_showed_none_resumes_as_nobody(many, authority, version):
    instance, _ = many
    nobody = context_of(authority, version)
    session = session_of(instance, "optional.test", nobody)
    with instance.client("optional.test", context=nobody, session=session) as client:
        assert client.ask().status == 200
        assert client.sock.session_reused
    assert "client_subject" not in instance.exchange(lambda line: line.get("resumed"))


@both_versions
def test_without_a_name_nobody_gets_to_a_guarded_domain(swarmward, backend, authority, clinic, version):
    row = authority.issue("a.test", "b.test").row("both")
    domains = {"a.test": routes(client_auth=auth(clinic.ca)), "b.test": routes()}
    app = backend()
    swarmward.write({"app": app}, domains, tls={"unknown_sni": "both", "certificates": [row]})
    swarmward.start("--workers", "1")
    context = context_of(authority, version, clinic.issue("alice"))
    context.check_hostname = False
    with Client(swarmward.https, None, context) as client:
        assert client.ask(host="a.test").status == 421
        assert client.ask(host="b.test").status == 200
    assert app.request().get("Host") == "b.test"
    assert app.asked() == 0


# --- reloads


@both_versions
def test_other_authorities_are_another_policy(swarmward, backend, authority, clinic, other, tmp_path, version):
    """The same path with another CA in it: neither connections nor tickets of before are good."""
    app = backend()
    ca = tmp_path / "ca.pem"
    ca.write_text(clinic.ca.read_text())
    swarmward.write({"app": app}, {"a.test": routes(client_auth=auth(ca))})
    swarmward.start("--workers", "1")
    alice = context_of(authority, version, clinic.issue("alice"))
    with swarmward.client(context=alice) as kept:
        assert kept.ask().status == 200
        session = kept.sock.session
        ca.write_text(other.ca.read_text())
        swarmward.reload()
        assert kept.ask().status == 421
    is_refused(swarmward, alice, "client_certificate_untrusted", session=session)
    # both are believed again, and that is a third set
    ca.write_text(other.ca.read_text() + clinic.ca.read_text())
    swarmward.reload()
    with swarmward.client(context=alice, session=session) as client:
        assert client.ask().status == 200
        assert not client.sock.session_reused


def test_a_connection_from_before_a_policy_does_not_outlive_it(swarmward, backend, authority, clinic):
    app = backend()
    swarmward.write({"app": app}, {"a.test": routes()})
    swarmward.start("--workers", "1")
    with swarmward.client() as kept:
        assert kept.ask().status == 200
        swarmward.write({"app": app}, {"a.test": routes(client_auth=auth(clinic.ca))})
        swarmward.reload()
        assert kept.ask().status == 421
    assert app.request() and app.asked() == 0


@both_versions
def test_a_ticket_ends_with_its_certificate(guarded, authority, clinic, version):
    instance, _ = guarded({"a.test": auth(clinic.ca)})
    ends = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=5)
    shown = clinic.issue(f"brief-{version}", ends=ends.strftime("%Y%m%d%H%M%SZ"))
    context = context_of(authority, version, shown)
    session = session_of(instance, "a.test", context)

    def is_over():
        try:
            with instance.client(context=context, session=session) as client:
                assert client.ask().status == 200
                return False
        except (OSError, Ended):
            return True

    wait_until(is_over, "the certificate has expired")
    assert instance.exchange(lambda line: line.get("reason") == "client_certificate_expired")
    is_refused(instance, context, "client_certificate_expired", session=session)


# --- the file


@pytest.mark.parametrize("entry, words", [
    ({"mode": "required"}, "needs ca"),
    ({"mode": "off", "ca": "ca.pem"}, "without mode"),
    ({"forward": "cert"}, "without mode"),
    ({"mode": "optional", "ca": "no-such-file.pem"}, "No such file"),
    ({"mode": "optional", "ca": "leaf.pem"}, "no CA certificate"),
    ({"mode": "optional", "ca": "key.pem"}, "keep the certificates of CAs only"),
    ({"mode": "optional", "ca": "empty.pem"}, "there is no certificate in it"),
    ({"mode": "always", "ca": "ca.pem"}, "off, optional or required"),
])  # fmt: skip
def test_mistakes_are_said(swarmward, authority, clinic, entry, words):
    leaf = clinic.issue("alice")
    (swarmward.folder / "ca.pem").write_text(clinic.ca.read_text())
    (swarmward.folder / "leaf.pem").write_text(leaf.cert.read_text())
    (swarmward.folder / "key.pem").write_text(clinic.ca.read_text() + leaf.key.read_text())
    (swarmward.folder / "empty.pem").write_text("")
    swarmward.write({"app": "127.0.0.1:9"}, {"a.test": routes(client_auth=entry)})
    done = swarmward.command("check", swarmward.file, check=False)
    assert done.returncode == 2 and words in done.stdout + done.stderr, done.stderr
