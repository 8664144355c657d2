"""Private keys are in one process; it may die, and nothing fails."""

import os
import re
import signal
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest
from lab import backends, memory, process_table, tls_backends
from lab.certificates import openssl
from lab.client import trusting
from lab.swarmward import RELEASE

CHECKED = {"path": "/healthz", "interval": "100ms", "timeout": "100ms", "rise": 1, "fall": 2}

looks_inside = pytest.mark.skipif(not memory.readable(), reason="needs root with CAP_SYS_PTRACE")


def keys_of(instance):
    (pid,) = instance.children("keys")
    return pid


def replaced(instance, old):
    return process_table.wait_until(
        lambda: instance.children("keys") not in ([], [old]), "another swarmward-keys"
    )


def counter(instance, name):
    return sum(worker[name] for worker in instance.status()["workers"])


class Handshakes:
    """Requests of new connections, each in a thread of its own."""

    def __init__(self, instance, count, **options):
        self.instance, self.options, self.answers = instance, options, []
        self.threads = [threading.Thread(target=self._ask) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def _ask(self):
        # no ticket is there to resume with: each needs a signature
        with self.instance.client(context=trusting(self.instance.authority.ca), **self.options) as client:
            self.answers.append(client.ask().status)

    def join(self):
        for thread in self.threads:
            thread.join()
        return self.answers


# --- where the keys are


def numbers(text):
    """name -> bytes of what `openssl ... -text` prints of a private key."""
    found = {}
    for name, value in re.findall(r"^(\w+):\s*\n((?:\s+[0-9a-f:]+\n)+)", text, re.M):
        found[name] = bytes.fromhex(re.sub(r"[\s:]", "", value)).lstrip(b"\0")
    return found


def needles(certificate, kind):
    """All that would give the key away: its secret numbers in both orders of bytes, and its file."""
    parts = numbers(openssl("ec" if kind == "ecdsa" else "rsa", "-in", certificate.key, "-text", "-noout"))
    secret = ["priv"] if kind == "ecdsa" else ["prime1", "prime2", "privateExponent"]
    found = {}
    for name in secret:
        assert len(parts[name]) >= 31
        found[f"{kind} {name}"] = parts[name]
        found[f"{kind} {name} reversed"] = parts[name][::-1]
    body = [line for line in certificate.key.read_text().splitlines() if "-----" not in line]
    for number, line in enumerate(body[1:-1] or body):
        found[f"{kind} PEM {number}"] = line.encode()
    der = subprocess.run(["openssl", "pkey", "-in", certificate.key, "-outform", "DER"],
                         capture_output=True, check=True).stdout  # fmt: skip
    found[f"{kind} DER"] = der[-32:] if kind == "rsa" else der[:64]
    return found


def busy(instance, backend, *words):
    """An instance that has shaken hands in every way, has loaded again, and has lost its keys once."""
    authority = instance.authority
    app = backend()
    ecdsa, rsa = authority.issue("a.test"), authority.issue("b.test", kind="rsa")
    ours = authority.issue("swarmward.test")
    demands = tls_backends.context(authority.issue("backend.test"), authority)
    mutual = backend(backends.says("mutual"), context=demands)
    domains = {"a.test": "app", "b.test": "mutual"}
    services = {"app": app, "mutual": {"servers": [mutual.at], "protocol": "https", "health": CHECKED}}
    policy = {
        **tls_backends.policy(authority, server_name="backend.test", cert=str(ours.cert), key=str(ours.key)),
        "backend_encryption": "none",
        "exception": "a backend in clear beside one with TLS",
    }
    instance.write(services, domains, [ecdsa, rsa], policy=policy)
    instance.start("--workers", "1", *words)
    for turn in range(2):
        for host in domains:
            for most in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                context = trusting(instance.authority.ca, most=most)
                with instance.client(host, context=context) as client:
                    assert client.ask().status == 200
        if turn == 0 and not words:
            old = keys_of(instance)
            os.kill(old, signal.SIGKILL)
            replaced(instance, old)
            limits = {"keepalive": {"requests": 7}}
            instance.write(services, domains, [ecdsa, rsa], policy=policy, limits=limits)
            instance.reload()
    mutual.request()
    checked = {"ours " + name: needle for name, needle in needles(ours, "ecdsa").items()}
    return {**needles(ecdsa, "ecdsa"), **needles(rsa, "rsa"), **checked}


@looks_inside
def test_no_worker_has_a_private_key_in_its_memory(swarmward_new, backend):
    instance = swarmward_new(build=RELEASE)
    wanted = busy(instance, backend)
    clean = [instance.process.pid, *instance.children("worker"), *instance.children("checker")]
    assert len(clean) == 3
    for pid in clean:
        assert memory.find(pid, wanted) == set(), process_table.program(pid)
    there = memory.find(keys_of(instance), wanted)
    assert {"ecdsa priv", "ecdsa priv reversed", "rsa prime1", "rsa prime1 reversed"} <= there
    assert "ours ecdsa priv" in there


@looks_inside
def test_the_same_look_finds_it_in_a_worker_that_has_it(swarmward_new, backend):
    instance = swarmward_new(build=RELEASE)
    wanted = busy(instance, backend, "--keys-in-workers")
    assert instance.children("keys") == []
    assert {"ecdsa priv", "rsa prime1", "ours ecdsa priv"} <= memory.find(instance.worker(), wanted)


def locked_share(pid):
    """Of what its heap has in memory."""
    maps = re.split(r"^(?=[0-9a-f]+-)", Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8"), flags=re.M)
    heaps = [one for one in maps if "[heap]" in one]
    sums = [sum(int(re.search(rf"^{name}:\s+(\d+)", one, re.M)[1]) for one in heaps) for name in ("Locked", "Rss")]
    return sums[0] / sums[1]


@looks_inside
def test_the_memory_of_keys_is_locked_and_its_descriptors_are_few(swarmward_new, backend):
    instance = swarmward_new(build=RELEASE)
    instance.write({"app": backend()})
    instance.start("--workers", "1")
    pid = keys_of(instance)
    assert locked_share(pid) == 1 and locked_share(instance.worker()) == 0
    assert "unlocked" not in instance.log.text()
    targets = [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
    sockets = [target for target in targets if target.startswith("socket:")]
    assert len(sockets) == 3  # the parent, the worker and the checker
    assert not [target for target in targets if target.startswith("/") and target != "/dev/null"]
    with open(f"/proc/{pid}/net/unix", encoding="ascii") as table:
        unix = table.read()
    for target in sockets:
        assert re.search(rf"\b{target[8:-1]}$", unix, re.M), "not a socket of this machine"


# --- it dies


def test_a_killed_keys_process_is_replaced_and_handshakes_wait(serving, backend):
    instance = serving({"app": backend()})
    old = keys_of(instance)
    os.kill(old, signal.SIGSTOP)
    before = counter(instance, "signatures")
    waiting = Handshakes(instance, 20)
    process_table.wait_until(lambda: counter(instance, "signatures") == before + 20, "all have asked")
    assert waiting.answers == []
    os.kill(old, signal.SIGKILL)
    assert waiting.join() == [200] * 20
    assert instance.status()["keys"]["restarts"] == 1
    assert counter(instance, "signatures_again") == 20
    assert counter(instance, "signatures_refused") == 0
    assert "keys" in instance.ask("status").stdout


def test_a_worker_that_dies_gets_a_channel_to_keys_again(swarmward, backend):
    swarmward.write({"app": backend()})
    swarmward.start("--workers", "2")
    for _ in range(3):
        old = swarmward.children("worker")
        os.kill(old[0], signal.SIGKILL)
        process_table.wait_until(
            lambda: len(set(swarmward.children("worker")) - set(old)) == 1, "another worker"
        )
        assert Handshakes(swarmward, 10).join() == [200] * 10


def test_a_handshake_waits_no_longer_than_its_timeout(serving, backend):
    instance = serving({"app": backend()}, limits={"handshake_timeout": "300ms"})
    pid = keys_of(instance)
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises((ConnectionError, ssl.SSLError, socket.timeout)):
        instance.get()
    assert instance.exchange(lambda line: line.get("reason") == "handshake_timeout")
    os.kill(pid, signal.SIGCONT)
    assert Handshakes(instance, 1).join() == [200]


def test_who_leaves_while_it_waits_takes_nothing_along(serving, backend):
    instance = serving({"app": backend()})
    pid = keys_of(instance)
    os.kill(pid, signal.SIGSTOP)
    before = counter(instance, "signatures")
    leaving = [socket.create_connection(instance.https, 20) for _ in range(10)]
    context = trusting(instance.authority.ca)
    for plain in leaving:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        with pytest.raises(ssl.SSLWantReadError):
            context.wrap_bio(incoming, outgoing, server_hostname="a.test").do_handshake()
        plain.sendall(outgoing.read())
    process_table.wait_until(lambda: counter(instance, "signatures") == before + 10, "all have asked")
    for plain in leaving:
        plain.close()
    os.kill(pid, signal.SIGCONT)
    assert Handshakes(instance, 5).join() == [200] * 5
    process_table.wait_until(lambda: counter(instance, "connections_open") == 0, "all are gone")


def test_a_waiting_handshake_keeps_nobody_busy(serving, backend):
    """What a client sends meanwhile stays in the kernel: the loop does not turn for it."""
    instance = serving({"app": backend()})
    pid = keys_of(instance)
    os.kill(pid, signal.SIGSTOP)
    waiting = Handshakes(instance, 1)
    before = counter(instance, "signatures")
    with socket.create_connection(instance.https, 20) as plain:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        with pytest.raises(ssl.SSLWantReadError):
            trusting(instance.authority.ca).wrap_bio(
                incoming, outgoing, server_hostname="a.test"
            ).do_handshake()
        plain.sendall(outgoing.read())
        process_table.wait_until(lambda: counter(instance, "signatures") >= before + 1, "it has asked")
        plain.sendall(b"\x14\x03\x03\x00\x01\x01" * 4)
        ticks = process_table.cpu_ticks(instance.worker())
        asked = [instance.status() for _ in range(20)]  # as a clock: some hundred milliseconds
        assert asked and process_table.cpu_ticks(instance.worker()) - ticks <= 5
    os.kill(pid, signal.SIGCONT)
    assert waiting.join() == [200]


def test_health_is_red_while_there_is_no_process_with_the_keys(serving, backend):
    instance = serving({"app": backend()})

    def is_missed():
        for pid in instance.children("keys"):
            os.kill(pid, signal.SIGKILL)  # again and again, so that it is started ever more slowly
        return "no_keys" in instance.ask("healthcheck", check=False).stdout

    with instance.client() as client:
        assert client.ask().status == 200
        process_table.wait_until(is_missed, "it is missed")
        assert client.ask().status == 200  # who is connected needs no signature
    process_table.wait_until(
        lambda: instance.ask("healthcheck", check=False).returncode == 0, "healthy again"
    )
    assert Handshakes(instance, 1).join() == [200]


# --- it takes part in rollouts


def test_a_reload_without_keys_changes_nothing(serving, backend):
    app = backend()
    instance = serving({"app": app})
    generation = instance.status()["generation"]
    old = keys_of(instance)
    os.kill(old, signal.SIGSTOP)
    instance.write({"app": app}, {"a.test": "app", "b.test": "app"})
    refused = []
    reload = threading.Thread(target=lambda: refused.append(instance.reload(check=False)))
    reload.start()
    instance.log.wait(lambda line: "event=load generation" in line and f"generation={generation + 1}" in line)
    os.kill(old, signal.SIGKILL)
    reload.join()
    assert refused[0].returncode != 0
    assert "swarmward-keys died while it prepared" in refused[0].stdout + refused[0].stderr
    replaced(instance, old)
    assert instance.status()["generation"] == generation
    assert Handshakes(instance, 1).join() == [200]
    instance.reload()
    assert instance.get(host="b.test").status == 200


def test_new_keys_are_used_by_the_first_handshake_after_the_reload(serving, backend):
    app = backend()
    instance = serving({"app": app})
    for day in range(2, 5):
        again = instance.authority.issue("a.test", begins=f"202001{day:02}000000Z")
        instance.write({"app": app}, {"a.test": "app"}, [again])
        instance.reload()
        with instance.client(context=trusting(instance.authority.ca)) as client:
            shown = ssl.DER_cert_to_PEM_cert(client.sock.getpeercert(binary_form=True))
            assert shown.split() == openssl("x509", "-in", again.cert).split()
            assert client.ask().status == 200
