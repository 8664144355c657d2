"""Services of a (fake) Engine, followed live: what comes, goes, is wrong, and what happens when the
Engine fails. The same against a real Docker Swarm is in tests/swarm."""

import json
import os
import signal
import ssl
import threading

import pytest
from lab import addresses, messages, process_table
from lab.backends import says
from lab.docker_api import FAULTS, FakeEngine
from lab.process_table import wait_until

NOBODY = 65534
QUIET_DNS = "127.0.0.1:1"  # nobody answers there: the Engine alone is believed


def labels(domain, **more):
    return {
        "swarmward.enable": "true",
        "swarmward.domain": domain,
        "swarmward.port": str(addresses.BACKEND_PORT),
        **{f"swarmward.{key}": value for key, value in more.items()},
    }


class Swarm:
    """An instance that follows a fake Engine; tasks are backends on loopback addresses."""

    def __init__(self, instance, engine, network):
        self.instance, self.engine, self.network = instance, engine, network

    def add(self, name, domain, *backends, **more):
        service = self.engine.add_service(name, labels(domain, **more), [self.network])
        self.tasks(service, *backends)
        return service

    def tasks(self, service, *backends):
        self.engine.set_tasks(service, [backend.host for backend in backends])
        self.engine.update(service)

    def body(self, host):
        """What is answered, or None while nothing is."""
        try:
            answer = self.instance.get(host=host)
        except OSError:
            return None
        return answer.body if answer.status == 200 else None

    def settles(self, host, wanted):
        wait_until(lambda: self.body(host) == wanted, f"{host} answers {wanted}")

    def docker(self):
        return self.instance.status()["docker"]

    def quarantined(self):
        return {one["service"]: one for one in self.instance.status()["quarantined"]}


@pytest.fixture
def engine(tmp_path):
    made = FakeEngine(tmp_path / "docker.sock")
    yield made
    made.close()


def sections(engine, instance, docker=None, **more):
    return {
        "domains": {},
        "docker": {
            "endpoint": f"unix://{engine.path}", "networks": ["front"], "dns_server": QUIET_DNS,
            "snapshot": str(instance.state / "table.json"), "resync_interval": "5s", "lease": "11s",
            **(docker or {}),
        },
        "policy": {"backend_encryption": "overlay", "exception": "", "default_owner": "allow"},
        **more,
    }  # fmt: skip


@pytest.fixture
def swarm(swarmward, engine):
    network = engine.add_network("front", encrypted=True, subnet="127.0.0.0/8")

    def begin(**more):
        swarmward.write(**sections(engine, swarmward, **more))
        swarmward.start("--dev", "--workers", "1")
        return Swarm(swarmward, engine, network)

    return begin


@pytest.fixture(autouse=True)
def unverified(swarmward):
    """Certificates of --dev come from a CA of its own."""
    swarmward.context = ssl._create_unverified_context()


def test_a_service_comes_changes_and_goes(swarm, backend):
    one, two = backend(says("one")), backend(says("two"))
    live = swarm()
    service = live.add("web", "a.test", one)
    live.settles("a.test", b"one")
    live.tasks(service, two)
    live.settles("a.test", b"two")
    live.engine.update(service, labels("b.test"))
    live.settles("b.test", b"two")
    assert live.body("a.test") is None
    live.engine.remove_service(service)
    wait_until(lambda: live.body("b.test") is None, "it is gone")


def test_tasks_are_endpoints_and_leave_without_a_lost_request(swarm, backend):
    one, two = backend(says("x")), backend(says("x"))
    live = swarm(limits={"keepalive": {"requests": 1000000}})
    service = live.add("web", "a.test", one, two)
    live.settles("a.test", b"x")
    stop, failed = threading.Event(), []

    def load():
        with live.instance.client(host="a.test") as client:
            try:
                while not stop.is_set():
                    if client.ask(host="a.test").status != 200:
                        failed.append("status")
            except Exception as error:
                failed.append(error)

    thread = threading.Thread(target=load)
    thread.start()
    for servers in [(one,), (one, two), (two,), (one, two)] * 3:
        before = live.docker()["api_requests"]
        live.tasks(service, *servers)
        wait_until(
            lambda wanted=len(servers): len(live.instance.status()["services"][0]["endpoints"]) == wanted,
            "the endpoints",
        )
        assert live.docker()["api_requests"] > before
    stop.set()
    thread.join(20)
    assert not failed


def test_a_task_that_shall_stop_gets_no_new_request(swarm, backend):
    one, two = backend(says("one")), backend(says("two"))
    live = swarm()
    service = live.add("web", "a.test", one, two)
    live.settles("a.test", b"one")
    tasks = live.engine.tasks_of[service]
    live.engine.set_task_state(tasks[0], "running", "shutdown")
    live.engine.update(service, state="updating")
    wait_until(lambda: {live.body("a.test") for _ in range(8)} == {b"two"}, "only two is asked")


def test_a_bad_label_keeps_the_last_good_state_and_disturbs_nobody(swarm, backend):
    live = swarm()
    web = live.add("web", "a.test", backend(says("web")))
    live.add("other", "b.test", backend(says("other")))
    live.settles("a.test", b"web")
    live.settles("b.test", b"other")
    live.engine.update(web, {**labels("a.test"), "swarmward.nonsense": "1"})
    wait_until(lambda: "web" in live.quarantined(), "it is quarantined")
    assert "nonsense" in live.quarantined()["web"]["reason"] and live.quarantined()["web"]["last_good"]
    assert (live.body("a.test"), live.body("b.test")) == (b"web", b"other")
    live.instance.log.wait(lambda line: "event=quarantine service=web" in line)
    live.engine.update(web, labels("c.test"))
    live.settles("c.test", b"web")
    assert live.quarantined() == {}


def test_explain_says_why_a_claim_is_quarantined(swarm, backend):
    live = swarm()
    live.add("web", "a.test", backend(), port="none")
    wait_until(lambda: "web" in live.quarantined(), "it is quarantined")
    said = live.instance.ask("explain", "https://a.test/").stdout
    assert "quarantined" in said and "swarmward.port" in said


def test_a_service_may_be_renamed(swarm, backend):
    live = swarm()
    service = live.add("web", "a.test", backend(says("x")))
    live.settles("a.test", b"x")
    live.engine.update(service, name="portal")
    wait_until(lambda: live.instance.status()["swarm_services"][0]["name"] == "portal", "the new name")
    live.settles("a.test", b"x")


def test_the_gate_closes_with_a_network_that_is_not_encrypted(swarm, engine, backend):
    live = swarm(docker={"networks": ["front", "plain"]})
    plain = engine.add_network("plain", subnet="10.9.0.0/24")
    app = backend(says("x"))
    service = engine.add_service("web", labels("a.test"), [plain])
    engine.set_tasks(service, [app.host])
    engine.update(service)
    wait_until(lambda: [s for s in live.instance.status()["services"] if s["refusal"]], "it is refused")
    answer = live.instance.get(host="a.test")
    assert answer.status == 503 and b"backend_not_encrypted" in answer.body
    live.instance.log.wait(lambda line: "event=audit" in line and "backend_not_encrypted" in line)
    assert "plain is not encrypted" in live.instance.ask("explain", "https://a.test/").stdout
    assert app.asked() == 0


def test_the_gate_closes_with_an_old_engine_and_opens_again(swarm, engine, backend):
    live = swarm()
    live.add("web", "a.test", backend(says("x")))
    live.settles("a.test", b"x")
    node = next(iter(engine.nodes))
    engine.set_node(node, engine="20.10.5")
    wait_until(lambda: live.instance.get(host="a.test").status == 503, "the gate is closed")
    assert "20.10.5" in live.instance.ask("explain", "https://a.test/").stdout
    engine.set_node(node, engine="20.10.24+dfsg1")
    live.settles("a.test", b"x")


def test_a_network_that_vanishes_is_a_503_and_the_route_stays(swarm, engine, backend):
    engine.add_network("ingress", subnet="10.0.0.0/24", Ingress=True)  # no Engine lists none at all
    live = swarm()
    live.add("web", "a.test", backend(says("x")))
    live.settles("a.test", b"x")
    engine.remove_network(live.network)
    wait_until(lambda: live.instance.get(host="a.test").status == 503, "it is refused")
    assert b"service_network" in live.instance.get(host="a.test").body


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_whatever_the_engine_does_no_route_is_lost(swarm, engine, backend, fault):
    live = swarm()
    service = live.add("web", "a.test", backend(says("one")))
    live.settles("a.test", b"one")
    engine.fault("*", fault)
    engine.drop_event_streams()
    if fault not in ("slow", "silence"):
        wait_until(lambda: live.docker()["link"] == "lost", "it is noticed")
        assert live.docker()["problem"]
    for _ in range(20):
        assert live.body("a.test") == b"one"
    engine.fault("*", None)
    live.tasks(service, backend(says("two")))
    live.settles("a.test", b"two")


def test_a_connection_that_breaks_is_made_again_and_everything_listed(swarm, engine, backend):
    live = swarm()
    service = live.add("web", "a.test", backend(says("one")))
    live.settles("a.test", b"one")
    engine.refuse(True)
    wait_until(lambda: live.docker()["link"] == "lost", "it is noticed")
    engine.set_tasks(service, [backend(says("two")).host])  # no event reaches anybody
    engine.refuse(False)
    live.settles("a.test", b"two")


def test_events_between_subscription_and_list_are_not_lost(swarm, engine, backend):
    live = swarm()
    engine.fault("/services", "slow")
    engine.drop_event_streams()
    live.add("web", "a.test", backend(says("x")))
    live.settles("a.test", b"x")


def test_a_cold_start_without_an_engine_serves_the_table_and_says_stale(swarm, engine, backend):
    live = swarm()
    live.add("web", "a.test", backend(says("x")))
    live.settles("a.test", b"x")
    table = live.instance.state / "table.json"
    wait_until(table.exists, "the table is on disk")
    wait_until(lambda: "web" in table.read_text(), "the service is in it")
    assert "SECRET" not in table.read_text()
    live.instance.stop()
    engine.refuse(True)
    live.instance.start("--dev", "--workers", "1")
    assert live.body("a.test") == b"x"
    assert live.docker()["stale"] is True
    assert "stale" in live.instance.ask("healthcheck").stdout
    engine.refuse(False)
    wait_until(lambda: live.docker()["stale"] is False, "it is confirmed")
    assert live.body("a.test") == b"x"


@pytest.mark.parametrize("table", ["", "{", "[]", '{"format":2}', '{"format":1,"services":[{}]}', "\0" * 100])
def test_a_table_that_cannot_be_read_is_no_reason_not_to_start(swarm, engine, swarmward, backend, table):
    swarmward.state.mkdir(mode=0o700)
    (swarmward.state / "table.json").write_text(table)
    if os.geteuid() == 0:
        for path in (swarmward.state, swarmward.state / "table.json"):
            os.chown(path, NOBODY, NOBODY)
    live = swarm()
    live.add("web", "a.test", backend(says("x")))
    live.settles("a.test", b"x")


def test_a_killed_control_goes_on_following(swarm, engine, backend):
    live = swarm()
    service = live.add("web", "a.test", backend(says("one")))
    live.settles("a.test", b"one")
    live.instance.file.write_text("not: [a file")  # what is being edited is not asked for
    (control,) = live.instance.children("control")
    os.kill(control, signal.SIGKILL)
    wait_until(lambda: live.instance.children("control") not in ([], [control]), "the next one")
    live.tasks(service, backend(says("two")))
    live.settles("a.test", b"two")


def test_an_engine_that_is_no_manager_is_said(swarm, engine):
    engine.info["Swarm"]["ControlAvailable"] = False
    live = swarm()
    wait_until(lambda: "no manager" in live.docker()["problem"], "the reason")


def test_versions_without_overlap_are_said(swarm, engine):
    engine.version.update(ApiVersion="1.60", MinAPIVersion="1.58")
    live = swarm()
    wait_until(lambda: "1.58 to 1.60" in live.docker()["problem"], "the reason")


def test_the_spoken_version_is_the_highest_in_common(swarm, engine):
    live = swarm()
    wait_until(lambda: live.docker()["link"] == "live", "the link")
    assert live.docker()["api_version"] == "1.52"
    assert all(not path.startswith("/v1") for path, _ in engine.queries)


def test_services_without_labels_cost_nothing(swarm, engine):
    live = swarm()
    plain = engine.add_service("plain", {}, [live.network])
    engine.set_tasks(plain, ["127.0.0.9"])
    wait_until(lambda: live.docker()["link"] == "live", "the link")
    before = engine.counts["/tasks"]
    for _ in range(50):
        engine.crash_task(plain)
    engine.update(plain)
    wait_until(lambda: any(q == {"id": [plain]} for _, q in engine.queries), "the event was seen")
    assert engine.counts["/tasks"] == before
    assert not [q for p, q in engine.queries if p == "/tasks" and plain in q.get("service", [])]


def test_a_flapping_service_is_not_chased(swarm, engine):
    live = swarm()
    plain = engine.add_service("plain", {}, [live.network])
    wait_until(lambda: live.docker()["link"] == "live", "the link")
    for _ in range(200):
        engine.update(plain)
    other = engine.add_service("last", {}, [live.network])
    wait_until(lambda: any(q == {"id": [other]} for _, q in engine.queries), "all events were seen")
    assert len([q for p, q in engine.queries if q == {"id": [plain]}]) < 10


def test_the_file_names_services_and_wins_over_labels(swarm, backend):
    file_port = addresses.BACKEND_PORT
    live = swarm(domains={"a.test": f"web:{file_port}", "b.test": "web"})
    assert live.instance.get(host="a.test").status == 503  # it is not there yet
    live.add("web", "b.test", backend(says("x")), max_body="1KiB")
    live.settles("a.test", b"x")
    live.settles("b.test", b"x")  # with the port of the label
    assert live.instance.get(method="POST", host="a.test", body=b"x" * 2000).status == 413


def test_owners_are_asked(swarm, backend):
    live = swarm(
        policy={
            "backend_encryption": "overlay", "exception": "", "default_owner": "deny",
            "owners": [{"domain": "a.test", "stacks": ["portal"]}],
        }
    )  # fmt: skip
    app = backend(says("x"))
    mine = {**labels("a.test"), "com.docker.stack.namespace": "portal"}
    service = live.engine.add_service("portal_web", mine, [live.network])
    live.tasks(service, app)
    live.settles("a.test", b"x")
    live.add("thief", "b.test", app)
    wait_until(lambda: "thief" in live.quarantined(), "it is quarantined")
    assert "policy.owners" in live.quarantined()["thief"]["reason"]


HOSTILE = [
    {"swarmward.domain": "a" * 5000},
    {"swarmward.domain": "a.test\r\nX: y"},
    {"swarmward.domain": "*.*.test"},
    {"swarmward.port": "99999999999999999999"},
    {"swarmward.routes." + "x." * 50 + "path": "/"},
    {f"swarmward.k{i}": "v" for i in range(300)},
    {"swarmward.": "x"},
    {"swarmward.domain": "\u00e4.test"},
    {"swarmward.health.interval": "1e9s"},
]


def test_hostile_labels_harm_nobody_else(swarm, engine, backend):
    live = swarm()
    live.add("good", "good.test", backend(says("good")))
    for number, extra in enumerate(HOSTILE):
        engine.add_service(f"bad{number}", {**labels(f"h{number}.test"), **extra}, [live.network])
    live.settles("good.test", b"good")
    wait_until(
        lambda: len(live.quarantined()) == len([h for h in HOSTILE if "swarmward." not in h]),
        lambda: json.dumps(live.quarantined()),
    )
    assert live.body("good.test") == b"good"


def test_discovery_is_in_the_metrics(swarm, backend):
    from test_admin import metrics

    live = swarm()
    live.add("web", "a.test", backend(says("x")))
    live.settles("a.test", b"x")
    seen = metrics(live.instance)
    assert seen.value("swarmward_discovery_up") == 1
    assert seen.value("swarmward_discovery_services", which="followed") == 1
    assert seen.value("swarmward_discovery_services", which="seen") == 1  # it came after the list
    assert seen.value("swarmward_services", state="served") == 1
    assert seen.value("swarmward_discovery_events_total") >= 1


def test_clients_of_the_routing_mesh_share_no_limit(swarm, engine, backend):
    """The ingress network is 127/8 here: every client comes from it."""
    engine.add_network("ingress", encrypted=True, subnet="127.0.0.0/8", Ingress=True)
    live = swarm(limits={"connections": {"per_ip": 1}})
    live.add("web", "a.test", backend(says("x")))
    live.settles("a.test", b"x")
    with live.instance.client() as one, live.instance.client() as two:
        assert one.ask().status == two.ask().status == 200
    live.instance.log.wait(lambda line: "event=routing_mesh" in line)


def test_a_client_whose_network_has_the_numbers_of_the_mesh_has_its_limit(swarm, engine, backend):
    """In host mode: its address is one of the ingress network's, ours is not."""
    engine.add_network("ingress", encrypted=True, subnet="127.0.0.0/25", Ingress=True)
    live = swarm(limits={"connections": {"per_ip": 1}})
    live.add("web", "a.test", backend(says("x")))
    live.settles("a.test", b"x")
    with live.instance.client(source="127.0.0.9") as one:
        assert one.ask().status == 200
        with pytest.raises((OSError, messages.Ended)):  # perhaps before its first byte
            with live.instance.plain_client(source="127.0.0.9") as two:
                two.ask()
        assert one.ask().status == 200
    assert "event=routing_mesh" not in live.instance.log.text()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_only_control_is_in_the_group_of_the_socket(swarm, swarmward, engine, backend):
    group = 4242
    os.chown(engine.path, 0, group)
    os.chmod(engine.path, 0o660)
    swarmward.write(**sections(engine, swarmward))
    swarmward.start("--dev", "--workers", "1", "--docker-socket", engine.path)
    live = Swarm(swarmward, engine, next(iter(engine.networks)))
    live.add("web", "a.test", backend(says("x")))
    live.settles("a.test", b"x")
    groups = {p: process_table.status(swarmward.children(p)[0], "Groups") for p in ("control", "worker", "checker")}
    assert groups == {"control": [str(group)], "worker": [], "checker": []}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_who_gives_every_process_the_socket_is_told(swarmward, engine):
    swarmward.write(**sections(engine, swarmward))
    swarmward.start("--dev", "--workers", "1", "--user", "root", "--docker-socket", engine.path)
    swarmward.log.wait(lambda line: "event=docker_socket_open" in line and str(engine.path) in line)


@pytest.mark.skipif(os.geteuid() != 0, reason="root may connect to everything")
def test_a_socket_that_is_not_for_us_is_said(swarm, engine):
    os.chmod(engine.path, 0o600)
    live = swarm()
    wait_until(lambda: "Permission denied" in live.docker()["problem"], "the reason")
