"""The table of the scenarios: a row is added to the file that SWARM_TABLE names when a scenario has
run. Several processes add to it."""

import os

HEAD = [
    "scenario", "tasks on SIGTERM", "seconds", "requests", "a second", "failed",
    "WebSockets closed: of a stopped task", "of others", "slowest ms", "remark",
]  # fmt: skip


def line(cells):
    return "| " + " | ".join(map(str, cells)) + " |\n"


def head():
    return line(HEAD) + line(["---"] * len(HEAD))


def put(cells):
    print(line(cells))
    path = os.environ.get("SWARM_TABLE")
    if path:
        with open(path, "a") as file:
            file.write(line(cells))


def add(scenario, behaviour, result, stopped, others, note=""):
    put([
        scenario, behaviour, result["seconds"], result["sent"], result["rate"], result["failed"],
        stopped, others, result["slowest_ms"], note,
    ])  # fmt: skip


def add_measure(scenario, note):
    """A scenario without load."""
    put([scenario, *["-"] * (len(HEAD) - 2), note])
