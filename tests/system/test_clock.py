"""The wall clock is set while swarmward runs: dates follow it; routes, leases and ejections do not care."""

import calendar
import os
import shutil
import struct
import tempfile
import time
from pathlib import Path

import pytest
from lab.backends import says
from lab.process_table import wait_until
from lab.swarmward import SANITIZED
from test_discovery import engine, swarm, unverified  # noqa: F401 (fixtures)
from test_ejection import endpoint

DAY = 24 * 3600


class Clock:
    """What the programs take for the wall clock. In a folder that an ordinary user may look into, as
    those that pytest makes are not."""

    def __init__(self, folder):
        self.folder = Path(folder)
        os.chmod(self.folder, 0o755)
        self.module = shutil.copy(SANITIZED / "tests/system/clock/jumping-clock.so", self.folder)
        self.file = self.folder / "ahead"
        self.file.write_bytes(struct.pack("q", 0))

    def jump(self, seconds):
        with open(self.file, "r+b") as file:
            file.write(struct.pack("q", seconds))


@pytest.fixture
def clock(swarmward):
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        made = Clock(folder)
        swarmward.variables = {
            "LD_PRELOAD": made.module,
            "JUMPING_CLOCK": str(made.file),
            "ASAN_OPTIONS": swarmward.environment()["ASAN_OPTIONS"] + ":verify_asan_link_order=0",
        }
        yield made


@pytest.fixture
def halves(swarm, engine, backend):  # noqa: F811
    """halves(...) -> (swarmward, the half of the service that does not listen yet and is ejected)"""

    def begin(base_ejection, **docker):
        back = backend(says("back"), accepting=False)
        outlier = {"base_ejection": base_ejection, "max_ejection": base_ejection}
        live = swarm(docker=docker, defaults={"outlier": outlier})
        live.add("web", "a.test", back, backend(says("other")), balance="round_robin")
        live.settles("a.test", b"other")
        for _ in range(4):
            assert live.body("a.test") == b"other"
        return live, back

    return begin


def logged_ahead(live):
    """By how many seconds the access log's clock is ahead."""
    assert live.instance.get("/what-is-the-time", host="a.test").status == 200
    said = live.instance.exchange(lambda line: line.get("path") == "/what-is-the-time")["time"]
    return calendar.timegm(time.strptime(said[:19], "%Y-%m-%dT%H:%M:%S")) - time.time()


def test_a_day_ahead_ends_no_ejection_and_no_lease(clock, halves):
    live, back = halves("1h", lease="1h")
    assert endpoint(live.instance, back.at)["state"] == "ejected"
    live.engine.refuse(True)
    wait_until(lambda: live.docker()["link"] == "lost", "the API is lost")
    back.listen()
    clock.jump(DAY)
    assert abs(logged_ahead(live) - DAY) < 60
    errors = live.docker()["api_errors"]
    wait_until(lambda: live.docker()["api_errors"] > errors, "control has been at work since")
    for _ in range(10):
        assert live.body("a.test") == b"other"
    assert endpoint(live.instance, back.at)["state"] == "ejected"
    assert not live.docker()["stale"]


def test_a_day_back_delays_no_ejections_end_and_no_leases(clock, halves):
    live, back = halves("1s", lease="11s")
    clock.jump(-DAY)
    assert abs(logged_ahead(live) + DAY) < 60
    back.listen()
    wait_until(lambda: live.body("a.test") == b"back", "the endpoint is asked again")
    live.engine.refuse(True)
    wait_until(lambda: live.docker()["stale"], "nobody has confirmed anything for a lease")
    assert {live.body("a.test") for _ in range(10)} == {b"back", b"other"}
