"""What the machine says about a tree of processes: CPU time and memory.

CPU time is read from the CPU clock of each process (clock_gettime on another process): its kernel
and user time and that of its ended threads, in nanoseconds.
"""

import ctypes
import os
import platform
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """Descendants whose parent ends become our children, so that none is ever lost."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def cores():
    """(core of the proxies, core of load and backend): the first two this process may use."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[min(1, len(usable) - 1)]


def cpu_ns(pid):
    """CPU time of a process so far, or None when it is gone."""
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:
        return None


def parents():
    """pid -> parent of every process."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as stat:
                found[int(entry)] = int(stat.read().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
    return found


def descendants(root):
    """All living processes below `root`, without it."""
    children = {}
    for pid, parent in parents().items():
        children.setdefault(parent, []).append(pid)
    found, todo = [], [root]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def pss_bytes(pid):
    """Proportional share of a process in memory; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as rollup:
            for line in rollup:
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return 0


class Tree:
    """A process and everything below it; and what else works for it."""

    def __init__(self, root):
        self.root = root
        self._helpers = []
        self._seen = {}

    def add(self, pid):
        """Another process that belongs to it, such as a command that asks for a reload."""
        self._helpers.append(pid)

    def pids(self):
        return [self.root] + self._helpers + descendants(self.root)

    def living(self):
        """Without those that have ended and were not collected: they keep no memory."""
        return [pid for pid in self.pids() if pss_bytes(pid)]

    def cpu_ns(self):
        """Of all processes ever seen in the tree: what ended counts as when last looked at."""
        for pid in self.pids():
            used = cpu_ns(pid)
            if used is not None:
                self._seen[pid] = used
        return sum(self._seen.values())

    def pss_bytes(self):
        return sum(pss_bytes(pid) for pid in self.pids())


def first_line(*command):
    """The first line a command prints, or "" when it is not there."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = done.stdout.decode(errors="replace").splitlines()
    return lines[0].strip() if lines else ""


def describe():
    """What a reader of results must know about the machine."""
    model = ""
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "openssl": first_line("openssl", "version"),
        "date": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
    }
