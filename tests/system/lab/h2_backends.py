"""HTTP/2 backends made of python3-h2: an application is called with each request, on the thread of its
connection, and answers now, later, or badly."""

import threading
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

Errors = h2.errors.ErrorCodes


@dataclass
class Request:
    session: object
    stream: int
    fields: list
    body: bytes = b""
    trailers: list = field(default_factory=list)
    ended: bool = False
    listener: object = None  # of a tunnel: called with each piece, and with None at the end

    def get(self, name):
        values = [value for known, value in self.fields if known == name]
        assert len(values) <= 1, f"{name} twice: {values}"
        return values[0] if values else None

    @property
    def method(self):
        return self.get(":method")

    @property
    def path(self):
        return self.get(":path")

    def answer(self, body=b"", status=200, fields=(), trailers=()):
        pairs = [(":status", str(status)), *fields]
        if not trailers:
            pairs.append(("content-length", str(len(body))))
        self.session.head(self.stream, pairs, end=not body and not trailers)
        if body:
            self.session.data(self.stream, body, end=not trailers)
        if trailers:
            self.session.end(self.stream, trailers)


class Session:
    """One connection from swarmward."""

    def __init__(self, connection, app, at_head, settings):
        self.connection = connection
        self.backend = connection.backend
        self.app = app
        self.at_head = at_head
        self.requests = {}
        self.resets = {}  # by stream: the code
        self.goaway = None
        self.over = threading.Event()  # the peer has closed the connection
        self.waiting = {}  # by stream: what windows did not take, and whether it is the end
        self.lock = threading.RLock()
        config = h2.config.H2Configuration(
            client_side=False, header_encoding="utf-8", validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )  # fmt: skip
        self.h2 = h2.connection.H2Connection(config)
        self.h2.local_settings = h2.settings.Settings(client=False, initial_values=settings)

    # -- what it says; from any thread

    def head(self, stream, fields, end=False):
        with self.lock:
            self.h2.send_headers(stream, list(fields), end_stream=end)
            self.flush()

    def data(self, stream, body, end=True):
        with self.lock:
            before, _ = self.waiting.get(stream, (b"", False))
            self.waiting[stream] = (before + body, end)
            self.pump()

    def end(self, stream, trailers):
        with self.lock:
            if stream in self.waiting:  # behind what is still to come
                self.waiting[stream] = (self.waiting[stream][0], list(trailers))
                self.pump()
            else:
                self.head(stream, trailers, end=True)

    def reset(self, stream, code):
        with self.lock:
            self.h2.reset_stream(stream, code)
            self.flush()

    def go_away(self, last=None, code=Errors.NO_ERROR):
        with self.lock:
            self.h2.close_connection(code, last_stream_id=last)
            self.flush()

    def flush(self):
        self.connection.send(self.h2.data_to_send())

    def pump(self):
        for stream, (body, end) in list(self.waiting.items()):
            if end is True and not body:
                self.h2.end_stream(stream)
            while body:
                room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
                if room <= 0:
                    break
                piece, body = body[:room], body[room:]
                self.h2.send_data(stream, piece, end_stream=end is True and not body)
            if body:
                self.waiting[stream] = (body, end)
                continue
            del self.waiting[stream]
            if isinstance(end, list):
                self.h2.send_headers(stream, end, end_stream=True)
        self.flush()

    # -- what it hears

    def run(self):
        with self.lock:
            self.h2.initiate_connection()
            self.flush()
        while got := self.connection.recv(65536):
            with self.lock:
                for event in self.h2.receive_data(got):
                    self.on_event(event)
                self.pump()

    def on_event(self, event):
        stream = getattr(event, "stream_id", None)
        request = self.requests.get(stream)
        if isinstance(event, h2.events.RequestReceived):
            self.requests[stream] = Request(self, stream, event.headers)
            if self.at_head:
                self.call(self.requests[stream])
        elif isinstance(event, h2.events.DataReceived):
            request.body += event.data
            if request.listener and event.data:
                request.listener(event.data)
            self.h2.acknowledge_received_data(event.flow_controlled_length, stream)
        elif isinstance(event, h2.events.TrailersReceived):
            request.trailers = event.headers
        elif isinstance(event, h2.events.StreamEnded):
            request.ended = True
            if request.listener:
                request.listener(None)
            if not self.at_head:
                self.call(request)
        elif isinstance(event, h2.events.StreamReset):
            self.resets[stream] = event.error_code
            self.waiting.pop(stream, None)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = event.error_code

    def call(self, request):
        self.backend.requests.put(request)
        self.app(request)


def serves(app, at_head=False, **settings):
    """The script of a backend. `at_head`: the application is called with the head, the body comes later."""
    codes = {getattr(h2.settings.SettingCodes, name.upper()): value for name, value in settings.items()}

    def script(connection):
        connection.session = Session(connection, app, at_head, codes)
        try:
            connection.session.run()
        except h2.exceptions.ProtocolError as error:
            connection.backend.mistakes.append(error)
            raise
        finally:
            connection.session.over.set()

    return script


def says(body, **options):
    body = body.encode() if isinstance(body, str) else body
    return serves(lambda request: request.answer(body if request.method != "HEAD" else b""), **options)


def echo(request):
    request.answer(request.body, trailers=request.trailers)


def session(backend, number=0):
    return backend.wait_connections(number + 1)[number].session
