"""Every program of swarmward under valgrind's memcheck: with SWARMWARD_VALGRIND=1 (`make valgrind`)."""

import os
import re

ON = bool(os.environ.get("SWARMWARD_VALGRIND"))
SLOWER = 10 if ON else 1  # what waiting is multiplied by

_WORDS = (
    "valgrind", "--quiet", "--trace-children=yes", "--error-exitcode=97", "--leak-check=full",
    "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite", "--num-callers=20", "--vgdb=no",
    "--read-inline-info=no",  # half of what a start takes
)  # fmt: skip
_REPORT = re.compile(r"^==\d+== ")


def words():
    """What stands before the program; nothing when valgrind is off."""
    return list(_WORDS) if ON else []


def reports(text):
    """The lines that valgrind wrote into a standard error: none, when it found nothing."""
    return [line for line in text.splitlines() if _REPORT.match(line)] if ON else []


def scaled(seconds):
    return seconds * SLOWER


# What says nothing under valgrind, or nothing about swarmward, and why: a whole scenario, or what has a fixture.
SKIPPED = {
    "test_sandbox": "valgrind makes system calls of its own, so there is no sandbox",
    "test_hardening": "looks at how the programs were compiled, which is not done for valgrind",
    "test_many_reloads": "counts memory, and valgrind has more of it than swarmward",
    "released": "counts memory or descriptors of the release build",
}


def reason_to_skip(scenario, fixtures):
    """None: it runs."""
    found = [SKIPPED[name] for name in (scenario, *fixtures) if name in SKIPPED]
    return found[0] if ON and found else None
