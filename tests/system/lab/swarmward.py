"""swarmward under test: its file, its processes, what it says, and how it ends."""

import json
import os
import signal
import socket
import subprocess
import threading
from pathlib import Path

from . import addresses, process_table, valgrind
from .client import WAIT_SECONDS, Client, trusting

PROBE = "/is-it-serving"  # asked on port 80 by start(); kept out of what scenarios see of the log

ROOT = Path(__file__).resolve().parents[3]
SANITIZED = ROOT / os.environ.get("SWARMWARD_BUILD", "build-test")
RELEASE = ROOT / os.environ.get("SWARMWARD_RELEASE", "build")
if valgrind.ON:
    SANITIZED = RELEASE = ROOT / "build-valgrind"


def command(build):
    """The swarmward of a build directory."""
    return build / "swarmward"


class Lines:
    """Lines off a pipe, as they come."""

    def __init__(self, pipe, without=None):
        self.seen = []
        self.without = without
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._read, args=(pipe,), daemon=True)
        self.thread.start()

    def _read(self, pipe):
        for line in pipe:
            if self.without and self.without in line:
                continue
            with self.changed:
                self.seen.append(line.rstrip("\n"))
                self.changed.notify_all()

    def wait(self, wanted, after=0):
        """The first line (from number `after` on) for which wanted(line) is true."""

        def found():
            return next((line for line in self.seen[after:] if wanted(line)), None)

        with self.changed:
            assert self.changed.wait_for(lambda: found() is not None, WAIT_SECONDS), (
                "no such line:\n" + "\n".join(self.seen[-30:])
            )
            return found()

    def text(self):
        return "\n".join(self.seen)


class Swarmward:
    """One instance on an address of its own."""

    def __init__(self, folder, authority, build=SANITIZED):
        self.folder = Path(folder)
        self.authority = authority
        self.build = build
        self.address = addresses.fresh()
        self.https = (self.address, addresses.HTTPS_PORT)
        self.http = (self.address, addresses.HTTP_PORT)
        self.file = self.folder / "swarmward.yaml"
        self.state = self.folder / "state"
        self.socket = self.folder / "swarmward.sock"
        self.process = None
        self.variables = {}  # of the environment, more than those below
        self.context = trusting(authority.ca)

    # -- its file

    def settings(self, services=None, domains=None, certificates=None, **sections):
        """The settings of most scenarios, as the sections of the file; JSON is YAML, too.

        `services` maps a name to backends (or to a whole entry), `domains` a name to a service (or
        to a whole entry).
        """
        services = services or {}
        entries = {}
        for name, entry in services.items():
            if not isinstance(entry, dict):
                backends = entry if isinstance(entry, (list, tuple)) else [entry]
                entry = {"servers": [getattr(backend, "at", backend) for backend in backends]}
            entries[name] = entry
        domains = domains if domains is not None else {"a.test": next(iter(services))}
        if certificates is None:
            full = [entry for entry in domains.values() if isinstance(entry, dict)]
            names = sorted({*domains, *(name for entry in full for name in entry.get("aliases", ()))})
            certificates = [self.authority.issue(*names)] if names else []
        whole = {
            "version": 1,
            "listeners": {
                "https": {"address": f"{self.address}:{addresses.HTTPS_PORT}"},
                "http": {"address": f"{self.address}:{addresses.HTTP_PORT}"},
                "admin": {"address": f"{self.address}:{addresses.ADMIN_PORT}"},
            },
            "policy": {"backend_encryption": "none", "exception": "loopback of one test"},
            "tls": {"certificates": [c.row() for c in certificates]},
            "services": entries,
            "domains": domains,
            "shutdown": {"delay": "0s", "drain": "2s"},
        }
        for name, section in sections.items():
            if isinstance(section, dict):
                whole[name] = {**whole.get(name, {}), **section}
            else:
                whole[name] = section
        return whole

    def write(self, *arguments, **sections):
        self.write_text(json.dumps(self.settings(*arguments, **sections), indent=1))

    def write_text(self, text):
        """As editors do it: a new file takes the old one's place."""
        new = self.file.with_suffix(".new")
        new.write_text(text)
        os.chmod(new, 0o644)
        new.replace(self.file)

    # -- its processes

    def environment(self):
        return {
            **os.environ,
            "ASAN_OPTIONS": "exitcode=99:detect_leaks=1:quarantine_size_mb=8",
            "LSAN_OPTIONS": "report_objects=1",
            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=98",
            **self.variables,
        }

    def words(self, *more, prefix=()):
        return [
            *prefix, *valgrind.words(), str(command(self.build)), "run", "-c", str(self.file),
            "--state-dir", str(self.state), "--socket", str(self.socket), *more,
        ]  # fmt: skip

    def spawn(self, *more, prefix=(), **options):
        """Start it without waiting for anything."""
        self.process = subprocess.Popen(
            self.words(*more, prefix=prefix),
            stdin=subprocess.DEVNULL,
            stdout=options.pop("stdout", subprocess.PIPE),
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment(),
            **options,
        )
        self.log = Lines(self.process.stderr)
        self.access = Lines(self.process.stdout, PROBE) if self.process.stdout else None
        return self

    def start(self, *more, **options):
        self.spawn(*more, **options)
        self.wait_until_serving()
        return self

    def wait_until_serving(self):
        def connected():
            assert self.process.poll() is None, "it ended:\n" + self.log.text()
            try:
                return Client(self.http)
            except ConnectionRefusedError:
                return None

        client = process_table.wait_until(connected, "listening")
        with client:
            assert client.ask(target=PROBE).status >= 300
        self.log.wait(lambda line: "result=served" in line)  # every process knows that it is ready

    def children(self, program=None):
        found = process_table.children(self.process.pid)
        return [pid for pid, name in found if program is None or name == f"swarmward-{program}"]

    def worker(self):
        """The pid of the only worker."""
        (pid,) = self.children("worker")
        return pid

    def processes(self):
        return [self.process.pid, *self.children()]

    def send_signal(self, number):
        self.process.send_signal(number)

    # -- its commands

    def command(self, *words, check=True, **options):
        done = subprocess.run(
            [*valgrind.words(), str(command(self.build)), *map(str, words)],
            capture_output=True, text=True, env=self.environment(), timeout=valgrind.scaled(120), **options,
        )  # fmt: skip
        assert not valgrind.reports(done.stderr), done.stderr
        if check:
            assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def ask(self, name, *words, check=True):
        """A subcommand that talks to the running instance."""
        return self.command(name, "--socket", str(self.socket), *words, check=check)

    def status(self):
        return json.loads(self.ask("status", "--json").stdout)

    def reload(self, check=True):
        return self.ask("reload", check=check)

    # -- its clients

    def client(self, host="a.test", **options):
        return Client(self.https, host, options.pop("context", self.context), **options)

    def plain_client(self, host="a.test", **options):
        return Client(self.http, host, **options)

    def get(self, target="/", host="a.test", **options):
        with self.client(host) as client:
            return client.ask(options.pop("method", "GET"), target, **options)

    def exchange(self, wanted=lambda line: True, after=0):
        """The access log's line, as an object, for which wanted(object) is true."""

        def suits(line):
            return line.startswith("{") and wanted(json.loads(line))

        return json.loads(self.access.wait(suits, after))

    # -- its end

    def stop(self, by=signal.SIGTERM):
        """End it, and look at how it ended."""
        if self.process is None:
            return
        left = self.processes() if self.process.poll() is None else []
        if self.process.poll() is None:
            self.process.send_signal(by)
            try:
                self.process.wait(WAIT_SECONDS)
            except subprocess.TimeoutExpired:
                for pid in left:
                    os.kill(pid, signal.SIGKILL)
                self.process.wait()
                raise AssertionError("it did not end:\n" + self.log.text()) from None
        code, self.process = self.process.returncode, None
        self.check_sanitizers()
        assert code == 0, f"it ended with {code}:\n" + self.log.text()
        process_table.wait_until(
            lambda: not any((process_table.program(p) or "").startswith("swarmward") for p in left),
            "every process has ended",
        )

    def check_sanitizers(self):
        """They report to standard error, which every process shares."""
        self.log.thread.join(WAIT_SECONDS)
        said = self.log.text()
        assert "Sanitizer" not in said and "runtime error:" not in said, said
        assert not valgrind.reports(said), said

    def kill(self):
        """When a scenario has failed: nothing may stay behind."""
        if self.process and self.process.poll() is None:
            for pid in self.processes():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait()
        self.process = None


def connectable(address):
    try:
        socket.create_connection(address, WAIT_SECONDS).close()
        return True
    except OSError:
        return False
