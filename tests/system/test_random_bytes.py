"""Random bytes into both listeners, and valid requests with random damage."""

import random
import ssl

from lab import backends, messages

VALID = (
    b"POST /path?query HTTP/1.1\r\nHost: a.test\r\nContent-Type: text/plain\r\n"
    b"Transfer-Encoding: chunked\r\nX-Custom: some value\r\nCookie: a=b\r\n\r\n"
    b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"
)


def damaged(source, data):
    data = bytearray(data)
    for _ in range(source.randint(1, 4)):
        place = source.randrange(len(data))
        kind = source.randrange(4)
        if kind == 0:
            data[place] = source.randrange(256)
        elif kind == 1:
            del data[place : place + source.randint(1, 8)]
        elif kind == 2:
            data[place:place] = source.randbytes(source.randint(1, 8))
        else:
            data[place:place] = data[source.randrange(len(data)) :][: source.randint(1, 40)]
    return bytes(data)


def throw(client, data):
    """Send, say that this is all, and read whatever comes."""
    try:
        client.send(data)
        client.sock.settimeout(20)
        if isinstance(client.sock, ssl.SSLSocket):
            client.sock.unwrap()
        else:
            client.sock.shutdown(1)
        client.rest()
    except (OSError, messages.Ended, ValueError):
        pass


def test_random_bytes_hurt_nobody(serving, backend):
    source = random.Random(1)
    instance = serving({"app": backend(backends.echo)}, limits={"header_timeout": "500ms", "handshake_timeout": "500ms"})
    workers = instance.children("worker")
    for _ in range(150):
        data = source.randbytes(source.choice([1, 5, 100, 3000]))
        with instance.plain_client() as client:
            throw(client, data)
        with instance.client(context=None) as client:
            throw(client, data)
        with instance.client(context=None) as client:  # as if it were a handshake
            throw(client, b"\x16\x03\x01" + len(data).to_bytes(2, "big") + data)
    assert instance.children("worker") == workers
    assert instance.get().status == 200


def test_damaged_requests_hurt_nobody(serving, backend):
    source = random.Random(2)
    app = backend(backends.echo)
    instance = serving({"app": app}, limits={"header_timeout": "500ms", "body_idle": "500ms"})
    workers = instance.children("worker")
    for _ in range(200):
        with instance.client() as client:
            throw(client, damaged(source, VALID))
        with instance.plain_client() as client:
            throw(client, damaged(source, VALID))
    app.mistakes.clear()  # what passes as valid may be too odd for the scripted backend
    assert instance.children("worker") == workers
    assert instance.get(method="POST", body=b"ok").body == b"ok"
