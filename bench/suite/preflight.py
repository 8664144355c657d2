"""Before a proxy is measured it shows that it does what all the others do."""

import http.client
import os
import socket

from . import certificates
from .peers import Failure


def get(peer, path, https=True):
    """(TLS socket facts or None, response, body) for the first domain."""
    name = certificates.domain_name(1)
    if not https:
        connection = http.client.HTTPConnection("127.0.0.1", peer.http_port, timeout=10)
        connection.request("GET", path, headers={"Host": name})
        response = connection.getresponse()
        return None, response, response.read()
    context = certificates.client_context(peer.setup.served.authority)
    plain = socket.create_connection(("127.0.0.1", peer.https_port), 10)
    with context.wrap_socket(plain, server_hostname=name) as tls:
        facts = (tls.version(), tls.selected_alpn_protocol())
        head = f"GET {path} HTTP/1.1\r\nHost: {name}\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"
        tls.sendall(head.encode())
        response = http.client.HTTPResponse(tls)
        response.begin()
        return facts, response, response.read()


def check(peer):
    """TLS 1.3, forwarding fields, HSTS, every body, the redirect; Failure names what is missing."""
    name = certificates.domain_name(1)
    facts, response, body = get(peer, "/echo")
    expected = {
        "TLS 1.3 and http/1.1": facts == ("TLSv1.3", "http/1.1"),
        "status 200": response.status == 200,
        "HSTS": response.getheader("Strict-Transport-Security", "").startswith("max-age="),
        "Host": f"host={name}".encode() in body,
        "X-Forwarded-Proto": b"proto=https" in body,
        # h2o adds to what the client sent, the others replace it
        "X-Forwarded-For of its own": b"127.0.0.1 proto" in body,
    }
    for path, size in (("/1k", 1024), ("/16k", 16384), ("/1m", 1 << 20)):
        expected[path] = len(get(peer, path)[2]) == size
    _, response, _ = get(peer, "/x?y=1", https=False)
    target = f"https://{name}:{peer.https_port}/x?y=1"
    expected["redirect"] = (response.status, response.getheader("Location")) == (308, target)
    for what, holds in expected.items():
        if not holds:
            raise Failure(f"{peer.name}: {what} is missing: {facts} {response.status} {body[:200]}")


def check_log(peer, requests):
    """One line for each request."""
    with open(peer.log_path, "rb") as log:
        lines = sum(1 for line in log if b"/1" in line)
    os.remove(peer.log_path)
    if lines < requests:
        raise Failure(f"{peer.name}: {lines} lines in the access log for {requests} requests")
