"""What the kernel says about processes."""

import os
import time
from pathlib import Path

from .client import WAIT_SECONDS


def children(pid):
    """(pid, program name) of the children that run; a zombie is none."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in map(int, task.read_text().split()):
                name = program(child)
                if name:
                    found.append((child, name))
        except OSError:
            continue
    return found


def program(pid):
    """Name of the program that runs; None when the process is gone or a zombie. Read from what
    anybody may see: the rest of a process of ours is hidden even from its own user."""
    try:
        words = [os.path.basename(word) for word in Path(f"/proc/{pid}/cmdline").read_text().split("\0")]
    except OSError:
        return None
    if words[0].startswith("valgrind"):  # what it runs comes after its options
        return next((word for word in words if word.startswith("swarmward")), words[0])
    return words[0] or None


def status(pid, name):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return line.split(":", 1)[1].split()
    raise KeyError(name)


def memory_bytes(pid):
    """Memory in use that is not shared with other processes."""
    _, resident, shared, *_ = map(int, Path(f"/proc/{pid}/statm").read_text().split())
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


def descriptors(pid):
    """How many are open; 0 when this user may not see them."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except PermissionError:
        return 0


def cpu_ticks(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def wait_until(question, what):
    """For the few things that the kernel tells nobody about: ask again until it is so."""
    ends = time.monotonic() + WAIT_SECONDS
    while not (answer := question()):
        assert time.monotonic() < ends, f"never happened: {what() if callable(what) else what}"
        time.sleep(0.005)
    return answer
