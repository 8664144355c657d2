"""Loopback addresses that nobody else uses: all of 127.0.0.0/8 is ours, so that each scenario has
its own address with fixed ports, and none has to guess a free port."""

import itertools
import os

HTTPS_PORT = 8443
HTTP_PORT = 8080
ADMIN_PORT = 9901
BACKEND_PORT = 9000

_next = itertools.count(1)


def fresh():
    """One address a call; processes (pytest runs several) have different second octets."""
    number = next(_next)
    process = os.getpid()
    return f"127.{20 + process % 200}.{process // 200 % 50 * 5 + number // 250}.{1 + number % 250}"
