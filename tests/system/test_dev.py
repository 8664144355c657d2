"""--dev: a first run needs no certificate at all, and says so loudly."""

import os
import stat

from lab.client import trusting


def start_dev(instance, backend, domains=None):
    instance.write({"app": backend()}, domains or {"a.test": "app"}, [], tls={"certificates": []})
    return instance.start("--dev")


def test_every_mapped_domain_gets_a_certificate_of_a_private_ca(swarmward, backend):
    start_dev(swarmward, backend, {"a.test": "app", "b.test": "app", "*.lab.test": "app"})
    swarmward.context = trusting(swarmward.state / "ca.crt")
    for name in ("a.test", "b.test", "x.lab.test"):
        assert swarmward.get(host=name).status == 200


def test_it_says_so_loudly(swarmward, backend):
    start_dev(swarmward, backend)
    assert "dev" in swarmward.log.text().lower()
    assert "ca.crt" in swarmward.log.text()


def test_the_ca_stays_the_same_over_restarts(swarmward_new, backend):
    seen = []
    for _ in range(2):
        instance = swarmward_new()
        instance.state = instance.folder.parent / "kept"
        start_dev(instance, backend)
        seen.append((instance.state / "ca.crt").read_bytes())
        instance.stop()
    assert seen[0] == seen[1]


def test_the_keys_are_private(swarmward, backend):
    start_dev(swarmward, backend)
    assert stat.S_IMODE(os.stat(swarmward.state).st_mode) & 0o077 == 0
    for path in swarmward.state.rglob("*.key"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_a_domain_added_by_reload_gets_one_too(swarmward, backend):
    start_dev(swarmward, backend)
    swarmward.context = trusting(swarmward.state / "ca.crt")
    swarmward.write({"app": backend()}, {"a.test": "app", "new.test": "app"}, [], tls={"certificates": []})
    swarmward.reload()
    assert swarmward.get(host="new.test").status == 200


def test_without_dev_a_domain_needs_a_certificate(swarmward, backend):
    swarmward.write({"app": backend()}, {"a.test": "app"}, [], tls={"certificates": []})
    swarmward.spawn()
    assert swarmward.process.wait(20) != 0
    swarmward.process = None
    swarmward.log.thread.join(20)
    assert "a.test" in swarmward.log.text() and "certificate" in swarmward.log.text()
