"""What a handshake may agree on, seen with openssl s_client."""

import re
import subprocess

import pytest

SIX = [
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
]  # fmt: skip
NEVER = [
    "AES128-GCM-SHA256", "AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-RSA-AES128-SHA256", "DHE-RSA-AES128-GCM-SHA256", "DHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-CCM", "PSK-AES128-GCM-SHA256", "NULL-SHA256", "AECDH-AES128-SHA",
]  # fmt: skip


def s_client(instance, *options, send="", name="a.test"):
    address, port = instance.https
    words = ["openssl", "s_client", "-connect", f"{address}:{port}", "-servername", name,
             "-CAfile", str(instance.authority.ca), *options]  # fmt: skip
    done = subprocess.run(words, input=send, capture_output=True, text=True, errors="replace", timeout=30)
    return done.stdout + done.stderr


def agreed(text):
    found = re.search(r"^New, (\S+), Cipher is (\S+)$", text, re.M)
    return found.groups() if found and found[2] != "(NONE)" else None


@pytest.fixture
def both_kinds(serving, backend, authority):
    """a.test with an ECDSA and an RSA certificate."""

    def serve(**tls):
        rows = [authority.issue("a.test").row("a"), authority.issue("a.test", kind="rsa").row("a")]
        domains = {"a.test": {"certificate": "a", "routes": [{"name": "app", "path": "/", "service": "app"}]}}
        return serving({"app": backend()}, domains, [], tls={"certificates": rows, **tls})

    return serve


def test_intermediate_agrees_on_the_six_suites_of_1_2_and_no_other(both_kinds):
    instance = both_kinds()
    for suite in SIX:
        assert agreed(s_client(instance, "-tls1_2", "-cipher", suite)) == ("TLSv1.2", suite)
    for suite in NEVER:
        assert agreed(s_client(instance, "-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0")) is None, suite


def test_intermediate_agrees_on_the_three_suites_of_1_3(both_kinds):
    instance = both_kinds()
    for suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"):
        assert agreed(s_client(instance, "-tls1_3", "-ciphersuites", suite)) == ("TLSv1.3", suite)
    assert agreed(s_client(instance, "-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256")) is None


def test_older_versions_are_refused(both_kinds):
    instance = both_kinds()
    for version in ("-tls1", "-tls1_1"):
        assert agreed(s_client(instance, version, "-cipher", "ALL:@SECLEVEL=0")) is None


def test_modern_is_1_3_only(both_kinds):
    instance = both_kinds(profile="modern")
    assert agreed(s_client(instance, "-tls1_2")) is None
    assert agreed(s_client(instance))[0] == "TLSv1.3"


def test_the_order_of_ciphers_is_the_clients(both_kinds):
    instance = both_kinds()
    for order in (SIX[0] + ":" + SIX[2], SIX[2] + ":" + SIX[0]):
        assert agreed(s_client(instance, "-tls1_2", "-cipher", order))[1] == order.split(":")[0]


def group_of(text):
    found = re.search(r"Server Temp Key: (\S+?),|Negotiated TLS1.3 group: (\S+)|Peer Temp Key: (\S+?),", text)
    return next(group for group in found.groups() if group) if found else None


@pytest.mark.parametrize("asked,got", [("X25519", "X25519"), ("P-256", "ECDH"), ("P-384", "ECDH")])
def test_the_groups_written_out_are_there(both_kinds, asked, got):
    text = s_client(both_kinds(), "-groups", asked)
    assert agreed(text)
    assert group_of(text) in (got, asked, "prime256v1", "secp256r1", "secp384r1")


def test_other_groups_are_not(both_kinds):
    assert agreed(s_client(both_kinds(), "-groups", "P-521")) is None


def test_groups_as_set(both_kinds):
    instance = both_kinds(groups=["secp384r1"])
    assert agreed(s_client(instance, "-groups", "X25519")) is None
    assert agreed(s_client(instance, "-groups", "P-384"))


def test_a_group_that_nobody_knows_is_refused(both_kinds, swarmward, authority):
    swarmward.write({"app": "127.0.0.1:9"}, tls={"groups": ["nonsense"], "certificates": [authority.issue("a.test").row()]})
    done = swarmward.command("check", swarmward.file, check=False)
    assert done.returncode != 0 and "nonsense" in done.stdout + done.stderr


def test_no_renegotiation(both_kinds):
    instance = both_kinds()
    text = s_client(instance, "-tls1_2", send="R\n")
    assert "Secure Renegotiation IS supported" in text
    assert re.search(r"no renegotiation|handshake failure|unexpected|alert|wrong", text.split("RENEGOTIATING")[1])


def test_no_compression(both_kinds):
    instance = both_kinds()
    for version in ("-tls1_2", "-tls1_3"):
        assert "Compression: NONE" in s_client(instance, version, "-comp")


def test_no_early_data(both_kinds, tmp_path):
    instance = both_kinds()
    session = tmp_path / "session"
    request = "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"
    first = s_client(instance, "-tls1_3", "-sess_out", str(session), "-ign_eof", send=request)
    assert "Max Early Data: 0" in first
    early = tmp_path / "early"
    early.write_text(request)
    again = s_client(instance, "-tls1_3", "-sess_in", str(session), "-early_data", str(early), "-ign_eof", send=request)
    assert "Early data was accepted" not in again


def test_alpn_is_http_2_before_http_1_1(both_kinds):
    instance = both_kinds()
    assert "ALPN protocol: h2" in s_client(instance, "-alpn", "http/1.1,h2")
    assert "ALPN protocol: http/1.1" in s_client(instance, "-alpn", "http/1.1")
    assert "No ALPN negotiated" in s_client(instance)


def test_alpn_without_common_protocol_is_refused(both_kinds):
    """RFC 7301: a fatal no_application_protocol, so that no protocol is taken for another."""
    text = s_client(both_kinds(), "-alpn", "smtp")
    assert "no application protocol" in text.lower() or agreed(text) is None


def test_a_close_is_an_orderly_one(both_kinds):
    request = "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"
    text = s_client(both_kinds(), "-ign_eof", send=request)
    assert "hello" in text
    assert "unexpected eof" not in text.lower()
