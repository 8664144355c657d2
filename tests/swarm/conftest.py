"""Fixtures of the swarm scenarios. One lab serves many of them: starting one takes seconds, and what a
scenario makes in it (services) ends with the scenario."""

import contextlib
import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # ahead of the system tests' package of the same name

from lab import certificates, images  # noqa: E402
from lab.api_proxy import ApiProxy  # noqa: E402
from lab.front import IMAGE, Front  # noqa: E402
from lab.services import APP_IMAGE, ZONE, Services  # noqa: E402
from lab.swarm import Lab, remove_abandoned  # noqa: E402

NO_ENCRYPTION = {"backend_encryption": "none", "exception": "this machine's kernel has no ESP"}


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items):
    if os.geteuid() != 0 or not shutil.which("dockerd"):
        for item in items:
            item.add_marker(pytest.mark.skip(reason="needs root and dockerd"))
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item)))


def pytest_unconfigure(config):
    """Interrupted, xdist kills its processes before they have cleaned up."""
    if os.geteuid() == 0 and not hasattr(config, "workerinput"):
        remove_abandoned()


def group_of(item):
    """What shares a lab, and so a process, with `-n 2 --dist loadgroup`."""
    for own in ("three_managers", "mesh"):
        if own in item.fixturenames:
            return own
    if "one_node" not in item.fixturenames:
        return "three nodes"
    return item.path.stem if item.path.stem in ("test_updates", "test_engine") else "one node"


class Stage:
    """A lab with the images, a network, the Docker API through the proxy, and swarmward in front."""

    def __init__(self, folder, count, fronts, policy, networks, managers=1):
        self.lab = Lab()
        self.proxy = None
        try:
            self.lab.up(count, managers)
            self._build(Path(folder), fronts, policy, networks)
        except BaseException:
            self.close()
            raise

    def _build(self, folder, fronts, policy, networks):
        self.lab.load_image(APP_IMAGE, images.app_tar(folder))
        self.lab.load_image(IMAGE, images.swarmward_tar(folder))
        for name, options in networks.items():
            self.lab.network(name, **options)
        (self.lab.folder / "api").mkdir()
        self.proxy = ApiProxy(self.lab.folder / "api/docker.sock", self.lab.nodes[1].socket)
        certificate = certificates.issue(folder, f"*.{ZONE}")
        nodes = [self.lab.nodes[number] for number in fronts]
        self.front = Front(self.lab, certificate, nodes, policy, networks)
        self.front.start()
        self.services = Services(self.lab, self.front, self.proxy)

    def keep_logs(self):
        """What swarmward said, for whom SWARM_LOGS names a folder."""
        folder = os.environ.get("SWARM_LOGS")
        for node in self.front.nodes if folder and hasattr(self, "front") else []:
            with contextlib.suppress(AssertionError, TypeError):
                name = f"{self.lab.wires.tag}-{node.name}.log"
                Path(folder, name).write_text("\n".join(self.front.log(node)))

    def close(self):
        self.keep_logs()
        if self.proxy:
            self.proxy.close()
        self.lab.down()


@pytest.fixture(scope="session")
def one_node_stage(tmp_path_factory):
    """One node; swarmward insists on encrypted networks, and there is one that is not."""
    networks = {
        "edge": {"encrypted": True},
        "tiny": {"encrypted": True, "subnet": "10.219.0.0/28"},
        "plain": {},
    }
    stage = Stage(tmp_path_factory.mktemp("one"), 1, [1], {"backend_encryption": "overlay"}, networks)
    yield stage
    stage.close()


@pytest.fixture(scope="session")
def three_node_stage(tmp_path_factory):
    """The manager without tasks of applications and without swarmward; swarmward on node 2, where
    applications may run, too; node 3 for applications. The network is plain."""
    stage = Stage(tmp_path_factory.mktemp("three"), 3, [2], NO_ENCRYPTION, {"edge": {}})
    yield stage
    stage.close()


@pytest.fixture
def one_node(one_node_stage):
    one_node_stage.services.wait_discovery_live()  # whatever the scenario before has done to it
    yield one_node_stage.services
    one_node_stage.services.clear()


@pytest.fixture
def three_nodes(three_node_stage):
    three_node_stage.services.wait_discovery_live()
    yield three_node_stage.services
    three_node_stage.services.clear()


@pytest.fixture
def three_managers(tmp_path):
    """Three managers; swarmward on the first. A lab of its own, since what is left of it may be nothing."""
    stage = Stage(tmp_path, 3, [1], NO_ENCRYPTION, {"edge": {}}, managers=3)
    yield stage.services
    stage.close()


@pytest.fixture
def two_fronts(three_node_stage):
    """The same with swarmward on node 3, too."""
    front, lab = three_node_stage.front, three_node_stage.lab
    front.place(lab.nodes[2], lab.nodes[3])
    three_node_stage.services.wait_discovery_live()
    yield three_node_stage.services
    three_node_stage.services.clear()
    front.place(lab.nodes[2])
