"""`swarmward doctor` in a real swarm: inside of swarmward's container, and out on the node."""

import json

from lab.images import BUILD
from lab.shell import run


def findings(text):
    return {one["name"]: one for one in json.loads(text)["checks"]}


def inside(services, *words):
    front = services.front
    return findings(
        front.command(
            front.nodes[0], "doctor", "--json", "-c", "/etc/swarmward/swarmward.yaml", *words, check=False
        )
    )


def on_the_node(services, tmp_path):
    """With the node's network, where its interface is to be seen."""
    node = services.front.nodes[0]
    mapping = tmp_path / "doctor.yaml"
    settings = {
        "version": 1,
        "docker": {"endpoint": f"unix://{node.socket}", "networks": ["edge"]},
        "domains": {},
    }
    mapping.write_text(json.dumps(settings))
    return findings(
        run(
            *services.lab.wires.inside(node.who), BUILD / "swarmward", "doctor", "--json",
            "-c", mapping, "--service", services.front.service, check=False,
        )  # fmt: skip
    )


def test_doctor_inside_of_the_container(one_node):
    one_node.create("shop", replicas=2)
    found = inside(one_node)
    for name in ("socket", "engine", "versions", "clock", "publish", "dns", "labels"):
        assert found[name]["verdict"] == "ok", found[name]
    assert "443 to port 443 of the task in host mode" in found["publish"]["found"]
    assert "tasks.shop: 2 addresses" in found["dns"]["found"]
    # the lab has a network that is not encrypted, and a file that insists on encryption
    assert found["networks"]["verdict"] == "error"
    assert "plain is not encrypted" in found["networks"]["found"]
    assert "edge is encrypted" in found["networks"]["found"]


def test_doctor_finds_a_service_that_is_on_no_network_of_ours(one_node):
    one_node.lab.network("elsewhere", encrypted=True)
    try:
        one_node.create("lonely", replicas=1, network="elsewhere", wait=False)
        assert "lonely" in inside(one_node)["networks"]["found"]
    finally:
        one_node.remove("lonely")
        one_node.lab.docker("network", "rm", "elsewhere")


def test_doctor_on_the_node_sees_its_interface(one_node, tmp_path):
    node = one_node.front.nodes[0]
    interface = ["ip", "-n", one_node.lab.wires.name(node.who), "link", "set", "eth0", "mtu"]
    found = on_the_node(one_node, tmp_path)
    assert found["mtu"]["verdict"] == "ok", found["mtu"]
    assert "eth0 has 1500" in found["mtu"]["found"]
    run(*interface, "1400")
    try:
        assert on_the_node(one_node, tmp_path)["mtu"]["verdict"] == "warning"
    finally:
        run(*interface, "1500")
