"""Which certificate is shown for which name, and which are refused."""

import json
import os
import ssl

import pytest
from lab.client import trusting


def shown(instance, name, **options):
    """The names in the certificate that a client which asks for `name` is shown."""
    context = trusting(instance.authority.ca, **options)
    context.check_hostname = False
    with instance.client(host=name, context=context) as client:
        got = client.sock.getpeercert()
        return [value for kind, value in got["subjectAltName"]]


def test_the_certificate_of_the_exact_name(serving, backend, authority):
    a, b = authority.issue("a.test"), authority.issue("b.test")
    instance = serving({"app": backend()}, {"a.test": "app", "b.test": "app"}, [a, b])
    assert shown(instance, "a.test") == ["a.test"]
    assert shown(instance, "b.test") == ["b.test"]
    assert shown(instance, "B.TEST") == ["b.test"]


def test_a_wildcard_covers_one_label(serving, backend, authority):
    wild = authority.issue("*.lab.test")
    instance = serving({"app": backend()}, {"*.lab.test": "app"}, [wild])
    assert shown(instance, "x.lab.test") == ["*.lab.test"]
    assert instance.get(host="y.lab.test").status == 200
    for name in ("lab.test", "x.y.lab.test"):
        with pytest.raises(ssl.SSLError, match="(?i)unrecognized"):
            shown(instance, name)


def test_the_exact_name_goes_before_the_wildcard(serving, backend, authority):
    wild, exact = authority.issue("*.lab.test"), authority.issue("x.lab.test")
    domains = {"*.lab.test": "app", "x.lab.test": "app"}
    instance = serving({"app": backend()}, domains, [wild, exact])
    assert shown(instance, "x.lab.test") == ["x.lab.test"]
    assert shown(instance, "y.lab.test") == ["*.lab.test"]


def test_ecdsa_and_rsa_for_one_name(serving, backend, authority):
    ecdsa, rsa = authority.issue("a.test"), authority.issue("a.test", kind="rsa")
    settings = {"certificates": [ecdsa.row("a"), rsa.row("a")]}
    instance = serving({"app": backend()}, {"a.test": {"certificate": "a", "routes": ROOT}}, [], tls=settings)
    for ciphers, kind in (("ECDHE+ECDSA", "ECDSA"), ("ECDHE+aRSA", "RSA")):
        context = trusting(authority.ca, most=ssl.TLSVersion.TLSv1_2, ciphers=ciphers)
        with instance.client(context=context) as client:
            assert kind in client.sock.cipher()[0]
            assert client.ask().status == 200


ROOT = [{"name": "app", "path": "/", "service": "app"}]


def test_a_named_certificate_goes_before_choice_by_name(serving, backend, authority):
    both, single = authority.issue("a.test", "b.test"), authority.issue("a.test")
    domains = {"a.test": {"certificate": both.name, "routes": ROOT}, "b.test": "app"}
    instance = serving({"app": backend()}, domains, [both, single])
    assert shown(instance, "a.test") == ["a.test", "b.test"]


def refusal(swarmward, certificates, domains=None, **sections):
    """What `check` and a start say about these certificates."""
    swarmward.write({"app": "127.0.0.1:9"}, domains or {"a.test": "app"}, certificates, **sections)
    checked = swarmward.command("check", swarmward.file, check=False)
    assert checked.returncode != 0, checked.stdout
    swarmward.spawn()
    swarmward.process.wait(20)
    assert swarmward.process.returncode != 0
    swarmward.process = None
    swarmward.log.thread.join(20)
    text = checked.stdout + checked.stderr
    assert text.strip()
    return text + swarmward.log.text()


def test_a_key_of_another_certificate_is_refused(swarmward, authority):
    a, b = authority.issue("a.test"), authority.issue("b.test")
    row = {"name": "a", "cert": str(a.cert), "key": str(b.key)}
    said = refusal(swarmward, [], tls={"certificates": [row]})
    assert str(b.key) in said or str(a.cert) in said
    assert "match" in said or "belong" in said or "fit" in said


def test_a_key_that_others_can_read_is_refused(swarmward, authority, tmp_path):
    a = authority.issue("a.test")
    key = tmp_path / "open.key"
    key.write_bytes(a.key.read_bytes())
    os.chmod(key, 0o644)
    row = {"name": "a", "cert": str(a.cert), "key": str(key)}
    said = refusal(swarmward, [], tls={"certificates": [row]})
    assert str(key) in said and "chmod" in said


def test_an_expired_certificate_is_refused(swarmward, authority):
    old = authority.issue("a.test", begins="20200101000000Z", ends="20200201000000Z")
    said = refusal(swarmward, [old])
    assert str(old.cert) in said and "expired" in said


def test_a_certificate_of_the_future_is_refused(swarmward, authority):
    early = authority.issue("a.test", begins="20900101000000Z", ends="21000101000000Z")
    said = refusal(swarmward, [early])
    assert str(early.cert) in said and "not valid before" in said


def test_a_short_rsa_key_is_refused(swarmward, authority):
    short = authority.issue("a.test", kind="rsa-1024")
    said = refusal(swarmward, [short])
    assert "1024" in said or "2048" in said


def test_a_domain_without_certificate_is_refused(swarmward, authority):
    said = refusal(swarmward, [authority.issue("b.test")])
    assert "a.test" in said and "certificate" in said


def test_a_file_that_is_no_certificate_is_refused(swarmward, authority, tmp_path):
    nonsense = tmp_path / "nonsense.crt"
    nonsense.write_text("hello\n")
    row = {"name": "a", "cert": str(nonsense), "key": str(authority.issue("a.test").key)}
    assert str(nonsense) in refusal(swarmward, [], tls={"certificates": [row]})


def test_a_file_that_is_not_there_is_refused(swarmward, authority, tmp_path):
    row = {"name": "a", "cert": str(tmp_path / "none.crt"), "key": str(tmp_path / "none.key")}
    assert "none.crt" in refusal(swarmward, [], tls={"certificates": [row]})


def test_a_reload_shows_the_new_certificate_and_keeps_open_connections(serving, backend, authority):
    first = authority.issue("a.test")
    second = authority.issue("a.test", "extra.test")
    app = backend()
    instance = serving({"app": app}, {"a.test": "app"}, [first])
    with instance.client() as client:
        assert client.ask().status == 200
        instance.write({"app": app}, {"a.test": "app"}, [second])
        instance.reload()
        assert client.ask().status in (200, 421)
    assert shown(instance, "a.test") == ["a.test", "extra.test"]


def test_a_certificate_renewed_in_place_is_shown_after_reload(serving, backend, authority, tmp_path):
    first, second = authority.issue("a.test"), authority.issue("a.test", "renewed.test")
    cert, key = tmp_path / "live.crt", tmp_path / "live.key"

    def install(source):
        for path, new in ((key, source.key), (cert, source.cert)):
            fresh = path.with_suffix(path.suffix + ".new")
            fresh.write_bytes(new.read_bytes())
            os.chmod(fresh, 0o600)
            fresh.replace(path)

    install(first)
    row = {"name": "live", "cert": str(cert), "key": str(key)}
    instance = serving({"app": backend()}, {"a.test": "app"}, [], tls={"certificates": [row]})
    assert shown(instance, "a.test") == ["a.test"]
    install(second)
    instance.reload()
    assert shown(instance, "a.test") == ["a.test", "renewed.test"]


def test_status_shows_names_and_expiry(serving, backend, authority):
    instance = serving({"app": backend()})
    text = json.dumps(instance.status()["certificates"])
    assert "2100" in text or "4102444800" in text
