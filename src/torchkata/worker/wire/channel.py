"""The worker's end of the pipes: read whole frames, write whole answers."""

from __future__ import annotations

import os
from typing import Final

from torchkata.worker.wire import encoding
from torchkata.worker.wire.decoding import decode

READY: Final = b"R"
GO: Final = b"G"
DONE: Final = b"D"
SEND: Final = b"S"


class Channel:
    """Two descriptors, blocking.

    Args:
        incoming: requests of the judge.
        outgoing: answers to it.
    """

    def __init__(self, incoming: int, outgoing: int) -> None:
        self.incoming = incoming
        self.outgoing = outgoing

    def receive(self) -> object | None:
        """Wait for one request; None when the judge has closed its end."""
        prefix = self._exactly(encoding.PREFIX.size)
        if prefix is None:
            return None
        header_length, payload_length = encoding.lengths(bytes(prefix))
        header, payload = self._exactly(header_length), self._exactly(payload_length)
        if header is None or payload is None:
            return None
        return decode(header, payload, pickles=True)

    def _exactly(self, count: int) -> bytearray | None:
        data = bytearray(count)
        view, got = memoryview(data), 0
        while got < count:
            read = os.readv(self.incoming, [view[got:]])
            if read == 0:
                return None
            got += read
        return data

    def send(self, frame: encoding.Frame) -> None:
        """Write a whole frame."""
        for chunk in frame.chunks():
            view = memoryview(chunk).cast("B")
            while view:
                view = view[os.write(self.outgoing, view) :]

    def handshake(self, word: bytes, answer: bytes) -> None:
        """Say one byte and wait for the judge's: the judge reads the CPU clock in between."""
        os.write(self.outgoing, word)
        if os.read(self.incoming, 1) != answer:
            raise SystemExit(1)
