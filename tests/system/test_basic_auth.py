"""domains.NAME.basic_auth: who is asked for a password, what a check costs, and whom it costs nothing."""

import base64
import json
import os
import signal
import subprocess
import threading

import pytest
from lab.process_table import wait_until
from test_counters import counts, family

PASSWORD = "open sesame"
BCRYPT = {  # of PASSWORD
    "cost 5": "$2b$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW",
    "cost 12": "$2y$12$abcdefghijklmnopqrstuuq2uHH4t8IjTa8PV9VUUF1vssBH6WaR2",
}


def hashed(kind="-6", password=PASSWORD, salt="abcdefgh"):
    """What `openssl passwd` makes of it."""
    words = ["openssl", "passwd", kind, "-salt", salt, password]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def basic(user="ada", password=PASSWORD):
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {encoded}"}


def write_users(instance, *lines):
    file = instance.folder / "users"
    file.write_text("".join(f"{line}\n" for line in lines))
    os.chmod(file, 0o600)
    return {"users_file": "users"}


def guard(instance, app, *lines, shutdown=None, **more):
    entry = {
        "basic_auth": {**write_users(instance, *lines), **more},
        "routes": [{"path": "/", "service": "app"}],
    }
    instance.write({"app": app}, {"a.test": entry, "open.test": "app"}, shutdown=shutdown or {})
    return instance


@pytest.fixture
def app(backend):
    return backend()


@pytest.fixture
def instance(swarmward, app):
    guard(swarmward, app, "# staff", f"ada:{hashed()}", "", f"bob:{hashed('-5', 'other')}")
    return swarmward.start("--workers", "1")


def ask(instance, fields=(), host="a.test", source=None, **more):
    with instance.client(host, source=source) as client:
        return client.ask(fields=fields, **more)


# -- who may come


def test_without_a_password_there_is_a_challenge(instance, app):
    answer = ask(instance)
    assert (answer.status, answer.get("WWW-Authenticate")) == (401, 'Basic realm="a.test", charset="UTF-8"')
    assert answer.get("Cache-Control") == "no-store"
    assert app.received == b""
    assert instance.exchange()["reason"] == "no_credentials"
    assert ask(instance, host="open.test").status == 200


@pytest.mark.parametrize("user, password", [("ada", PASSWORD), ("bob", "other")], ids=["sha512", "sha256"])
def test_the_right_password_opens(instance, app, user, password):
    for _ in range(3):
        assert ask(instance, basic(user, password)).status == 200
        assert app.request().get("Authorization") is None
    assert instance.exchange()["user"] == user
    counts(instance, "swarmward_refusals_total", {}, "reason")


@pytest.mark.parametrize("cost", BCRYPT)
def test_bcrypt(swarmward, app, cost):
    instance = guard(swarmward, app, f"ada:{BCRYPT[cost]}").start("--workers", "1")
    assert ask(instance, basic()).status == 200
    assert ask(instance, basic(password="wrong")).status == 401


WRONG = {
    "password": basic(password="open sesamf"),
    "longer": basic(password=PASSWORD + "x"),
    "empty": basic(password=""),
    "another's": basic("bob"),
    "nobody": basic("eve"),
    "no user": basic(""),
    "case of the user": basic("Ada"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_one_does_not(instance, app, name):
    assert ask(instance, basic()).status == 200  # and what was right a moment ago helps nobody
    answer = ask(instance, WRONG[name])
    assert answer.status == 401 and answer.get("WWW-Authenticate")
    line = instance.exchange(lambda line: line["status"] == 401)
    assert line["reason"] == "bad_credentials" and "user" not in line
    assert app.asked() == 1


def encoded(data):
    return base64.b64encode(data).decode()


HOSTILE = {
    "no base64": "Basic !!!!",
    "bits behind the end": "Basic YWRhOnh=",
    "padded within": "Basic YW==RhOm9w",
    "no colon": "Basic " + encoded(b"ada"),
    "nul": "Basic " + encoded(b"ada:open sesame\x00x"),
    "nul in the name": "Basic " + encoded(b"ada\x00:open sesame"),
    "line break": "Basic " + encoded(b"ada:open sesame\n"),
    "del": "Basic " + encoded(b"ada:open\x7fsesame"),
    "nothing": "Basic",
    "too long": "Basic " + encoded(b"ada:" + b"x" * 509),
    "giant": "Basic " + "QUFB" * 6000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_password_is_none(instance, app, name):
    answer = ask(instance, {"Authorization": HOSTILE[name]})
    assert answer.status == 401
    assert instance.exchange()["reason"] == "bad_credentials"
    assert app.received == b"" and ask(instance, basic()).status == 200


@pytest.mark.parametrize("value", ["Bearer abc", "Digest username=ada", "Basicx YWRhOng=", ""])
def test_another_scheme_is_no_password(instance, value):
    assert ask(instance, {"Authorization": value}).status == 401
    assert instance.exchange()["reason"] == "no_credentials"


def test_two_passwords_are_none(instance, app):
    fields = [*basic().items(), *basic("eve").items()]
    assert ask(instance, fields).status == 401
    assert ask(instance, fields[::-1]).status == 401
    assert app.received == b""


def test_a_long_one_counts_to_its_last_letter(swarmward, app):
    long = "p" * 256
    instance = guard(swarmward, app, f"adam:{hashed(password=long)}").start("--workers", "1")
    assert ask(instance, basic("adam", long)).status == 200
    assert ask(instance, basic("adam", long[:-1] + "q")).status == 401


def test_the_scheme_has_no_case_and_names_may_be_utf_8(swarmward, app):
    instance = guard(swarmward, app, f"zoë:{hashed(password='pässwort')}").start("--workers", "1")
    value = basic("zoë", "pässwort")["Authorization"].replace("Basic", "bAsIc")
    assert ask(instance, {"Authorization": value}).status == 200
    assert instance.exchange()["user"] == "zoë"


def test_forward_passes_the_field_on(swarmward, app):
    instance = guard(swarmward, app, f"ada:{hashed()}", forward=True).start("--workers", "1")
    assert ask(instance, basic()).status == 200
    assert app.request().get("Authorization") == basic()["Authorization"]


def test_where_nobody_is_asked_the_field_goes_on(instance, app):
    assert ask(instance, {"Authorization": "Bearer abc"}, "open.test").status == 200
    assert app.request().get("Authorization") == "Bearer abc"


# -- while a password is being checked


def slow(instance, app, *more, **settings):
    """Each check takes a good part of a second, and of many on a machine that is busy."""
    rounds = "$6$rounds=900000$abcdefgh"
    made = hashed(salt="rounds=900000$abcdefgh")
    assert made.startswith(rounds)
    return guard(instance, app, f"ada:{made}", *more, **settings).start("--workers", "1")


def test_a_body_waits_and_arrives(swarmward, app):
    instance = slow(swarmward, app)
    body = b"x" * 300_000
    assert ask(instance, basic(), method="POST", body=body).status == 200
    assert app.request().body == body


def test_requests_that_follow_each_other(swarmward, app):
    instance = slow(swarmward, app)
    field = "".join(f"{name}: {value}\r\n" for name, value in basic().items())
    with instance.client() as client:
        client.send(f"GET /1 HTTP/1.1\r\nHost: a.test\r\n{field}\r\nGET /2 HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert [client.response().status, client.response().status] == [200, 401]


def test_the_loop_serves_others_meanwhile(swarmward, app):
    instance = slow(swarmward, app)
    waiting = [instance.client(source=f"127.0.0.{n}") for n in range(50, 56)]
    for number, client in enumerate(waiting):
        client.send_head(fields=basic(password=f"wrong {number}"))
    served = 0
    while instance_pending(instance) == len(waiting):
        assert ask(instance, host="open.test").status == 200
        served += 1
    assert served > 3  # many, in the time of one check
    for client in waiting:
        with client:
            assert client.response().status == 401


def instance_pending(instance):
    return sum(worker["exchanges_open"] for worker in instance.status()["workers"])


def test_the_same_password_is_checked_once(swarmward, app):
    instance = slow(swarmward, app)
    clients = [instance.client() for _ in range(12)]  # more than one client may have waiting
    for client in clients:
        client.send_head(fields=basic())
    for client in clients:
        with client:
            assert client.response().status == 200
    assert app.asked() == 12


def test_how_many_may_wait_is_bounded_for_each_client(swarmward, app):
    instance = slow(swarmward, app)
    mine = [instance.client(source="127.0.0.50") for _ in range(12)]
    for number, client in enumerate(mine):
        client.send_head(fields=basic(password=f"wrong {number}"))
    answers = []
    for client in mine:
        with client:
            answers.append(client.response())
    busy = [answer for answer in answers if answer.status == 503]
    assert {answer.status for answer in answers} == {401, 503} and len(busy) >= 4
    assert all(answer.get("Retry-After") == "1" for answer in busy)
    seen = family(instance, "swarmward_refusals_total", "reason")
    assert seen[("auth_busy",)] == len(busy)
    assert ask(instance, basic(), source="127.0.0.51").status == 200


def test_who_leaves_costs_nobody_anything(swarmward, app):
    instance = slow(swarmward, app)
    for number in range(40):
        client = instance.client(source=f"127.0.0.{50 + number}")
        client.send_head(fields=basic(password=f"wrong {number}"))
        client.reset()
    assert ask(instance, basic()).status == 200
    wait_until(lambda: instance_pending(instance) == 0, "nobody waits")
    line = instance.exchange(lambda line: line.get("status") == 499)
    assert "user" not in line  # nobody has shown it
    assert app.asked() == 1 and len(instance.children("worker")) == 1


def test_sigterm_waits_for_the_answer(swarmward, app):
    """As long as the drain is, which therefore must be longer here than any check."""
    instance = slow(swarmward, app, shutdown={"drain": "1m"})
    with instance.client() as client:
        client.send_head(fields=basic())
        wait_until(lambda: instance_pending(instance) == 1, "it is being checked")
        instance.send_signal(signal.SIGTERM)
        assert client.response().status == 200
    wait_until(lambda: instance.process.poll() is not None, "it ends")


def test_an_end_that_does_not_wait(swarmward, app):
    instance = slow(swarmward, app)
    clients = [instance.client(source=f"127.0.0.{n}") for n in range(50, 60)]
    for number, client in enumerate(clients):
        client.send_head(fields=basic(password=f"wrong {number}"))
    wait_until(lambda: instance_pending(instance) > 2, "they wait")
    for client in clients:
        client.close()
    instance.stop()


# -- the file


def test_a_reload_changes_who_may_come_at_once(instance, app):
    assert [ask(instance, basic()).status, ask(instance, basic("bob", "other")).status] == [200, 200]
    write_users(instance, f"ada:{hashed(password='new')}")
    instance.reload()
    assert ask(instance, basic()).status == 401
    assert ask(instance, basic("bob", "other")).status == 401
    assert ask(instance, basic(password="new")).status == 200


def test_a_reload_while_a_password_is_checked(swarmward, app):
    instance = slow(swarmward, app)
    with instance.client() as client:
        client.send_head(fields=basic())
        wait_until(lambda: instance_pending(instance) == 1, "it is being checked")
        guard(instance, app, f"eve:{hashed()}")
        instance.reload()
        assert client.response().status == 200  # under the mapping that it came under
    assert ask(instance, basic()).status == 401


FILES = {
    "md5": ("ada:$apr1$abcdefgh$HQzbTNpsyjvN6YCHEwIsN.", "line 1: a hash made with MD5"),
    "clear": ("ada:secret", "line 1: no hash of a known kind"),
    "too dear": ("ada:$2y$17$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBuu", "cost of 17"),
    "cut": ("ada:$6$abcdefgh$x", "line 1: the SHA-crypt hash is cut"),
    "no colon": ("ada", "line 1: write NAME:HASH"),
    "empty": ("# nobody", "has no user"),
    "twice": (f"ada:{'$6$a$' + 'x' * 86}\nada:{'$6$b$' + 'x' * 86}", 'user "ada" is there twice'),
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_wrong_with_the_file_is_said(swarmward, app, name):
    text, says = FILES[name]
    instance = guard(swarmward, app, text)
    done = instance.command("check", instance.file, check=False)
    assert done.returncode == 2
    assert "domains.a.test.basic_auth.users_file: " in done.stderr + done.stdout
    assert says in done.stderr + done.stdout
    assert "$abcdefgh" not in done.stderr + done.stdout  # no hash is ever shown


def test_a_file_that_others_may_read_is_refused(swarmward, app):
    instance = guard(swarmward, app, f"ada:{hashed()}")
    os.chmod(instance.folder / "users", 0o644)
    done = instance.command("check", instance.file, check=False)
    assert done.returncode == 2 and "chmod 600" in done.stderr + done.stdout


def test_a_bad_file_leaves_what_is_served(instance):
    write_users(instance, "ada:secret")
    assert instance.reload(check=False).returncode == 2
    assert ask(instance, basic()).status == 200


def test_two_workers_and_many_at_once(swarmward, app):
    """Each worker checks for itself; right and wrong ones mixed, all of them answered right."""
    instance = guard(swarmward, app, f"ada:{hashed()}").start("--workers", "2")
    seen = []

    def visit(number):
        right = number % 2 == 0
        answer = ask(instance, basic() if right else basic(password="no"), source=f"127.0.0.{50 + number}")
        seen.append((answer.status, right))

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(seen)) == [(200, True), (401, False)] and len(seen) == 20
    assert json.loads(instance.access.seen[-1])["status"] in (200, 401)
