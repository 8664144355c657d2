"""swarmward as a service of the lab's swarm: an image of the build under test, ports 80 and 443 of the
nodes it runs on, the Docker API through the lab's proxy."""

import contextlib
import json
import os

from .shell import CommandFailed, wait_until

IMAGE = "swarmward:lab"
COMMAND = ["/usr/bin/swarmward"]
FOLDER = "/etc/swarmward"  # in the task


class Front:
    """`policy` is the file's section; `nodes` are those that it runs on."""

    def __init__(self, lab, certificate, nodes, policy, networks=("edge",)):
        self.lab = lab
        self.nodes = nodes
        self.networks = networks
        self.service = "swarmward"
        self.folder = lab.folder / "front"
        self.folder.mkdir(exist_ok=True)
        self.settings = {
            "version": 1,
            "docker": {
                "endpoint": "unix:///run/api/docker.sock",
                "networks": list(networks),
                "snapshot": "/var/lib/swarmward/routes.json",
            },
            "policy": {"default_owner": "allow", **policy},
            "tls": {"certificates": [self._put(certificate)], "unknown_sni": "lab"},
            "domains": {},
            "log": {"error": {"level": "debug"}},
            "shutdown": {"delay": "3s", "drain": "10s"},
        }
        self.write()

    def _put(self, certificate):
        for source, name in ((certificate.cert, "lab.crt"), (certificate.key, "lab.key")):
            (self.folder / name).write_bytes(source.read_bytes())
            os.chmod(self.folder / name, 0o600)
        return {"name": "lab", "cert": f"{FOLDER}/lab.crt", "key": f"{FOLDER}/lab.key"}

    def write(self):
        path = self.folder / "swarmward.yaml"
        path.write_text(json.dumps(self.settings, indent=1))
        os.chmod(path, 0o644)

    # -- its service

    def _mark_nodes(self):
        for node in self.lab.nodes.values():
            wanted = "1" if node in self.nodes else "0"
            self.lab.docker("node", "update", "--label-add", f"front={wanted}", node.name)

    def place(self, *nodes):
        """It runs on these nodes, and on no others."""
        self.nodes = list(nodes)
        self._mark_nodes()
        self.wait()

    def start(self, *words):
        self._mark_nodes()
        networks = [word for name in self.networks for word in ("--network", name)]
        self.lab.docker(
            "service", "create", "--detach", "--name", self.service, "--mode", "global",
            "--constraint", "node.labels.front==1", "--endpoint-mode", "dnsrr", *networks,
            "--publish", "mode=host,target=443,published=443",
            "--publish", "mode=host,target=80,published=80",
            "--mount", f"type=bind,src={self.folder},dst={FOLDER},ro",
            "--mount", f"type=bind,src={self.lab.folder}/api,dst=/run/api",
            "--stop-grace-period", "30s", "--no-resolve-image", *words, IMAGE,
            *COMMAND, "run", "-c", f"{FOLDER}/swarmward.yaml",
        )  # fmt: skip
        self.wait()
        return self

    def wait(self):
        self.lab.wait_running(self.service, len(self.nodes))
        for node in self.nodes:
            wait_until(lambda node=node: self.status(node), f"swarmward serves on {node.name}", 60, 0.1)

    def stop(self):
        self.lab.remove_service(self.service)

    def container(self, node):
        found = node.containers(self.service)
        return found[0] if found else None

    # -- what it says

    def command(self, node, *words, **options):
        return node.docker("exec", self.container(node), *COMMAND, *words, **options)

    def status(self, node):
        """None: it does not answer."""
        with contextlib.suppress(CommandFailed, json.JSONDecodeError, TypeError, IndexError):
            return json.loads(self.command(node, "status", "--json", seconds=10))
        return None

    def explain(self, node, url):
        return self.command(node, "explain", url, check=False)

    def log(self, node, container=None):
        """Every line that the task on this node wrote, errors and accesses."""
        container = container or self.container(node)
        done = node.docker("logs", container, seconds=30, merge=True)
        return done.splitlines()

    def accesses(self, node, container=None):
        found = []
        for line in self.log(node, container):
            if line.startswith("{"):
                with contextlib.suppress(json.JSONDecodeError):
                    found.append(json.loads(line))
        return found
