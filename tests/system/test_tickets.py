"""Sessions are resumed by stateless tickets, across workers, reloads and restarts."""

import os
import re
import secrets
import ssl

from lab.client import trusting
from test_tls_policy import s_client


def tls_1_2(authority):
    """In TLS 1.2 the ticket is there with the handshake, so Python knows it at once."""
    return trusting(authority.ca, most=ssl.TLSVersion.TLSv1_2)


def session_of(instance, context):
    with instance.client(context=context) as client:
        assert client.ask().status == 200
        return client.sock.session


def resumes(instance, context, session):
    with instance.client(context=context, session=session) as client:
        assert client.ask().status == 200
        return client.sock.session_reused


def secret_file(folder):
    path = folder / "tickets"
    path.write_bytes(secrets.token_bytes(32))
    os.chmod(path, 0o600)
    return str(path)


def test_a_session_is_resumed(serving, backend):
    instance = serving({"app": backend()})
    context = trusting(instance.authority.ca)
    session = session_of(instance, context)
    assert resumes(instance, context, session)
    assert instance.exchange(after=1)["resumed"] is True


def test_one_ticket_a_handshake(serving, backend):
    instance = serving({"app": backend()})
    request = "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"
    text = s_client(instance, "-tls1_3", "-ign_eof", "-msg", send=request)
    assert len(re.findall(r"<<< TLS 1\.3, Handshake .*NewSessionTicket", text)) == 1


def test_a_session_is_resumed_by_any_worker(swarmward, backend):
    swarmward.write({"app": backend()})
    swarmward.start("--workers", "4")
    context = trusting(swarmward.authority.ca)
    session = session_of(swarmward, context)
    assert all(resumes(swarmward, context, session) for _ in range(20))


def test_a_session_is_resumed_after_a_reload(serving, backend):
    instance = serving({"app": backend()})
    context = trusting(instance.authority.ca)
    session = session_of(instance, context)
    instance.reload()
    assert resumes(instance, context, session)


def test_a_session_is_resumed_after_a_restart_with_the_same_secret(swarmward_new, backend, authority, tmp_path):
    secret = secret_file(tmp_path)
    app = backend()
    context = trusting(authority.ca)
    session = None
    for _ in range(2):
        instance = swarmward_new()
        instance.write({"app": app}, tls={"ticket_secret": secret, "certificates": [authority.issue("a.test").row()]})
        instance.start()
        if session:
            assert resumes(instance, context, session)
        else:
            session = session_of(instance, context)
        instance.stop()


def test_another_secret_is_a_full_handshake_and_no_failure(swarmward_new, backend, authority, tmp_path):
    app = backend()
    context = trusting(authority.ca)
    session = None
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        instance = swarmward_new()
        rows = [authority.issue("a.test").row()]
        instance.write({"app": app}, tls={"ticket_secret": secret_file(folder), "certificates": rows})
        instance.start()
        if session:
            assert not resumes(instance, context, session)
        else:
            session = session_of(instance, context)
        instance.stop()


def test_tickets_off(serving, backend, authority):
    rows = [authority.issue("a.test").row()]
    instance = serving({"app": backend()}, tls={"session_tickets": "off", "certificates": rows})
    context = trusting(authority.ca)
    with instance.client(context=context) as client:
        client.ask()
        session = client.sock.session
    if session is not None:
        assert not resumes(instance, context, session)


def test_a_ticket_of_one_name_is_not_good_for_another_certificate(serving, backend, authority):
    certificates = [authority.issue("a.test"), authority.issue("b.test")]
    instance = serving({"app": backend()}, {"a.test": "app", "b.test": "app"}, certificates)
    context = trusting(authority.ca)
    session = session_of(instance, context)
    with instance.client(host="b.test", context=context, session=session) as client:
        assert not client.sock.session_reused
        assert client.ask().status == 200


def test_a_secret_that_others_can_read_is_refused(swarmward, authority, tmp_path):
    secret = secret_file(tmp_path)
    os.chmod(secret, 0o644)
    rows = [authority.issue("a.test").row()]
    swarmward.write({"app": "127.0.0.1:9"}, tls={"ticket_secret": secret, "certificates": rows})
    done = swarmward.command("check", swarmward.file, check=False)
    assert done.returncode != 0 and secret in done.stdout + done.stderr


def test_1_2_or_1_3_alike(serving, backend):
    instance = serving({"app": backend()})
    context = tls_1_2(instance.authority)
    with instance.client(context=context) as client:
        assert client.ask().status == 200
        assert client.sock.version() == "TLSv1.2"
