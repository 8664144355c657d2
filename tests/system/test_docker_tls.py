"""The Docker API over TCP and mutual TLS: followed with the right certificates; with any wrong one
nothing is followed, and status says why."""

import contextlib
import os
import socket
import ssl
import threading

import pytest
from lab.backends import says
from lab.certificates import Authority
from lab.process_table import wait_until
from test_discovery import engine, swarm, unverified  # noqa: F401 (fixtures)

ADDRESS = "127.0.0.1"


def relay(source, target):
    with contextlib.suppress(OSError):
        while got := source.recv(65536):
            target.sendall(got)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


class TlsDoor:
    """A TCP port in front of the fake Engine's socket that only holders of a certificate may use."""

    def __init__(self, engine_path, certificate, client_authority):
        self.engine_path = engine_path
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.cert, certificate.key)
        self.context.load_verify_locations(client_authority.ca)
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.listener = socket.create_server((ADDRESS, 0))
        self.at = f"tcp://localhost:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, plain):
        with plain.dup() as spare, contextlib.suppress(OSError):
            try:
                client = self.context.wrap_socket(plain, server_side=True)
            except ssl.SSLError:
                spare.shutdown(socket.SHUT_WR)
                while spare.recv(65536):  # a reset would take the reason away from the other side
                    pass
                return
            with client, socket.socket(socket.AF_UNIX) as engine_socket:
                engine_socket.connect(self.engine_path)
                threading.Thread(target=relay, args=(engine_socket, client), daemon=True).start()
                relay(client, engine_socket)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def other_authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("other"))


@pytest.fixture
def behind_tls(swarm, engine, backend, authority):  # noqa: F811
    """behind_tls(server=..., ca=..., client=...) -> swarmward, told of an Engine behind a door;
    `client` may be None: it knocks in the clear"""
    doors = []

    def begin(server="localhost", ca=authority, client=authority):
        doors.append(TlsDoor(engine.path, authority.issue(server), authority))
        docker = {"endpoint": doors[-1].at}
        if client:
            shown = client.issue("client.test")
            docker["tls"] = {"ca": str(ca.ca), "cert": str(shown.cert), "key": str(shown.key)}
        else:
            docker["endpoint"] = docker["endpoint"].replace("localhost", ADDRESS)
        live = swarm(docker=docker)
        live.add("web", "a.test", backend(says("x")))
        return live

    yield begin
    for door in doors:
        door.close()


def test_the_right_certificates(behind_tls):
    live = behind_tls()
    live.settles("a.test", b"x")
    wait_until(lambda: live.docker()["link"] == "live", "the API is followed")
    live.add("more", "b.test")
    wait_until(lambda: "more" in str(live.instance.status()), "its event came through")


@pytest.mark.parametrize("wrong, reason", [
    ("authority", "certificate problem"),
    ("name", "host name 'localhost'"),
    ("client", "alert unknown ca"),
    ("clear", "/version"),
])  # fmt: skip
def test_a_wrong_certificate(behind_tls, engine, other_authority, wrong, reason):  # noqa: F811
    wrongs = {
        "authority": {"ca": other_authority},
        "name": {"server": "elsewhere.test"},
        "client": {"client": other_authority},
        "clear": {"client": None},
    }
    live = behind_tls(**wrongs[wrong])
    wait_until(lambda: live.docker()["problem"], "a problem is said")
    # It is tried again all the time, and then "connecting": what lost it is looked at where it is lost.
    docker = wait_until(lambda: (now := live.docker())["link"] == "lost" and now, "the link is lost")
    assert reason in docker["problem"], docker
    assert not engine.counts, "no request came through"
