"""Content codings, piece by piece: what came so far, and whether it is complete."""

import ctypes
import zlib


class Gzip:
    def __init__(self):
        self.stream = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def feed(self, data):
        return self.stream.decompress(data)

    @property
    def complete(self):
        return self.stream.eof and not self.stream.unused_data


class Brotli:
    """By libbrotlidec, which every machine has that runs swarmward."""

    SUCCESS, MORE_INPUT, MORE_OUTPUT = 1, 2, 3

    def __init__(self):
        self.library = ctypes.CDLL("libbrotlidec.so.1")
        self.library.BrotliDecoderCreateInstance.restype = ctypes.c_void_p
        self.state = ctypes.c_void_p(self.library.BrotliDecoderCreateInstance(None, None, None))
        self.complete = False

    def feed(self, data):
        pieces = []
        given = ctypes.create_string_buffer(data, len(data))
        at, left = ctypes.c_void_p(ctypes.addressof(given)), ctypes.c_size_t(len(data))
        room = ctypes.create_string_buffer(65536)
        while True:
            out, free = ctypes.c_void_p(ctypes.addressof(room)), ctypes.c_size_t(len(room))
            result = self.library.BrotliDecoderDecompressStream(
                self.state, ctypes.byref(left), ctypes.byref(at), ctypes.byref(free), ctypes.byref(out), None
            )
            assert result in (self.SUCCESS, self.MORE_INPUT, self.MORE_OUTPUT), "no brotli"
            pieces.append(room.raw[: len(room) - free.value])
            if result != self.MORE_OUTPUT:
                assert not (result == self.SUCCESS and left.value), "bytes behind the end"
                self.complete = result == self.SUCCESS
                return b"".join(pieces)

    def __del__(self):
        self.library.BrotliDecoderDestroyInstance(self.state)


DECODERS = {"gzip": Gzip, "br": Brotli}


def decoded(message):
    """The body of a response without its coding, which must be complete."""
    coding = message.get("Content-Encoding")
    if coding is None:
        return message.body
    decoder = DECODERS[coding]()
    body = decoder.feed(message.body)
    assert decoder.complete, "the coding has not ended"
    return body
