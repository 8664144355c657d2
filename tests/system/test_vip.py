"""A service behind its virtual address: Swarm balances connections there, and an idle one dies unseen
(moby 31208), so each request has a connection of its own."""

from lab import addresses, backends
from lab.backends import says
from lab.process_table import wait_until
from test_admin import metrics
from test_discovery import engine, labels, swarm, unverified  # noqa: F401 (fixtures)

REQUESTS = 6


def behind_vip(live, name, domain, app, task=None):
    """The service's virtual address is `app`; its task, if not said, is where nobody listens."""
    vip = {"NetworkID": live.network, "Addr": f"{app.host}/24"}
    service = live.engine.add_service(
        name, labels(domain, backend_mode="vip"), [live.network], Endpoint={"VirtualIPs": [vip]}
    )
    live.engine.set_tasks(service, [task or addresses.fresh()])
    live.engine.update(service)
    return service


def endpoints(live):
    (service,) = live.instance.status()["services"]
    return [one["address"] for one in service["endpoints"]]


def served(live, app):
    wait_until(lambda: live.instance.status()["services"], "the service")
    wait_until(lambda: endpoints(live) == [app.at], "its endpoint")


def test_each_request_has_a_connection_of_its_own(swarm, backend):  # noqa: F811
    app = backend(backends.echo)
    live = swarm()
    behind_vip(live, "web", "a.test", app)
    served(live, app)
    with live.instance.client() as client:
        for number in range(REQUESTS):
            body = b"number %d" % number
            answer = client.ask("POST", "/", body=body)
            assert answer.body == body and (answer.get("Connection") or "") != "close"
    assert len(app.connections) == REQUESTS
    for connection in app.connections:
        assert connection.received.count(b"POST / HTTP/1.1") == 1
        wait_until(lambda gone=connection: gone.sock.fileno() < 0, "swarmward has closed it")
    assert metrics(live.instance).value("swarmward_connections_accepted_total") < REQUESTS


def test_pipelined_requests_and_those_of_several_clients_share_none(swarm, backend):  # noqa: F811
    app = backend(says("x"))
    live = swarm()
    behind_vip(live, "web", "a.test", app)
    served(live, app)
    with live.instance.client() as one, live.instance.client() as two:
        one.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n" * REQUESTS)
        two.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n" * REQUESTS)
        for client in (one, two):
            assert [client.response().body for _ in range(REQUESTS)] == [b"x"] * REQUESTS
    assert len(app.connections) == app.asked() == 2 * REQUESTS


def test_tasks_of_the_same_service_keep_theirs(swarm, backend):  # noqa: F811
    """The mode is the service's: what is kept for tasks is never used for the address, and back."""
    vip, task = backend(says("vip")), backend(says("task"))
    live = swarm()
    service = behind_vip(live, "web", "a.test", vip, task.host)
    served(live, vip)
    for mode, app, connections in [("task", task, 1), ("vip", vip, REQUESTS), ("task", task, 2)]:
        live.engine.update(service, labels("a.test", backend_mode=mode))
        wait_until(lambda app=app: endpoints(live) == [app.at], f"mode {mode}")
        with live.instance.client() as client:
            for _ in range(REQUESTS):
                assert client.ask().body == mode.encode()
        assert len(app.connections) == connections
