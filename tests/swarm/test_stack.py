"""conf/stack-host.yaml as it is, on a manager: it comes up healthy, and the Docker socket is open to
control alone."""

import pytest
from lab import certificates
from lab.front import IMAGE
from lab.images import ROOT
from lab.services import ZONE
from lab.shell import run, wait_until

SERVICE = "swarmward_swarmward"
# Like conf/image/Dockerfile, without a base that only a registry or debootstrap has.
DOCKERFILE = f"""FROM {IMAGE}
USER swarmward
HEALTHCHECK --interval=1s CMD ["/usr/bin/swarmward", "healthcheck"]
ENTRYPOINT ["/usr/bin/swarmward"]
CMD ["run", "-c", "/etc/swarmward/swarmward.yaml"]
"""
CAPABILITIES = 1 << 5 | 1 << 6 | 1 << 7 | 1 << 10  # KILL, SETGID, SETUID, NET_BIND_SERVICE


@pytest.fixture
def stack(three_nodes, tmp_path):
    lab, node = three_nodes.lab, three_nodes.lab.nodes[1]
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    node.docker("build", "-q", "-t", "swarmward:stack", tmp_path)
    certificate = certificates.issue(tmp_path, f"*.{ZONE}")
    for name, path in (("swarmward.crt", certificate.cert), ("swarmward.key", certificate.key)):
        lab.docker("secret", "create", name, path)
    run("env", "SWARMWARD_IMAGE=swarmward:stack", "docker", "-H", f"unix://{node.socket}", "stack", "deploy",
        "--resolve-image", "never", "-c", ROOT / "conf/stack-host.yaml", "swarmward")  # fmt: skip
    yield three_nodes, node
    lab.docker("stack", "rm", "swarmward")
    wait_until(lambda: not node.containers(SERVICE), "the stack is gone", 60, 0.1)
    for name in ("swarmward.crt", "swarmward.key"):
        lab.docker("secret", "rm", name)


def processes(node, container):
    """Of the container: {name: {field of /proc/PID/status: words}}."""
    found = {}
    for line in node.docker("top", container, "-eo", "pid").split()[1:]:
        status = node.run("cat", f"/proc/{line}/status").splitlines()
        fields = {name: words.split() for name, _, words in (row.partition(":") for row in status)}
        found[node.run("cat", f"/proc/{line}/cmdline").split("\0")[0].rpartition("/")[2]] = fields
    return found


def health(node):
    containers = node.containers(SERVICE)
    return containers and node.inspect("container", containers[0])[0]["State"]["Health"]["Status"]


def test_the_stack_gives_the_docker_socket_to_control_alone(stack):
    services, node = stack
    wait_until(lambda: health(node) == "healthy", "swarmward's own health check is green", 60, 0.1)
    (container,) = node.containers(SERVICE)
    group = node.run("stat", "-c", "%g", "/run/docker.sock").strip()
    found = processes(node, container)
    assert sorted(found) == ["swarmward", "swarmward-checker", "swarmward-control", "swarmward-worker"]
    assert int(found["swarmward"]["CapPrm"][0], 16) == CAPABILITIES
    assert found["swarmward"]["NoNewPrivs"] == ["1"]
    for name in ("swarmward-checker", "swarmward-control", "swarmward-worker"):
        assert set(found[name]["Uid"]) == {"990"}
        assert int(found[name]["CapPrm"][0], 16) == 0
    assert found["swarmward-control"]["Groups"] == [group]
    assert found["swarmward-worker"]["Groups"] == found["swarmward-checker"]["Groups"] == []
    status = node.docker("exec", container, "/usr/bin/swarmward", "status")
    assert "docker live" in status, status
