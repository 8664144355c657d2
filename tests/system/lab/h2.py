"""A client of HTTP/2 that sends whatever frames it is told to, and reads what comes, frame by frame."""

import contextlib
import socket
import ssl

import hpack
from hyperframe import frame as frames

from .client import WAIT_SECONDS, trusting

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Answer:
    """What came on one stream."""

    def __init__(self):
        self.heads = []  # lists of (name, value): interim ones, the final one, trailers
        self.body = b""
        self.ended = False
        self.reset = None  # the code

    @property
    def interim(self):
        return [head for head in self.heads if head[0][1].startswith("1")]

    @property
    def final(self):
        return next(head for head in self.heads if head[0][0] == ":status" and not head[0][1].startswith("1"))

    @property
    def status(self):
        return int(self.final[0][1])

    @property
    def trailers(self):
        return [head for head in self.heads if head[0][0] != ":status"]

    def get(self, name):
        return next((value for field, value in self.final if field == name), None)


class H2Client:
    """One connection. `window`: of each stream towards us; `updates`: whether what came is given back."""

    def __init__(self, instance, host="a.test", settings=None, updates=True, connect=True, small=False, source=None):
        context = trusting(instance.authority.ca, alpn=["h2", "http/1.1"])
        plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        plain.settimeout(WAIT_SECONDS)
        if small:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        if source:
            plain.bind((source, 0))
        plain.connect(instance.https)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = context.wrap_socket(plain, server_hostname=host)
        self.host = host
        self.encoder = hpack.Encoder()
        self.decoder = hpack.Decoder()
        self.received = b""
        self.answers = {}
        self.goaways = []
        self.settings = {}
        self.windows = {0: 65535}  # towards them
        self.pongs = 0
        self.answers_pings = True
        self.updates = updates
        self.next_stream = 1
        self.closed = False
        self.block = None
        assert self.sock.selected_alpn_protocol() == "h2"
        if connect:
            self.send_bytes(PREFACE)
            self.send(frames.SettingsFrame(0, settings=settings or {}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    # -- sending

    def send_bytes(self, data):
        self.sock.sendall(data)

    def send(self, *all_frames):
        self.send_bytes(b"".join(frame.serialize() for frame in all_frames))

    def stream(self):
        self.next_stream += 2
        self.answers[self.next_stream - 2] = Answer()
        return self.next_stream - 2

    def fields(self, method="GET", path="/", more=(), authority=None):
        return [
            (":method", method), (":scheme", "https"), (":authority", authority or self.host), (":path", path), *more,
        ]  # fmt: skip

    def headers(self, stream, fields, *flags):
        frame = frames.HeadersFrame(stream, self.encoder.encode(fields))
        frame.flags = {"END_HEADERS", *flags} - {"NO_END_HEADERS"}
        if "NO_END_HEADERS" in flags:
            frame.flags -= {"END_HEADERS"}
        self.send(frame)

    def ask(self, method="GET", path="/", more=(), body=None, trailers=None, authority=None, fields=None):
        """Send a whole request; the stream."""
        stream = self.stream()
        more_comes = body is not None or trailers
        self.headers(
            stream,
            fields if fields is not None else self.fields(method, path, more, authority),
            *([] if more_comes else ["END_STREAM"]),
        )
        if body is not None:
            self.data(stream, body, end=not trailers)
        if trailers:
            self.headers(stream, trailers, "END_STREAM")
        return stream

    def data(self, stream, data, end=False):
        """As the windows allow."""
        while True:
            room = min(self.window(stream), self.windows[0], 16384)
            if room <= 0 and data:
                self.read_frame()
                continue
            piece, data = data[:room], data[room:]
            frame = frames.DataFrame(stream, piece)
            if end and not data:
                frame.flags = {"END_STREAM"}
            self.windows[stream] = self.window(stream) - len(piece)
            self.windows[0] -= len(piece)
            self.send(frame)
            if not data:
                return

    def window(self, stream):
        return self.windows.setdefault(stream, self.settings.get(4, 65535))

    def reset(self, stream, code=8):
        self.send(frames.RstStreamFrame(stream, error_code=code))

    def update(self, stream, size):
        self.send(frames.WindowUpdateFrame(stream, window_increment=size))

    # -- receiving

    def exactly(self, count):
        while len(self.received) < count:
            got = self.sock.recv(65536)
            if not got:
                self.closed = True
                raise EOFError
            self.received += got
        piece, self.received = self.received[:count], self.received[count:]
        return piece

    def read_frame(self):
        head = self.exactly(9)
        frame, length = frames.Frame.parse_frame_header(memoryview(head))
        frame.parse_body(memoryview(self.exactly(length)))
        self.take(frame)
        return frame

    def take(self, frame):
        answer = self.answers.get(frame.stream_id)
        kind = type(frame).__name__
        if kind == "SettingsFrame" and "ACK" not in frame.flags:
            before = self.settings.get(4, 65535)
            self.settings.update(frame.settings)
            for stream in self.windows:
                if stream:
                    self.windows[stream] += self.settings.get(4, 65535) - before
            self.send(frames.SettingsFrame(0, flags=["ACK"]))
        elif kind == "PingFrame":
            if "ACK" in frame.flags:
                self.pongs += 1
            elif self.answers_pings:
                self.send(frames.PingFrame(0, opaque_data=frame.opaque_data, flags=["ACK"]))
        elif kind == "WindowUpdateFrame":
            self.windows[frame.stream_id] = self.window(frame.stream_id) + frame.window_increment
        elif kind == "GoAwayFrame":
            self.goaways.append((frame.last_stream_id, frame.error_code))
        elif kind in ("HeadersFrame", "ContinuationFrame"):
            self.block = frame.data if kind == "HeadersFrame" else self.block + frame.data
            self.block_ends = "END_STREAM" in frame.flags if kind == "HeadersFrame" else self.block_ends
            if "END_HEADERS" in frame.flags:
                answer.heads.append(self.decoder.decode(self.block))
                answer.ended = answer.ended or self.block_ends
        elif kind == "RstStreamFrame":
            if answer:
                answer.reset = frame.error_code
        elif kind == "DataFrame":
            answer.body += frame.data
            answer.ended = answer.ended or "END_STREAM" in frame.flags
            if self.updates and frame.flow_controlled_length:
                self.update(0, frame.flow_controlled_length)
                if not answer.ended:
                    self.update(frame.stream_id, frame.flow_controlled_length)

    def read_until(self, is_true):
        while not is_true():
            self.read_frame()

    def answer(self, stream):
        """All of it: to its end or its reset."""
        answer = self.answers[stream]
        self.read_until(lambda: answer.ended or answer.reset is not None)
        return answer

    def head(self, stream):
        answer = self.answers[stream]
        self.read_until(lambda: answer.reset is not None or any(not head[0][1].startswith("1") for head in answer.heads))
        return answer

    def get(self, path="/", **options):
        return self.answer(self.ask(path=path, **options))

    def ping(self):
        """One round trip: all that was sent before has been looked at."""
        before = self.pongs
        self.send(frames.PingFrame(0, opaque_data=b"12345678"))
        self.read_until(lambda: self.pongs > before)

    def rest(self):
        """Until the end of the connection, however it comes; the code of the last GOAWAY."""
        with contextlib.suppress(EOFError, ConnectionError, ssl.SSLError):
            while True:
                self.read_frame()
        self.closed = True
        return self.goaways[-1][1] if self.goaways else None
