"""Starting and ending processes. Everything started here is ended by end_all(), by its pid."""

import os
import signal
import socket
import subprocess
import time

from . import machine

_started = []


def start(command, core, log_path, **options):
    """Start `command` on one core; what it prints goes to `log_path` unless options say else."""
    with open(log_path, "ab") as log:
        options.setdefault("stdout", log)
        options.setdefault("stderr", log)
        options.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen(["taskset", "-c", str(core), *command], **options)
    _started.append(process)
    return process


def gone(pid):
    """Has the process ended? Collects it when it is our child."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return not os.path.exists(f"/proc/{pid}")


def _send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def end(process, patience_s=5.0):
    """End a process and everything below it: politely, then not."""
    pids = machine.Tree(process.pid).pids()
    if process.poll() is None:
        _send(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        process.poll()
        if all(gone(pid) for pid in pids):
            break
        time.sleep(0.01)
    for pid in pids:
        if not gone(pid):
            _send(pid, signal.SIGKILL)
    process.wait()
    if process in _started:
        _started.remove(process)


def end_all():
    """End all that was started, and what it left behind."""
    for process in list(_started):
        end(process, 0.5)
    for pid in machine.descendants(os.getpid()):
        _send(pid, signal.SIGKILL)


def free_ports(count):
    """Ports of 127.0.0.1 that nobody listens on now."""
    sockets = []
    for _ in range(count):
        one = socket.socket()
        one.bind(("127.0.0.1", 0))
        sockets.append(one)
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def listens(port, deadline):
    """Does somebody accept on that port of 127.0.0.1, at the latest at the deadline (monotonic)?"""
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.02)
    return False


def tail(path, lines=15):
    """The end of a log, for messages."""
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-lines:])
    except OSError:
        return ""
