"""The proxies under test: how each is configured, started, reloaded."""

import os
import shutil
import signal

import time

from . import certificates, machine, processes, template

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Failure(Exception):
    """A proxy does not do what the scenario needs."""


class Setup:
    """What a scenario asks of every proxy alike."""

    def __init__(self, directory, backend_port, served, **options):
        self.directory = directory
        self.backend_port = backend_port
        self.served = served  # certificates.Served
        self.log = options.get("log", False)
        self.admin = options.get("admin", False)  # a reload will be asked for
        self.bulk = options.get("bulk", False)  # large bodies: for proxies with one buffer size
        self.http2 = options.get("http2", False)  # offered to clients
        self.grpc = options.get("grpc", False)  # the backend speaks HTTP/2 in the clear


class Peer:
    """One proxy: writes its files into a directory of its own, runs on the core of the proxies."""

    name = ""
    template = ""
    versions = ()
    environment = {}
    grpc = True  # can speak HTTP/2 to a backend

    def __init__(self, setup, core):
        self.setup = setup
        self.core = core
        self.directory = os.path.join(setup.directory, self.name)
        os.makedirs(self.directory, exist_ok=True)
        self.https_port, self.http_port = processes.free_ports(2)
        self.log_path = os.path.join(self.directory, "access.log") if setup.log else ""
        self.output_path = os.path.join(self.directory, "output")
        self.process = None
        self.tree = None

    def values(self):
        first = self.setup.served.domains()[0]
        return {
            "DIR": self.directory,
            "USER": "root" if os.geteuid() == 0 else os.environ.get("USER", "nobody"),
            "HTTPS": self.https_port,
            "HTTP": self.http_port,
            "BACKEND": self.setup.backend_port,
            "LOG": self.log_path,
            "ADMIN": self.setup.admin,
            "BULK": self.setup.bulk,
            "HTTP2": self.setup.http2,
            "GRPC": self.setup.grpc,
            "NAME": first["domain"],
            "CERT": first["cert"],
            "KEY": first["key"],
            "CERTIFICATES": self.setup.served.directory,
            "PLACE": os.path.basename(self.setup.served.directory),
        }

    @property
    def config_path(self):
        return os.path.join(self.directory, self.template)

    def write(self):
        text = template.render(self.template, self.values(), self.setup.served.domains())
        with open(self.config_path, "w", encoding="utf-8") as file:
            file.write(text)

    def command(self):
        raise NotImplementedError

    def start(self):
        """Configured and spawned; not necessarily serving yet."""
        self.write()
        self.process = processes.start(
            self.command(),
            self.core,
            self.output_path,
            env={**os.environ, **self.environment},
            cwd=self.directory,
        )
        self.tree = machine.Tree(self.process.pid)

    def wait_ready(self, status=b"200", patience_s=10.0):
        """Until the last domain is served."""
        name = certificates.domain_name(self.setup.served.count)
        context = certificates.client_context(self.setup.served.authority)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if certificates.serves(context, self.https_port, name, status):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise Failure(f"{self.name} does not serve:\n{processes.tail(self.output_path)}")

    def wait_listening(self):
        """Until it accepts connections; what it answers is for the load to see."""
        if not processes.listens(self.https_port, time.monotonic() + 10):
            raise Failure(f"{self.name} does not listen:\n{processes.tail(self.output_path)}")

    def reload(self):
        """Tell the running proxy that its files changed. Returns at once."""
        os.kill(self.process.pid, signal.SIGHUP)

    def stop(self):
        if self.process is not None:
            processes.end(self.process)
            self.process = None

    @classmethod
    def available(cls):
        return shutil.which(cls.name) is not None

    @classmethod
    def version(cls):
        return machine.first_line(cls.name, *cls.versions)


class Swarmward(Peer):
    name = "swarmward"
    template = "swarmward.yaml"
    program = os.path.join(ROOT, "build", "swarmward")

    def command(self):
        # a socket of its own, so that it runs beside one that serves this machine
        socket = os.path.join(os.path.dirname(self.config_path), "control.sock")
        return [self.program, "run", "-c", self.config_path, "--workers", "1", "--socket", socket]

    @classmethod
    def available(cls):
        return os.access(cls.program, os.X_OK)

    @classmethod
    def version(cls):
        commit = machine.first_line("git", "-C", ROOT, "describe", "--always", "--dirty")
        return f"swarmward {commit}"


class KeysInWorkers(Swarmward):
    """The same without swarmward-keys: what the process of its own costs."""

    name = "keys-in-workers"

    def command(self):
        return super().command() + ["--keys-in-workers"]


class Before(Swarmward):
    """Of another build: what a change has cost."""

    name = "before"


class Nginx(Peer):
    name = "nginx"
    template = "nginx.conf"
    versions = ("-v",)

    def values(self):
        return {
            **super().values(),
            "PROTOCOLS": "ssl http2" if self.setup.http2 else "ssl",
            "PASS": "grpc_pass grpc" if self.setup.grpc else "proxy_pass http",
        }

    def command(self):
        return ["nginx", "-c", self.config_path, "-p", self.directory]


class Haproxy(Peer):
    name = "haproxy"
    template = "haproxy.cfg"
    versions = ("-v",)

    def values(self):
        return {**super().values(), "ALPN": "h2,http/1.1" if self.setup.http2 else "http/1.1"}

    def write(self):
        super().write()
        domains = self.setup.served.domains()
        for name, line in (("certificates", "{pem} {domain}\n"), ("map", "{domain} service\n")):
            with open(os.path.join(self.directory, f"haproxy.{name}"), "w", encoding="utf-8") as file:
                file.writelines(line.format(**domain) for domain in domains)

    def command(self):
        return ["haproxy", "-W", "-f", self.config_path]

    def start(self):
        # it writes its access log to stdout, the others to a file: the same file system for all
        if self.log_path:
            self.output_path = self.log_path
        super().start()

    def reload(self):
        os.kill(self.process.pid, signal.SIGUSR2)


class H2o(Peer):
    name = "h2o"
    template = "h2o.conf"
    versions = ("-v",)
    grpc = False  # 2.2 speaks HTTP/1.1 to backends

    def command(self):
        return ["h2o", "-m", "master" if self.setup.admin else "worker", "-c", self.config_path]


class Caddy(Peer):
    name = "caddy"
    template = "Caddyfile"
    versions = ("version",)

    def __init__(self, setup, core):
        super().__init__(setup, core)
        self.environment = {
            "GOMAXPROCS": "1",
            "HOME": self.directory,
            "XDG_DATA_HOME": self.directory,
            "XDG_CONFIG_HOME": self.directory,
        }

    def command(self):
        return ["caddy", "run", "--config", self.config_path, "--adapter", "caddyfile"]

    def reload(self):
        command = ["caddy", "reload", "--config", self.config_path, "--adapter", "caddyfile"]
        command += ["--force", "--address", f"unix/{self.directory}/caddy.sock"]
        environment = {**os.environ, **self.environment}
        helper = processes.start(command, self.core, self.output_path, env=environment)
        self.tree.add(helper.pid)

    @classmethod
    def version(cls):
        return f"Caddy {super().version()}"


class Nghttpx(Peer):
    """For HTTP/2 alone, which it is made for."""

    name = "nghttpx"
    template = "nghttpx.conf"
    versions = ("--version",)

    def command(self):
        return ["nghttpx", f"--conf={self.config_path}"]


PEERS = [Swarmward, Nginx, Haproxy, H2o, Caddy]
VARIANTS = [KeysInWorkers]  # of swarmward itself: measured beside it, no peers
HTTP2_PEERS = [Nghttpx]
