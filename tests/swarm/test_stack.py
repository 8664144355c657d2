"""The stacks of conf/ as they are. stack-host.yaml, on a manager: it comes up healthy, and the Docker
socket is open to control alone. stack-mesh.yaml in front of stack-example.yaml: any node answers."""

import pytest
from lab import certificates, images
from lab.front import IMAGE
from lab.images import KEYS_USER, PROGRAMS, ROOT, USER
from lab.services import ZONE
from lab.shell import run, wait_until
from lab.swarm import Lab

SERVICE = "swarmward_swarmward"
# Like conf/image/Dockerfile, without a base that only a registry or debootstrap has.
DOCKERFILE = f"""FROM {IMAGE}
USER swarmward
HEALTHCHECK --interval=1s CMD ["/usr/bin/swarmward", "healthcheck"]
ENTRYPOINT ["/usr/bin/swarmward"]
CMD ["run", "-c", "/etc/swarmward/swarmward.yaml"]
"""
# KILL, SETGID, SETUID, NET_BIND_SERVICE, SYS_CHROOT
CAPABILITIES = 1 << 5 | 1 << 6 | 1 << 7 | 1 << 10 | 1 << 18


APP_DOCKERFILE = """FROM app:lab
ENV SERVICE=portal
ENTRYPOINT ["/app"]
"""


def build(node, folder, name, dockerfile):
    (folder / "Dockerfile").write_text(dockerfile)
    node.docker("build", "-q", "-t", name, folder)


def put_secrets(lab, certificate):
    for name, path in (("swarmward.crt", certificate.cert), ("swarmward.key", certificate.key)):
        lab.docker("secret", "create", name, path)


def deploy(node, name, file):
    run("env", "SWARMWARD_IMAGE=swarmward:stack", "APP_IMAGE=portal:stack", "docker", "-H", f"unix://{node.socket}",
        "stack", "deploy", "--resolve-image", "never", "-c", ROOT / "conf" / file, name)  # fmt: skip


@pytest.fixture
def stack(three_nodes, tmp_path):
    lab, node = three_nodes.lab, three_nodes.lab.nodes[1]
    build(node, tmp_path, "swarmward:stack", DOCKERFILE)
    put_secrets(lab, certificates.issue(tmp_path, f"*.{ZONE}"))
    deploy(node, "swarmward", "stack-host.yaml")
    yield three_nodes, node
    lab.docker("stack", "rm", "swarmward")
    wait_until(lambda: not node.containers(SERVICE), "the stack is gone", 60, 0.1)
    for name in ("swarmward.crt", "swarmward.key"):
        lab.docker("secret", "rm", name)


@pytest.fixture
def mesh(tmp_path):
    """A lab of its own: node 2 has no task of anything, so that the encrypted network needs no ESP."""
    lab = Lab()
    try:
        lab.up(2)
        node = lab.nodes[1]
        lab.docker("node", "update", "--availability", "drain", "node2")
        node.docker("import", images.app_tar(tmp_path), "app:lab")
        node.docker("import", images.swarmward_tar(tmp_path), IMAGE)
        build(node, tmp_path, "swarmward:stack", DOCKERFILE)
        build(node, tmp_path, "portal:stack", APP_DOCKERFILE)
        put_secrets(lab, certificates.issue(tmp_path, "*.clinic.example"))
        lab.network("edge", encrypted=True)
        deploy(node, "portal", "stack-example.yaml")
        deploy(node, "swarmward", "stack-mesh.yaml")
        yield lab
    finally:
        lab.down()


def processes(node, container):
    """Of the container: {name: {field of /proc/PID/status: words}}."""
    found = {}
    for line in node.docker("top", container, "-eo", "pid").split()[1:]:
        status = node.run("cat", f"/proc/{line}/status").splitlines()
        fields = {name: words.split() for name, _, words in (row.partition(":") for row in status)}
        found[node.run("cat", f"/proc/{line}/cmdline").split("\0")[0].rpartition("/")[2]] = fields
    return found


def health(node):
    """Of every replica."""
    containers = node.containers(SERVICE)
    found = node.inspect("container", *containers) if containers else []
    return [one["State"]["Health"]["Status"] for one in found]


def test_the_stack_gives_the_docker_socket_to_control_alone(stack):
    services, node = stack
    wait_until(lambda: health(node) == ["healthy"], "swarmward's own health check is green", 60, 0.1)
    (container,) = node.containers(SERVICE)
    group = node.run("stat", "-c", "%g", "/run/docker.sock").strip()
    found = processes(node, container)
    assert sorted(found) == sorted(PROGRAMS)
    assert int(found["swarmward"]["CapPrm"][0], 16) == CAPABILITIES
    assert found["swarmward"]["NoNewPrivs"] == ["1"]
    for name in sorted(set(PROGRAMS) - {"swarmward"}):
        assert set(found[name]["Uid"]) == {str(KEYS_USER if name == "swarmward-keys" else USER)}
        assert int(found[name]["CapPrm"][0], 16) == 0
        assert found[name]["Seccomp"] == ["2"]
    assert found["swarmward-control"]["Groups"] == [group]
    for name in ("swarmward-checker", "swarmward-keys", "swarmward-worker"):
        assert found[name]["Groups"] == [], name
    status = node.docker("exec", container, "/usr/bin/swarmward", "status")
    assert "docker live" in status, status
    log = run("sh", "-c", f"docker -H unix://{node.socket} logs {container} 2>&1").splitlines()
    for name in ("swarmward-checker", "swarmward-worker"):
        lines = [line for line in log if f"program={name} " in line and "event=sandboxed" in line]
        assert lines and all(" root=empty " in line for line in lines), lines


# Where a node's routing mesh does its work: its end in the ingress network. What is left out is IPVS, which
# this machine's kernel has not: it picks a replica and brings the client's packets there.
MESH = ("nsenter", "--net=/run/docker/netns/ingress_sbox")


def ingress_addresses(lab):
    """Those of the replicas."""
    return [
        address.split("/")[0]
        for task in lab.running(SERVICE)
        for network in task["NetworksAttachments"] if network["Network"]["Spec"].get("Ingress")
        for address in network["Addresses"]
    ]  # fmt: skip


def ask(node, address, path):
    """Of the portal, as the mesh of this node asks the replica at this address."""
    return node.run(
        *MESH, "curl", "-sk", "-m", "5", "-w", " %{http_code}", "--resolve", f"portal.clinic.example:443:{address}",
        f"https://portal.clinic.example{path}", check=False,
    )  # fmt: skip


def test_behind_the_routing_mesh_any_node_answers_for_the_example(mesh):
    here = mesh.nodes[1]
    wait_until(lambda: health(here) == ["healthy", "healthy"], "both replicas are healthy", 60, 0.1)
    mesh.wait_running("portal_web", 2)
    replicas = ingress_addresses(mesh)
    assert len(replicas) == 2 and mesh.nodes[2].containers(SERVICE) == []
    for node in mesh.nodes.values():
        for address in replicas:
            for path in ("/", "/upload"):
                answer = wait_until(
                    lambda asked=(node, address, path): (found := ask(*asked)).endswith(" 200") and found,
                    f"{path} of {address} by {node.name}", 30,
                )  # fmt: skip
                assert "service=portal" in answer
    wait_until(
        lambda: here.docker("service", "logs", SERVICE, merge=True).count("event=routing_mesh") == 2,
        "the warning of both", 60, 0.5,
    )  # fmt: skip
