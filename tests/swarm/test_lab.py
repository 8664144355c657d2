"""The lab leaves nothing behind: not when its run is told to end, and the next run removes what a
killed one has left."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from lab.node import is_gone
from lab.shell import run, wait_until
from lab.swarm import Lab

RUN = """
import sys, time
sys.path.insert(0, {folder!r})
from lab.swarm import Lab
lab = Lab().up(1)
print(lab.folder, lab.nodes[1].pid, flush=True)
time.sleep(600)
"""


def hear_signals():
    """Under nohup SIGHUP is ignored by whatever is started, behind a shell's & SIGINT is, and the lab leaves it at that."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def other_run():
    """(process, folder of its lab, first process of its node)"""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN.format(folder=str(Path(__file__).parent))],
        stdout=subprocess.PIPE, text=True, preexec_fn=hear_signals,
    )  # fmt: skip
    folder, pid = process.stdout.readline().split()
    yield process, Path(folder), int(pid)
    process.kill()
    process.wait()


def left_of(folder):
    names = [line.split()[0] for line in run("ip", "netns", "list").splitlines()]
    left = [name for name in names if name.startswith(f"{folder.name}-")]
    left += [str(path) for path in [folder] if path.exists()]
    left += [line for line in Path("/proc/self/mounts").read_text().splitlines() if f" {folder}/" in line]
    left += [str(group) for group in Path("/sys/fs/cgroup").glob(f"**/{folder.name}-n*")]
    return left


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_run_that_is_told_to_end_removes_its_lab(other_run, number):
    process, folder, pid = other_run
    process.send_signal(number)
    process.wait(60)
    wait_until(lambda: is_gone(pid), "the node is gone", 10)
    assert left_of(folder) == []


def test_the_next_run_removes_what_a_killed_one_has_left(other_run):
    process, folder, pid = other_run
    process.kill()
    process.wait()
    assert left_of(folder)
    labs = []
    try:
        while not labs or labs[-1].folder != folder:  # the lowest number that is free
            labs.append(Lab())
        wait_until(lambda: is_gone(pid), "the node is gone", 10)
        assert left_of(folder) == []
    finally:
        for lab in labs:
            lab.down()
    assert not os.path.exists(folder)
