"""`swarmward doctor` against a fake Engine: a healthy swarm has no finding, and each trouble is found
by its check, with what to do."""

import json
import os
import subprocess
import time
from datetime import datetime, timezone

import pytest
from lab import addresses
from lab.dns_server import NameServer
from lab.docker_api import FakeEngine

CHECKS = ["socket", "engine", "versions", "clock", "publish", "networks", "mtu", "dns", "labels"]


def labels(domain, **more):
    return {"swarmward.enable": "true", "swarmward.domain": domain, "swarmward.port": "8080", **more}


def own_interface():
    """Address and MTU of an interface that is not loopback; None: this machine has none."""
    listed = json.loads(subprocess.run(["ip", "-j", "addr"], capture_output=True, check=True).stdout)
    for interface in listed:
        for address in interface["addr_info"]:
            if address["family"] == "inet" and interface["ifname"] != "lo":
                return address["local"], interface["mtu"]
    return None


class Patient:
    """A swarm in which all is well, the file that belongs to it, and what doctor says of both."""

    def __init__(self, instance, folder):
        self.instance = instance
        self.engine = FakeEngine(folder / "docker.sock")
        self.names = NameServer(addresses.fresh())
        self.front = self.engine.add_network("front", encrypted=True)
        self.web = self.engine.add_service("web", labels("a.test"), [self.front])
        self.engine.add_service("database", {}, [])
        self.own = self.engine.add_service("edge", {}, [self.front], ports=self.ports())
        self.engine.add_service("edge-of-another", {}, [])
        self.node = next(iter(self.engine.nodes))
        self.names.table["web"] = ["10.0.1.5", "10.0.1.6"]
        self.sections = {
            "domains": {},
            "docker": {"endpoint": f"unix://{self.engine.path}", "dns_server": self.names.at},
            "policy": {"backend_encryption": "overlay", "exception": "", "default_owner": "allow"},
        }
        self.service = "edge"

    def ports(self):
        return [(443, addresses.HTTPS_PORT), (80, addresses.HTTP_PORT)]

    def close(self):
        self.engine.close()
        self.names.close()

    def change(self, kind, id_, edit):
        """Edit the Engine's own object by hand."""
        item = getattr(self.engine, kind)[id_]
        edit(item.value)
        self.engine.changed(item)

    def command(self, *words):
        self.instance.write(**self.sections)
        if self.service:
            words = ("--service", self.service, *words)
        return self.instance.command("doctor", "-c", self.instance.file, *words, check=False)

    def findings(self):
        done = self.command("--json")
        assert done.stderr == ""
        said = json.loads(done.stdout)
        assert [one["name"] for one in said["checks"]] == CHECKS
        for kind in ("error", "warning", "skipped"):
            counted = said["skipped" if kind == "skipped" else kind + "s"]
            assert counted == sum(one["verdict"] == kind for one in said["checks"])
        assert done.returncode == (1 if said["errors"] else 0)
        return {one["name"]: one for one in said["checks"]}


@pytest.fixture
def patient(swarmward, tmp_path):
    made = Patient(swarmward, tmp_path)
    yield made
    made.close()


def test_a_healthy_swarm_has_no_finding(patient):
    found = patient.findings()
    # the fake node's address is loopback, whose MTU says nothing
    assert {name: one["verdict"] for name, one in found.items()} == {
        **{name: "ok" for name in CHECKS},
        "mtu": "skipped",
    }
    assert all(one["todo"] == "" for name, one in found.items() if name != "mtu")
    assert "2 addresses" in found["dns"]["found"]
    assert "1 of 4 services" in found["labels"]["found"]


def test_it_only_reads(patient):
    patient.findings()
    assert set(patient.engine.counts) <= {"/version", "/info", "/nodes", "/networks", "/services", "/tasks"}


def test_the_lines_say_what_the_json_says(patient):
    patient.sections["docker"]["networks"] = ["nowhere"]
    done = patient.command()
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert [line.split()[1] for line in lines[:-2] if not line.startswith(" ")] == CHECKS
    (advice,) = [line for line in lines if "-> docker network create" in line]
    assert lines.index(advice) == 1 + next(i for i, line in enumerate(lines) if "networks" in line)
    assert lines[-1].startswith("errors=1 ")


def test_a_node_that_joins_has_no_old_engine(patient):
    patient.engine.add_node("", engine="", role="worker", state="unknown")
    assert "CVE-2023-28840" not in patient.command().stdout


def test_hostile_names_reach_no_terminal(patient):
    patient.engine.add_service("\x1b[2Jevil\r", labels("\x1b[31mred\n", evil="x"), [patient.front])
    patient.engine.set_node(patient.engine.add_node("\x1b]0;far\x07", role="worker"), state="down")
    done = patient.command()
    assert "not ready: ?]0;far?" in done.stdout
    assert not [c for c in done.stdout if ord(c) < 32 and c != "\n"]


# --- troubles: how to make one, which check finds it, and words of what is found and advised ---------


def old_engine(patient):
    patient.engine.set_node(patient.node, engine="20.10.23")


def node_away(patient):
    patient.engine.add_node("far", role="worker")
    patient.engine.set_node(list(patient.engine.nodes)[-1], state="down")


def clock(seconds):
    def wrong(patient):
        at = datetime.fromtimestamp(time.time() + seconds, timezone.utc)
        patient.engine.info["SystemTime"] = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    return wrong


def swarm_is(**members):
    def wrong(patient):
        patient.engine.info["Swarm"].update(members)

    return wrong


def speaks(least, most):
    def wrong(patient):
        patient.engine.version.update(MinAPIVersion=least, ApiVersion=most)

    return wrong


def through_the_mesh(patient):
    def edit(own):
        own["Endpoint"]["Ports"][0]["PublishMode"] = "ingress"

    patient.change("services", patient.own, edit)


def publishes(*ports):
    def wrong(patient):
        def edit(own):
            own["Endpoint"]["Ports"] = [
                {"Protocol": "tcp", "PublishedPort": port, "TargetPort": port, "PublishMode": "host"}
                for port in ports
            ]

        patient.change("services", patient.own, edit)

    return wrong


def plain_network(patient):
    patient.change("networks", patient.front, lambda network: network["Options"].clear())


def allowed_plain_network(patient):
    plain_network(patient)
    patient.sections["policy"] = {"backend_encryption": "none", "exception": "a test"}


def no_network(patient):
    patient.change("services", patient.own, lambda own: own["Spec"]["TaskTemplate"].update(Networks=[]))


def named(*names):
    def wrong(patient):
        patient.engine.add_network("local", driver="bridge")
        patient.sections["docker"]["networks"] = list(names)

    return wrong


def apart(patient):
    other = patient.engine.add_network("back", encrypted=True)
    patient.engine.add_service("lonely", labels("b.test"), [other])


def wrong_label(patient):
    patient.engine.add_service("typo", labels("b.test", **{"swarmward.prot": "1"}), [patient.front])


def no_such_name(patient):
    patient.names.table.clear()


def dns(behaviour):
    def wrong(patient):
        patient.names.behaviour = behaviour

    return wrong


def no_socket(patient):
    patient.sections["docker"]["endpoint"] = "unix:///nowhere/docker.sock"


def folder_for_socket(patient):
    patient.sections["docker"]["endpoint"] = f"unix://{patient.instance.folder}"


def lists_fail(patient):
    patient.engine.fault("/services", "error")


def engine_says(fault):
    def wrong(patient):
        patient.engine.fault("*", fault)

    return wrong


def other_service(patient):
    patient.service = "egde"


TROUBLES = [
    ("no socket", no_socket, "socket", "error", "No such file", "mount /var/run/docker.sock"),
    ("a folder", folder_for_socket, "socket", "error", "is no socket", "mount's source"),
    ("garbage", engine_says("garbage"), "engine", "error", "version", "Docker daemon"),
    ("nobody there", engine_says("close"), "engine", "error", "", "Docker daemon"),
    ("500", engine_says("error"), "engine", "error", "does not have a leader", "Docker daemon"),
    ("API too old", speaks("1.12", "1.40"), "engine", "error", "1.12 to 1.40", "Docker daemon"),
    ("API too new", speaks("1.60", "1.70"), "engine", "error", "1.60 to 1.70", "Docker daemon"),
    ("no swarm", swarm_is(LocalNodeState="inactive", ControlAvailable=False), "engine", "error",
     "inactive", "docker swarm init"),
    ("locked", swarm_is(LocalNodeState="locked", ControlAvailable=False), "engine", "error",
     "locked", "docker swarm unlock"),
    ("a worker node", swarm_is(ControlAvailable=False), "engine", "error", "no manager", "node.role"),
    ("no quorum", lists_fail, "engine", "error", "does not have a leader", "docker node ls"),
    ("swarm's own error", swarm_is(Error="rpc error"), "engine", "warning", "rpc error", ""),
    ("an old Engine", old_engine, "versions", "error", "node1 (20.10.23)", "20.10.24"),
    ("a node that is away", node_away, "versions", "warning", "not ready: far", "docker node ls"),
    ("5 s ahead", clock(5), "clock", "warning", "ahead", "chrony"),
    ("10 min behind", clock(-600), "clock", "error", "behind", "chrony"),
    ("routing mesh", through_the_mesh, "publish", "warning", "routing mesh", "mode: host"),
    ("no https port", publishes(81), "publish", "warning", "listeners.https", "port 443"),
    ("admin port", publishes(addresses.HTTPS_PORT, addresses.ADMIN_PORT), "publish", "error",
     "admin", "take that port out"),
    ("no such service", other_service, "publish", "error", "no service egde", "docker service ls"),
    ("plain overlay", plain_network, "networks", "error", "front is not encrypted", "--opt encrypted"),
    ("plain, allowed", allowed_plain_network, "networks", "warning", "not encrypted", "encrypted"),
    ("on no network", no_network, "networks", "error", "edge is on no overlay", "attach it"),
    ("no such network", named("nowhere"), "networks", "error", "no network nowhere", "network create"),
    ("a bridge", named("local"), "networks", "error", "local is no overlay", "name an overlay"),
    ("a service apart", apart, "networks", "warning", "lonely", "attach these"),
    ("NXDOMAIN", no_such_name, "dns", "warning", "tasks.web: no address", "docker service ps web"),
    ("SERVFAIL", dns("fails"), "dns", "error", "tasks.web: no answer", "127.0.0.11"),
    ("silent DNS", dns("silent"), "dns", "error", "tasks.web: no answer", "127.0.0.11"),
    ("a misspelt label", wrong_label, "labels", "error", '"prot" is not known', "docs/labels.md"),
]  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLES, ids=[row[0] for row in TROUBLES])
def test_trouble_is_found_with_what_to_do(patient, trouble):
    _, make, check, verdict, found, todo = trouble
    make(patient)
    finding = patient.findings()[check]
    assert finding["verdict"] == verdict, finding
    assert found in finding["found"], finding
    assert todo in finding["todo"], finding


def test_what_the_engine_does_not_say_is_skipped_not_guessed(patient):
    no_socket(patient)
    found = patient.findings()
    for name in ("versions", "clock", "publish", "networks", "mtu", "labels"):
        assert found[name]["verdict"] == "skipped", found[name]


def test_without_the_api_dns_alone_is_looked_at(patient):
    patient.sections["docker"]["endpoint"] = ""
    patient.sections["domains"] = {"a.test": "web:8080"}
    found = patient.findings()
    assert found["dns"]["verdict"] == "ok"
    assert found["socket"]["verdict"] == found["engine"]["verdict"] == "skipped"


def test_a_file_without_a_swarm_is_skipped(patient, backend):
    patient.sections = {"services": {"app": {"servers": [backend().at]}}, "domains": {"a.test": "app"}}
    found = patient.findings()
    assert {one["verdict"] for one in found.values()} == {"skipped"}


def test_an_mtu_that_does_not_fit_is_found(patient):
    interface = own_interface()
    if not interface:
        pytest.skip("this machine has no interface but loopback")
    address, mtu = interface

    def is_made_for(bytes_):
        def edit(network):
            network["Options"]["com.docker.network.driver.mtu"] = str(bytes_)

        patient.change("networks", patient.front, edit)
        return patient.findings()["mtu"]

    patient.change("nodes", patient.node, lambda node: node["Status"].update(Addr=address))
    assert is_made_for(mtu)["verdict"] == "ok"
    finding = is_made_for(mtu + 1)
    assert finding["verdict"] == "warning"
    assert f"mtu={mtu}" in finding["todo"]


@pytest.mark.skipif(os.geteuid() != 0, reason="not root: control stays the same user")
def test_a_socket_that_control_may_not_open_is_found(patient):
    (patient.instance.folder / "closed").mkdir()
    path = patient.instance.folder / "closed" / "docker.sock"
    engine = FakeEngine(path)
    path.chmod(0o600)
    patient.sections["docker"]["endpoint"] = f"unix://{path}"
    try:
        finding = patient.findings()["socket"]
        mine = patient.command("--json", "--user", "root")
    finally:
        engine.close()
    assert finding["verdict"] == "error"
    assert "mode 600" in finding["found"]
    assert json.loads(mine.stdout)["checks"][0]["verdict"] == "ok"


def test_wrong_usage_and_an_invalid_file_are_2(patient):
    assert patient.instance.command("doctor", "--jsn", check=False).returncode == 2
    patient.instance.write_text("version: 1\ndokcer: {}\n")
    done = patient.instance.command("doctor", "-c", patient.instance.file, check=False)
    assert done.returncode == 2
    assert "swarmward.yaml:2:1" in done.stderr
