"""The first process of a node, in fresh mount, PID, UTS and IPC namespaces and the node's network:
gives the node its own /sys, /run, /etc/docker and /var/lib/docker, runs dockerd, starts it again when
it ends, and reaps orphans. SIGTERM ends dockerd and then the node; the death of this process is the
node's power cut.

    node_init.py FOLDER NAME CGROUP [DOCKERD OPTION...]
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def mount(*words):
    subprocess.run(["mount", *map(str, words)], check=True)


def prepare(folder, name):
    subprocess.run(["hostname", name], check=True)
    # /sys must show this node's network; the tree of control groups is kept from the old one.
    kept = folder / "cgroup"
    mount("--rbind", "/sys/fs/cgroup", kept)
    mount("-t", "sysfs", "sysfs", "/sys")
    mount("--rbind", kept, "/sys/fs/cgroup")
    subprocess.run(["umount", "-R", "-l", str(kept)], check=True)
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    for own in ("/run/lock", "/etc/docker", "/var/lib/docker"):
        Path(own).mkdir(parents=True, exist_ok=True)
    for own in ("etc/docker", "var/lib/docker"):
        mount("--bind", folder / own, f"/{own}")
    for own in ("etc/resolv.conf", "etc/hosts"):
        if Path(f"/{own}").exists():
            mount("--bind", folder / own, f"/{own}")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def dockerd(folder, cgroup, options):
    (folder / "docker.sock").unlink(missing_ok=True)
    Path("/run/docker.pid").unlink(missing_ok=True)
    log = open(folder / "dockerd.log", "ab")
    words = [
        "dockerd", "--data-root", "/var/lib/docker", "--exec-root", "/run/docker",
        "--pidfile", "/run/docker.pid", "--cgroup-parent", cgroup, "--shutdown-timeout", "5",
        "-H", f"unix://{folder}/docker.sock", "-H", "unix:///run/docker.sock", *options,
    ]  # fmt: skip
    return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def main():
    folder, name, cgroup, options = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
    ending = False
    daemon = None

    def end(*_):
        nonlocal ending
        ending = True
        if daemon:
            daemon.terminate()

    signal.signal(signal.SIGTERM, end)
    prepare(folder, name)
    while not ending:
        daemon = dockerd(folder, cgroup, options)
        (folder / "dockerd.pid").write_text(str(daemon.pid))  # in the node's own numbers
        while True:
            try:
                pid, status = os.wait()
            except ChildProcessError:
                break
            if pid == daemon.pid:
                daemon.returncode = status
                break
        time.sleep(0.2)  # a dockerd that cannot start must not eat the machine


main()
