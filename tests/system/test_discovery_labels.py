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


# --- the last good labels ----------------------------------------------------------------------------


def spoil(live, service, domain="a.test"):
    live.engine.update(service, labels(domain, nonsense="1"))
    wait_until(lambda: "web" in live.quarantined(), "it is quarantined")


def test_the_last_good_labels_survive_control(swarm, backend):  # noqa: F811
    live = swarm()
    web = live.add("web", "a.test", backend(says("one")))
    live.settles("a.test", b"one")
    spoil(live, web)
    next_control(live)
    wait_until(lambda: "web" in live.quarantined(), "the next one sees it too")
    assert live.quarantined()["web"]["last_good"] and serves(live, "a.test", b"one")
    live.tasks(web, backend(says("two")))  # with the tasks of now
    live.settles("a.test", b"two")
    live.engine.update(web, labels("b.test"))
    live.settles("b.test", b"two")
    assert live.body("a.test") is None and live.quarantined() == {}


@pytest.mark.parametrize("engine_is_up", [True, False])
def test_the_last_good_labels_survive_a_restart(swarm, engine, backend, engine_is_up):  # noqa: F811
    live = swarm()
    web = live.add("web", "a.test", backend(says("x")))
    live.settles("a.test", b"x")
    spoil(live, web)
    kept = live.instance.state / "table.json.labels"
    assert kept.stat().st_mode & 0o777 == 0o600
    table = live.instance.state / "table.json"
    wait_until(lambda: table.exists() and "nonsense" in table.read_text(), "the table has the bad ones")
    live.instance.stop()
    engine.refuse(not engine_is_up)
    live.instance.start("--dev", "--workers", "1")
    assert live.quarantined()["web"]["last_good"] and serves(live, "a.test", b"x")
    engine.refuse(False)
    is_live(live)
    assert live.quarantined()["web"]["last_good"] and serves(live, "a.test", b"x")
    engine.update(web, labels("a.test"))
    wait_until(lambda: live.quarantined() == {}, "it is mended")
    wait_until(lambda: "a.test" not in kept.read_text(), "nothing need be kept any more")


@pytest.mark.parametrize("kept", ["", "[]", '{"format":1,"services":[{"id":1}]}', "\0" * 100])
def test_kept_labels_that_cannot_be_read_are_said_and_harm_nobody(swarm, swarmward, backend, kept):  # noqa: F811
    swarmward.state.mkdir(mode=0o700)
    (swarmward.state / "table.json.labels").write_text(kept)
    if os.geteuid() == 0:
        for path in (swarmward.state, swarmward.state / "table.json.labels"):
            os.chown(path, NOBODY, NOBODY)
    live = swarm()
    live.add("web", "a.test", backend(says("x")))
    live.settles("a.test", b"x")
    live.instance.log.wait(lambda line: "event=good_labels" in line)


# --- mistakes in labels ------------------------------------------------------------------------------

SLIPS = {
    "enable": {"swarmward.enable": "yes"},
    "network": {"swarmward.network": "typo"},
    "port": {"swarmward.port": ""},
}


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS)
def test_a_slip_on_a_live_service_takes_nothing_away(swarm, backend, slip):  # noqa: F811
    live = swarm()
    web = live.add("web", "a.test", backend(says("one")))
    live.settles("a.test", b"one")
    live.engine.update(web, {**labels("a.test"), **slip})
    wait_until(lambda: "web" in live.quarantined(), "it is quarantined")
    assert live.quarantined()["web"]["last_good"] and serves(live, "a.test", b"one")
    live.instance.log.wait(lambda line: "event=quarantine service=web last_good=served" in line)
    live.tasks(web, backend(says("two")))
    live.settles("a.test", b"two")


def test_false_is_no_slip(swarm, backend):  # noqa: F811
    live = swarm()
    web = live.add("web", "a.test", backend(says("x")))
    live.settles("a.test", b"x")
    live.engine.update(web, {**labels("a.test"), "swarmward.enable": "false"})
    wait_until(lambda: live.body("a.test") is None, "it is gone")
    assert live.quarantined() == {}


def test_a_wildcard_does_not_go_round_the_owners(swarm, backend):  # noqa: F811
    live = swarm(
        policy={
            "backend_encryption": "overlay", "exception": "", "default_owner": "allow",
            "owners": [{"domain": "portal.a.test", "stacks": ["portal"]}],
        }
    )  # fmt: skip
    live.add("thief", "*.a.test", backend(says("thief")))
    wait_until(lambda: "thief" in live.quarantined(), "it is quarantined")
    assert "portal.a.test (beneath *.a.test)" in live.quarantined()["thief"]["reason"]
    assert live.body("portal.a.test") is None


@pytest.mark.parametrize("host", ["b.test", "r.test", "one.w.test"])
def test_explain_finds_every_claim_that_is_quarantined(swarm, backend, host):  # noqa: F811
    live = swarm()
    live.add("bad", "B.Test,*.w.test", backend(), nonsense="1", **{"routes.x.host": "r.test"})
    wait_until(lambda: "bad" in live.quarantined(), "it is quarantined")
    said = live.instance.ask("explain", f"https://{host}/", check=False).stdout
    assert "quarantined" in said and "nonsense" in said


@pytest.mark.parametrize("restart", [True, False], ids=["a_restart", "a_new_control"])
def test_labels_that_become_wrong_while_no_control_looks_leave_those_of_the_table(swarm, engine, backend, restart):  # noqa: F811
    live = swarm()
    web = live.add("web", "a.test", backend(says("x")))
    live.settles("a.test", b"x")
    table = live.instance.state / "table.json"
    wait_until(lambda: table.exists() and "a.test" in table.read_text(), "it is in the table")
    if restart:
        live.instance.stop()
    else:
        lose_engine(live)
    engine.update(web, labels("a.test", nonsense="1"))
    if restart:
        live.instance.start("--dev", "--workers", "1")
    else:
        next_control(live)
        engine.refuse(False)
    wait_until(lambda: "web" in live.quarantined(), "it is quarantined")
    assert live.quarantined()["web"]["last_good"] and serves(live, "a.test", b"x")
