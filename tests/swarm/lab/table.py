"""The table of the scenarios: one row for each that ran. SWARM_TABLE names the file it goes to."""

import os
from pathlib import Path

HEAD = ["scenario", "tasks on SIGTERM", "seconds", "requests", "a second", "failed", "WebSockets closed: of a stopped task",
        "of others", "slowest ms", "remark"]  # fmt: skip
rows = []


def add(scenario, behaviour, result, stopped, others, note=""):
    rows.append([
        scenario, behaviour, result["seconds"], result["sent"], result["rate"], result["failed"],
        stopped, others, result["slowest_ms"], note,
    ])  # fmt: skip


def add_measure(scenario, note):
    """A scenario without load."""
    rows.append([scenario, *["-"] * (len(HEAD) - 2), note])


def text():
    lines = [HEAD, ["---"] * len(HEAD), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def write():
    path = os.environ.get("SWARM_TABLE")
    if rows:
        print("\n" + text())
        if path:
            Path(path).write_text(text())
