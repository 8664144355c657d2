"""HTTP/1.1 off a socket, byte for byte as it was sent: what a library would tidy up is just what the
scenarios want to see."""

from dataclasses import dataclass, field


class Ended(Exception):
    """The peer ended its bytes; `bytes_so_far` came before."""

    def __init__(self, bytes_so_far=b""):
        super().__init__(f"the peer closed after {bytes_so_far[:200]!r}")
        self.bytes_so_far = bytes_so_far


@dataclass
class Message:
    start: str
    fields: list
    body: bytes = b""
    trailers: list = field(default_factory=list)
    interim: list = field(default_factory=list)  # 1xx responses before this one
    raw_head: bytes = b""

    @property
    def status(self):
        return int(self.start.split(" ")[1])

    @property
    def method(self):
        return self.start.split(" ")[0]

    @property
    def target(self):
        return self.start.split(" ")[1]

    def all(self, name):
        return [value for known, value in self.fields if known.lower() == name.lower()]

    def get(self, name):
        """The value of the only field of this name; None when there is none."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} twice: {values}"
        return values[0] if values else None


class Reader:
    """Reads messages off anything that has recv()."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""

    def _more(self):
        got = self.sock.recv(65536)
        if not got:
            raise Ended(self.buffer)
        self.buffer += got

    def until(self, mark):
        while mark not in self.buffer:
            self._more()
        found, self.buffer = self.buffer.split(mark, 1)
        return found + mark

    def exactly(self, count):
        pieces = []
        while count > 0:
            if not self.buffer:
                try:
                    self._more()
                except Ended:
                    raise Ended(b"".join(pieces)) from None
            piece, self.buffer = self.buffer[:count], self.buffer[count:]
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)

    def to_the_end(self):
        pieces = [self.buffer]
        while got := self.sock.recv(65536):
            pieces.append(got)
        self.buffer = b""
        return b"".join(pieces)

    def head(self):
        raw = self.until(b"\r\n\r\n")
        start, *lines = raw[:-4].decode("latin-1").split("\r\n")
        pairs = [line.split(":", 1) for line in lines]
        return Message(start, [(name, value.strip()) for name, value in pairs], raw_head=raw)

    def chunk(self):
        """One chunk's data; empty for the last one (whose trailers are still to be read)."""
        size = int(self.until(b"\r\n").split(b";")[0], 16)
        data = self.exactly(size)
        if size:
            assert self.exactly(2) == b"\r\n"
        return data

    def trailers(self):
        found = []
        while (line := self.until(b"\r\n")) != b"\r\n":
            name, value = line.decode("latin-1").split(":", 1)
            found.append((name, value.strip()))
        return found

    def chunked_body(self, message):
        pieces = []
        while piece := self.chunk():
            pieces.append(piece)
        message.body = b"".join(pieces)
        message.trailers = self.trailers()

    def body(self, message, bodiless=False):
        if bodiless:
            return message
        if "chunked" in (message.get("Transfer-Encoding") or ""):
            self.chunked_body(message)
        elif message.get("Content-Length") is not None:
            message.body = self.exactly(int(message.get("Content-Length")))
        elif message.start.startswith("HTTP/"):
            message.body = self.to_the_end()
        return message

    def request(self):
        return self.body(self.head())

    def response(self, method="GET"):
        """The final response; interim ones before it are kept in `.interim`."""
        interim = []
        while (head := self.head()).status // 100 == 1 and head.status != 101:
            interim.append(head)
        head.interim = interim
        return self.body(head, method == "HEAD" or head.status in (101, 204, 304))


def chunked(*pieces, trailers=()):
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece)
    lines = b"".join(b"%s: %s\r\n" % (n.encode(), v.encode()) for n, v in trailers)
    return body + b"0\r\n" + lines + b"\r\n"


def head(start, fields=()):
    pairs = fields.items() if isinstance(fields, dict) else fields
    lines = "".join(f"{name}: {value}\r\n" for name, value in pairs)
    return f"{start}\r\n{lines}\r\n".encode("latin-1")
