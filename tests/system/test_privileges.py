"""Started as root it drops what it does not need; started as anyone it works all the same."""

import os
import shutil
import subprocess

import pytest
from lab import process_table

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to drop it")

NET_BIND_SERVICE = 1 << 10


def identity(pid):
    capabilities = int(process_table.status(pid, "CapEff")[0], 16)
    return {
        "users": set(process_table.status(pid, "Uid")),
        "groups": set(process_table.status(pid, "Gid")),
        "more_groups": process_table.status(pid, "Groups"),
        "capabilities": capabilities,
        "no_new_privileges": process_table.status(pid, "NoNewPrivs") == ["1"],
    }


def reachable(folder):
    """For a user who is not root."""
    while str(folder) != "/tmp" and folder != folder.parent:
        os.chmod(folder, 0o755)
        folder = folder.parent


@needs_root
def test_as_root_the_children_become_somebody_else(swarmward, backend):
    reachable(swarmward.folder)
    os.chmod(swarmward.folder, 0o1777)
    swarmward.write({"app": backend()})
    swarmward.start()
    assert swarmward.get().status == 200
    for program in ("worker", "keys", "checker"):
        for pid in swarmward.children(program):
            it = identity(pid)
            assert "0" not in it["users"] | it["groups"]
            assert it["more_groups"] in ([], ["65534"])
            assert it["capabilities"] == 0
            assert it["no_new_privileges"]
    (control,) = swarmward.children("control")
    assert "0" not in identity(control)["users"]
    assert bin(identity(control)["capabilities"]).count("1") <= 1  # it may read root's keys, no more


@needs_root
def test_as_root_the_parent_keeps_little(swarmward, backend):
    os.chmod(swarmward.folder, 0o1777)
    swarmward.write({"app": backend()})
    swarmward.start()
    it = identity(swarmward.process.pid)
    assert it["capabilities"] & NET_BIND_SERVICE
    assert bin(it["capabilities"]).count("1") <= 5
    assert it["no_new_privileges"]


@needs_root
def test_as_root_a_reload_still_reads_the_keys_of_root(swarmward, backend):
    os.chmod(swarmward.folder, 0o1777)
    app = backend()
    swarmward.write({"app": app})
    swarmward.start()
    swarmward.write({"app": app}, {"b.test": "app"})
    swarmward.reload()
    assert swarmward.get(host="b.test").status == 200


@needs_root
def test_as_root_a_killed_worker_is_replaced_by_one_without_privileges(swarmward, backend):
    import signal

    os.chmod(swarmward.folder, 0o1777)
    swarmward.write({"app": backend()})
    swarmward.start("--workers", "1")
    old = swarmward.worker()
    os.kill(old, signal.SIGKILL)
    (new,) = process_table.wait_until(
        lambda: [pid for pid in swarmward.children("worker") if pid != old], "another worker"
    )
    assert swarmward.get().status == 200
    assert "0" not in identity(new)["users"]


def programs_for_everybody(instance):
    """A copy of the programs where any user may reach them, wherever the tree itself lies."""
    folder = instance.folder / "programs"
    folder.mkdir()
    for path in instance.build.glob("swarmward*"):
        if path.is_file() and os.access(path, os.X_OK):
            shutil.copy(path, folder)
    return folder


@needs_root
def test_an_ordinary_user_can_run_it(swarmward_new, backend):
    """Everything as nobody: certificates of its own, high ports, no capability."""
    instance = swarmward_new()
    reachable(instance.folder)
    instance.build = programs_for_everybody(instance)
    os.chown(instance.folder, 65534, 65534)
    instance.write({"app": backend()}, {"a.test": "app"}, [], tls={"certificates": []})
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    instance.start("--dev", prefix=as_nobody)
    from lab.client import trusting

    instance.context = trusting(instance.state / "ca.crt")
    assert instance.get().status == 200
    for pid in instance.processes():
        it = identity(pid)
        assert it["users"] == {"65534"}
        assert it["capabilities"] == 0
    done = subprocess.run(
        [*as_nobody, str(instance.build / "swarmward"), "reload", "--socket", str(instance.socket)],
        capture_output=True, text=True, env=instance.environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root is tested above")
def test_not_root_nothing_needs_root(serving, backend):
    assert serving({"app": backend()}).get().status == 200


@needs_root
def test_the_command_socket_is_private(serving, backend):
    instance = serving({"app": backend()})
    mode = os.stat(instance.socket).st_mode & 0o777
    assert mode & 0o077 == 0


@needs_root
def test_no_core_of_the_worker_shows_what_it_held(swarmward, backend):
    os.chmod(swarmward.folder, 0o1777)
    swarmward.write({"app": backend()})
    swarmward.start("--workers", "1")
    worker = swarmward.worker()
    owner = os.stat(f"/proc/{worker}/mem").st_uid
    assert owner == 0  # what is not dumpable belongs to root in /proc
