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
    """File name of the executable; None when the process is gone."""
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return None


def status(pid, name):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return line.split(":", 1)[1].split()
    raise KeyError(name)


def memory_bytes(pid):
    """Memory that this process alone is the reason for (private, as the kernel counts it)."""
    total = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(("Private_Clean:", "Private_Dirty:")):
            total += int(line.split()[1]) * 1024
    return total


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def cpu_ticks(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def wait_until(question, what):
    """For the few things that the kernel tells nobody about: ask again until it is so."""
    ends = time.monotonic() + WAIT_SECONDS
    while not (answer := question()):
        assert time.monotonic() < ends, f"never happened: {what}"
        time.sleep(0.005)
    return answer
