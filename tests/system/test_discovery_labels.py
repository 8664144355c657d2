"""What goes on being served while control does not know the swarm, or while the labels of a service are
wrong: a new control, another Engine, mistakes of all kinds."""

import os
import signal

import pytest
from lab.backends import says
from lab.process_table import wait_until
from test_discovery import NOBODY, engine, labels, sections, swarm, unverified  # noqa: F401 (fixtures)

WAITING = "waiting for the swarm; the mapping of before is served"


def serves(live, host, body):
    """Whoever asks gets this, also after everything that was under way is over."""
    return all(live.body(host) == body for _ in range(20))


def is_live(live):
    wait_until(lambda: live.docker()["link"] == "live", "the link is live")


def lose_engine(live):
    live.engine.refuse(True)
    wait_until(lambda: live.docker()["link"] == "lost", "it is noticed")


def next_control(live):
    (control,) = live.instance.children("control")
    os.kill(control, signal.SIGKILL)
    wait_until(lambda: live.instance.children("control") not in ([], [control]), "the next one")


# --- a control that does not know the swarm ----------------------------------------------------------


@pytest.mark.parametrize("snapshot", ["", None], ids=["without_a_table", "before_the_table_is_written"])
def test_a_new_control_loses_no_route_while_the_engine_is_down(swarm, engine, backend, snapshot):  # noqa: F811
    live = swarm(**({} if snapshot is None else {"docker": {"snapshot": snapshot}}))
    web = live.add("web", "a.test", backend(says("one")))
    live.settles("a.test", b"one")
    lose_engine(live)
    next_control(live)
    wait_until(lambda: live.docker()["problem"].startswith(WAITING), "it says what it waits for")
    live.instance.log.wait(lambda line: "event=swarm_unknown first_lost=a.test/" in line)
    assert serves(live, "a.test", b"one")
    engine.refuse(False)
    live.tasks(web, backend(says("two")))
    live.settles("a.test", b"two")
    assert WAITING not in live.docker()["problem"]


def test_a_new_control_loses_no_route_while_the_engine_hangs(swarm, engine, backend):  # noqa: F811
    live = swarm()
    live.add("old", "old.test", backend(says("old")))
    live.settles("old.test", b"old")
    table = live.instance.state / "table.json"
    wait_until(lambda: table.exists() and "old.test" in table.read_text(), "one is in the table")
    live.add("new", "new.test", backend(says("new")))
    live.settles("new.test", b"new")
    engine.fault("*", "silence")
    next_control(live)
    wait_until(lambda: live.docker()["problem"].startswith(WAITING), "it says what it waits for")
    assert serves(live, "old.test", b"old") and serves(live, "new.test", b"new")


def test_a_new_control_believes_the_engine_that_a_service_is_gone(swarm, engine, backend):  # noqa: F811
    live = swarm()
    web = live.add("web", "a.test", backend(says("one")))
    live.add("other", "b.test", backend(says("other")))
    live.settles("a.test", b"one")
    live.settles("b.test", b"other")
    lose_engine(live)
    next_control(live)
    engine.remove_service(web)
    engine.refuse(False)
    wait_until(lambda: live.body("a.test") is None, "it is gone")
    assert serves(live, "b.test", b"other")


def with_docker(live, **docker):
    live.instance.write(**sections(live.engine, live.instance, docker=docker))
    return live.instance.reload(check=False)


def test_a_file_with_other_settings_of_docker_loses_no_route(swarm, engine, backend):  # noqa: F811
    live = swarm(docker={"snapshot": ""})
    web = live.add("web", "a.test", backend(says("one")))
    live.settles("a.test", b"one")
    lose_engine(live)
    assert with_docker(live, snapshot="", lease="13s").returncode == 0
    assert live.docker()["problem"].startswith(WAITING) and serves(live, "a.test", b"one")
    assert with_docker(live, snapshot="", lease="14s").returncode == 0  # and once more
    assert live.docker()["problem"].startswith(WAITING) and serves(live, "a.test", b"one")
    engine.refuse(False)
    live.tasks(web, backend(says("two")))
    live.settles("a.test", b"two")


def test_a_file_that_would_lose_routes_of_a_swarm_that_nobody_knows_is_refused(swarm, engine, backend):  # noqa: F811
    live = swarm(docker={"snapshot": ""})
    live.add("web", "a.test", backend(says("one")))
    live.settles("a.test", b"one")
    lose_engine(live)
    next_control(live)
    wait_until(lambda: live.docker()["problem"].startswith(WAITING), "it waits")
    answer = with_docker(live, snapshot="", lease="13s")
    assert answer.returncode != 0 and "a.test/, which is served, would be lost" in answer.stderr
    assert serves(live, "a.test", b"one")
    engine.refuse(False)
    is_live(live)
    assert with_docker(live, snapshot="", lease="13s").returncode == 0
    assert serves(live, "a.test", b"one")
