"""Whoever has taken over one of our programs gets no further. Shown twice: by a program that enters
the same sandbox and tries, and by system calls that are forced on a worker that serves."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from lab import process_table
from lab.exposition import Metrics
from lab.swarmward import RELEASE, SANITIZED
from test_admin import ask

FOLDER = SANITIZED / "tests/system/sandbox"  # itself without sanitizers
PROBE = FOLDER / "sandbox-probe"
INJECTOR = FOLDER / "syscall-injector"

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

# try -> the call that ends the process; for a worker, a checker and the process of the keys
REFUSED = {
    "read_file": ("openat", "open"),
    "write_file": ("openat", "open"),
    "look_at_file": ("newfstatat", "stat"),
    "execute": ("execve",),
    "connect_unix": ("socket",),
    "socket_udp": ("socket",),
    "socket_raw": ("socket",),
    "socket_netlink": ("socket",),
    "bind_port": ("bind", "socket"),
    "listen_to": ("listen", "socket"),
    "socket_filter": ("setsockopt", "socket"),
    "another_process": ("clone",),
    "a_thread": ("clone3", "clone", "rt_sigaction"),
    "a_namespace": ("clone",),
    "trace_parent": ("ptrace",),
    "kill_parent": ("kill",),
    "read_parent": ("process_vm_readv",),
    "executable_memory": ("mmap",),
    "executable_later": ("mprotect",),
    "io_uring": ("io_uring_setup",),
    "bpf": ("bpf",),
    "user_fault": ("userfaultfd",),
    "key_control": ("keyctl",),
    "mounting": ("mount",),
    "unsharing": ("unshare",),
    "joining": ("setns",),
    "watching": ("perf_event_open",),
    "loading": ("init_module",),
    "memory_file": ("memfd_create",),
    "change_root": ("chroot",),
    "answer_sigsys": ("rt_sigaction",),
    "answer_sigsys_wide": ("rt_sigaction",),
    "more_limits": ("prlimit64", "setrlimit"),
    "no_control": ("prctl",),
}
# what the parent may not either, and with it every process of ours
NOBODY = [
    "trace_parent", "read_parent", "io_uring", "bpf", "user_fault", "key_control", "mounting", "unsharing",
    "joining", "watching", "loading",
]  # fmt: skip
CONTROL_REFUSED = [*NOBODY, "execute", "change_root"]
CONTROL_FAILS = [
    "answer_sigsys", "answer_sigsys_wide", "another_process", "a_namespace", "kill_parent", "executable_memory",
    "executable_later", "no_control",
]  # fmt: skip
CONTROL_WORKS = ["a_thread", "read_file", "look_at_file", "connect_tcp", "memory", "libc"]


def attempt(profile, what, path="/etc/passwd", prefix=()):
    done = subprocess.run([*prefix, str(PROBE), profile, what, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def reachable(folder):
    """For a user who is not root."""
    while str(folder) != "/tmp" and folder != folder.parent:
        os.chmod(folder, 0o755)
        folder = folder.parent


def ended_by(said):
    return said.removeprefix("ended by its sandbox: ") if said.startswith("ended by its sandbox: ") else None


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("profile", ["worker", "checker", "keys"])
def test_whoever_takes_over_a_closed_program_is_ended_at_once(profile, what):
    said = attempt(profile, what)
    assert ended_by(said) in REFUSED[what], said


@pytest.mark.parametrize("what", ["memory", "libc"])
@pytest.mark.parametrize("profile", ["worker", "checker", "keys"])
def test_what_a_closed_program_needs_works(profile, what):
    assert attempt(profile, what) == "worked"


@pytest.mark.parametrize("profile", ["worker", "checker"])
def test_a_worker_and_a_checker_connect(profile):
    assert attempt(profile, "connect_tcp") == "worked"


def test_the_process_of_the_keys_has_no_socket():
    assert ended_by(attempt("keys", "connect_tcp")) == "socket"


@pytest.mark.parametrize("profile", ["control", "worker", "checker", "keys"])
def test_a_failed_assertion_still_looks_like_one(profile):
    assert attempt(profile, "aborting") == f"signal {int(signal.SIGABRT)}"


@pytest.mark.parametrize("what", CONTROL_REFUSED)
def test_whoever_takes_over_control_starts_no_program_and_gets_at_no_other(what):
    assert ended_by(attempt("control", what)) in REFUSED[what]


@pytest.mark.parametrize("what", CONTROL_FAILS)
def test_in_control_what_is_in_no_list_fails(what):
    assert attempt("control", what) == "failed: Function not implemented"


@pytest.mark.parametrize("what", CONTROL_WORKS)
def test_control_reads_files_and_connects(what):
    assert attempt("control", what) == "worked"


def test_control_reaches_the_docker_socket(tmp_path):
    assert attempt("control", "connect_unix", str(tmp_path / "none")) == "failed: No such file or directory"


@pytest.mark.parametrize("what", NOBODY)
def test_the_parent_does_not_either(what):
    assert attempt("parent", what).startswith("ended by its sandbox")


@needs_root
@pytest.mark.parametrize("what", ["read_file", "connect_unix", "execute", "executable_memory"])
def test_an_ordinary_user_needs_no_privilege_for_it(what, tmp_path):
    reachable(tmp_path)
    copy = shutil.copy(PROBE, tmp_path / "probe")
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    done = subprocess.run([*as_nobody, copy, "worker", what, "/etc/passwd"], capture_output=True, text=True)
    assert ended_by(done.stdout.strip()) in REFUSED[what], done.stdout + done.stderr


# --- the processes that serve

AS_THE_STACKS = ["setuid", "setgid", "kill", "net_bind_service"]


@needs_root
@pytest.mark.parametrize("more,root", [(["sys_chroot"], "empty"), ([], "kept")])
def test_with_the_capabilities_of_the_stacks_the_root_is_empty_and_without_one_the_rest_holds(
    swarmward_new, backend, more, root
):
    instance = swarmward_new(build=RELEASE)
    reachable(instance.folder)
    os.chmod(instance.folder, 0o1777)
    instance.state.mkdir()  # without CAP_CHOWN it is not given to anybody
    os.chown(instance.state, 65534, 65534)
    instance.write({"app": backend()}, {"a.test": "app"}, [], tls={"certificates": []})
    bounds = "-all," + ",".join("+" + name for name in AS_THE_STACKS + more)
    instance.start("--dev", "--workers", "1", "--user", "nobody", prefix=["setpriv", "--bounding-set", bounds])
    for program in ("worker", "checker", "keys"):
        line = instance.log.wait(lambda line: f"swarmward-{program} " in line and "event=sandboxed" in line)
        assert f"root={root} " in line
        (pid,) = instance.children(program)
        assert int(status_of(pid, "CapPrm"), 16) == 0
        assert status_of(pid, "Seccomp") == "2"


@pytest.fixture
def running(swarmward_new, backend):
    """One worker, without sanitizers; its folder may be entered by the user that it becomes."""
    instance = swarmward_new(build=RELEASE)
    os.chmod(instance.folder, 0o1777)
    instance.write({"app": {"servers": [backend().at], "health": {"path": "/", "interval": "1s", "timeout": "1s"}}})
    instance.start("--workers", "1")
    assert instance.get().status == 200
    return instance


def status_of(pid, name):
    return process_table.status(pid, name)[0]


@pytest.mark.parametrize("program", ["worker", "checker", "keys", "control"])
def test_every_process_that_reads_from_outside_is_filtered(running, program):
    for pid in running.children(program):
        assert status_of(pid, "Seccomp") == "2"
        assert status_of(pid, "Seccomp_filters") == "2"  # the parent's, and its own
        assert status_of(pid, "NoNewPrivs") == "1"


def test_the_parent_is_filtered(running):
    assert status_of(running.process.pid, "Seccomp") == "2"


@needs_root
@pytest.mark.parametrize("program", ["worker", "checker", "keys"])
def test_no_capability_is_left_anywhere(running, program):
    for pid in running.children(program):
        for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status_of(pid, kind), 16) == 0, kind


@needs_root
@pytest.mark.parametrize("program", ["worker", "checker", "keys"])
def test_its_root_is_a_directory_that_is_gone(running, program):
    for pid in running.children(program):
        assert os.readlink(f"/proc/{pid}/root") != "/"
        with pytest.raises((FileNotFoundError, ProcessLookupError)):
            os.listdir(f"/proc/{pid}/root/")
    assert os.listdir(f"/proc/{running.process.pid}/root/")  # so this way of looking sees something


@needs_root
@pytest.mark.parametrize("program", ["worker", "checker", "keys"])
def test_no_core_and_no_other_process(running, program):
    for pid in running.children(program):
        limits = Path(f"/proc/{pid}/limits").read_text()
        for name in ("Max core file size", "Max msgqueue size", "Max processes"):
            (line,) = [line for line in limits.splitlines() if line.startswith(name)]
            assert line[len(name) :].split()[:2] == ["0", "0"], line


def limit_of(pid, name):
    limits = Path(f"/proc/{pid}/limits").read_text()
    (line,) = [line for line in limits.splitlines() if line.startswith(name)]
    return line[len(name) :].split()[:2]


@needs_root
def test_who_writes_no_file_may_write_none(running):
    """The error log of this instance is a pipe."""
    for program, limit in (("checker", "0"), ("keys", "0"), ("control", str(1 << 30)), ("worker", "unlimited")):
        for pid in running.children(program):
            assert limit_of(pid, "Max file size") == [limit, limit], program


@needs_root
def test_an_error_log_that_is_a_file_may_grow(swarmward_new, backend):
    instance = swarmward_new(build=RELEASE)
    instance.write({"app": backend()})
    with open(instance.folder / "error.log", "w", encoding="utf-8") as log:
        instance.process = subprocess.Popen(
            instance.words("--workers", "1"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
            env=instance.environment(),
        )  # fmt: skip
    try:
        error_log = instance.folder / "error.log"
        process_table.wait_until(lambda: "result=served" in error_log.read_text(), "it serves")
        for program in ("checker", "keys", "control"):
            for pid in instance.children(program):
                assert limit_of(pid, "Max file size") == ["unlimited", "unlimited"], program
    finally:
        instance.process.terminate()
        instance.process.wait(20)
        instance.process = None


def test_a_worker_has_nothing_open_but_what_it_was_given(running):
    try:
        names = os.listdir(f"/proc/{running.worker()}/fd")
    except PermissionError:
        pytest.skip("needs root")
    for name in names:
        try:
            target = os.readlink(f"/proc/{running.worker()}/fd/{name}")
        except FileNotFoundError:
            continue  # a connection that ended
        kind = target.split(":")[0]
        assert kind in ("socket", "pipe", "anon_inode", "/memfd", "/dev/null"), target


def sandbox_ends(instance):
    return Metrics(ask(instance, "/metrics")[2].decode()).total("swarmward_sandbox_ends_total")


def number_of(call):
    """By the machine's own header."""
    text = subprocess.run(
        ["gcc", "-E", "-P", "-"], input=f"#include <sys/syscall.h>\nSYS_{call}", capture_output=True, text=True
    ).stdout
    return text.split()[-1]


def inject(pid, call, *arguments):
    done = subprocess.run(
        [str(INJECTOR), str(pid), number_of(call), *map(str, arguments)], capture_output=True, text=True
    )
    if "Operation not permitted" in done.stderr:
        pytest.skip("needs the right to trace")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


AT_FDCWD = (1 << 64) - 100
AF_UNIX, AF_INET, SOCK_STREAM, SOCK_DGRAM = 1, 2, 1, 2

INJECTED = {
    "open a file": ("openat", AT_FDCWD, "/etc/passwd", 0),
    "read a private key": ("openat", AT_FDCWD, "KEY", 0),
    "execute": ("execve", "/bin/sh", 0, 0),
    "make a socket for Docker's": ("socket", AF_UNIX, SOCK_STREAM, 0),
    "make a socket for datagrams": ("socket", AF_INET, SOCK_DGRAM, 0),
    "look into its parent": ("ptrace", 16, 1, 0, 0),
    "make memory executable": ("mmap", 0, 4096, 7, 0x22, (1 << 64) - 1, 0),
    "start a process": ("fork",),
}


@needs_root
@pytest.mark.skipif(not INJECTOR.exists(), reason="the injector is for x86-64")
@pytest.mark.parametrize("what", INJECTED)
def test_a_worker_that_serves_is_ended_when_it_tries_to(running, what):
    call, *arguments = INJECTED[what]
    if "KEY" in arguments:
        key = str(running.authority.folder / "ca.key")
        assert os.access(key, os.R_OK)
        arguments = [key if argument == "KEY" else argument for argument in arguments]
    worker = running.worker()
    assert inject(worker, call, *arguments) == f"refused: {number_of(call)}"
    line = running.log.wait(lambda line: "event=died" in line and f"pid={worker}" in line)
    assert f"signal={int(signal.SIGSYS)}" in line
    assert f"its sandbox ended it: it called {call}" in line
    assert sandbox_ends(running) == 1
    # another one serves
    process_table.wait_until(lambda: running.children("worker") not in ([], [worker]), "a new worker")
    assert running.get().status == 200


@needs_root
@pytest.mark.skipif(not INJECTOR.exists(), reason="the injector is for x86-64")
def test_the_injector_itself_works(running):
    """What a worker may do, it does: the refusals above are the sandbox's."""
    worker = running.worker()
    assert inject(worker, "getpid") == f"returned {worker}"
    assert inject(worker, "socket", AF_INET, SOCK_STREAM, 0).startswith("returned ")
    assert running.get().status == 200
    assert running.worker() == worker


@needs_root
@pytest.mark.skipif(not INJECTOR.exists(), reason="the injector is for x86-64")
@pytest.mark.parametrize(
    "what,call", [("a socket", ("socket", AF_INET, SOCK_STREAM, 0)), ("a file", ("openat", AT_FDCWD, "/etc/passwd", 0))]
)
def test_the_process_of_the_keys_is_ended_when_it_opens(running, what, call):
    """The next one signs."""
    (keys,) = running.children("keys")
    assert inject(keys, *call) == f"refused: {number_of(call[0])}", what
    line = running.log.wait(lambda line: "event=died" in line and f"pid={keys}" in line)
    assert f"signal={int(signal.SIGSYS)}" in line and "its sandbox ended it" in line
    assert running.get().status == 200


O_WRONLY, O_CREAT = 1, 0o100


@needs_root
@pytest.mark.skipif(not INJECTOR.exists(), reason="the injector is for x86-64")
def test_control_writes_where_its_state_is_and_nowhere_else(running):
    line = running.log.wait(lambda line: "swarmward-control " in line and "writes=" in line)
    if "landlock=0" in line:
        pytest.skip("a kernel without Landlock")
    assert f"writes={running.state}" in line
    (control,) = running.children("control")
    # its own user may write in both folders: this is not the file system's doing
    os.chmod(running.folder, 0o1777)

    def opens(path, flags):
        said = inject(control, "openat", AT_FDCWD, str(path), flags, 0o600)
        return int(said.removeprefix("returned "))

    assert opens(running.state / "new", O_WRONLY | O_CREAT) >= 0
    assert opens(running.folder / "new", O_WRONLY | O_CREAT) == -13  # EACCES
    assert opens("/tmp/new-by-control", O_WRONLY | O_CREAT) == -13
    assert opens("/etc/passwd", 0) >= 0
    assert not (running.folder / "new").exists()
    assert running.reload(check=False).returncode == 0
    assert running.get().status == 200


@needs_root
@pytest.mark.skipif(not INJECTOR.exists(), reason="the injector is for x86-64")
def test_control_that_executes_is_ended_and_traffic_goes_on(running):
    (control,) = running.children("control")
    assert inject(control, "execve", "/bin/sh", 0, 0) == f"refused: {number_of('execve')}"
    line = running.log.wait(lambda line: "event=died" in line and f"pid={control}" in line)
    assert "its sandbox ended it: it called execve" in line
    assert running.get().status == 200
