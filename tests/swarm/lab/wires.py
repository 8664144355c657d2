"""The network of one lab: a switch in a namespace of its own, and a namespace with one cable into it
for every node and for the client. Nothing is added to the machine's own network, and nothing in the
lab has a route to the outside."""

from pathlib import Path

from .shell import run

NAMED = Path("/run/netns")  # where iproute2 keeps the names of namespaces


class Wires:
    def __init__(self, tag, network):
        self.tag = tag
        self.network = network  # its first three numbers

    def name(self, who):
        return f"{self.tag}-{who}"

    def inside(self, who):
        """The words that run a command in the namespace of `who`."""
        return ["nsenter", f"--net={NAMED / self.name(who)}"]

    def exists(self, who):
        return (NAMED / self.name(who)).exists()

    def _up(self, who):
        run("ip", "netns", "add", self.name(who))
        run("ip", "-n", self.name(who), "link", "set", "lo", "up")

    def make_switch(self):
        self._up("switch")
        switch = ["ip", "-n", self.name("switch")]
        run(*switch, "link", "add", "br0", "type", "bridge")
        run(*switch, "addr", "add", f"{self.network}.254/24", "dev", "br0")
        run(*switch, "link", "set", "br0", "up")
        # It is the nodes' name server, where nobody listens: the refusal must come back at once.
        run(*self.inside("switch"), "sysctl", "-qw", "net.ipv4.icmp_ratelimit=0")

    def plug(self, who, number):
        """A namespace whose eth0 has the address NETWORK.number."""
        cable = f"to-{who}"
        self._up(who)
        run("ip", "-n", self.name("switch"), "link", "add", cable,
            "type", "veth", "peer", "name", "eth0", "netns", self.name(who))  # fmt: skip
        run("ip", "-n", self.name("switch"), "link", "set", cable, "master", "br0", "up")
        run("ip", "-n", self.name(who), "addr", "add", f"{self.network}.{number}/24", "dev", "eth0")
        run("ip", "-n", self.name(who), "link", "set", "eth0", "up")

    def cut(self, who):
        run("ip", "-n", self.name("switch"), "link", "set", f"to-{who}", "down")

    def heal(self, who):
        run("ip", "-n", self.name("switch"), "link", "set", f"to-{who}", "up")

    def unplug_all(self):
        """Also what an earlier lab of the same tag has left."""
        for path in NAMED.glob(f"{self.tag}-*"):
            run("ip", "netns", "del", path.name, check=False)
