"""The worker's end of the pipes: reads whole frames and writes whole replies."""

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
    """Two blocking descriptors.

    Args:
        incoming: the descriptor for the judge's requests.
        outgoing: the descriptor for the replies.
    """

    def __init__(self, incoming: int, outgoing: int) -> None:
        self.incoming = incoming
        self.outgoing = outgoing

    def receive(self) -> object | None:
        """Return the next request; None once the judge has closed its end."""
        prefix = self._read(encoding.PREFIX.size)
        if prefix is None:
            return None
        header_length, payload_length = encoding.lengths(bytes(prefix))
        header, payload = self._read(header_length), self._read(payload_length)
        if header is None or payload is None:
            return None
        return decode(header, payload, pickles=True)

    def _read(self, count: int) -> bytearray | None:
        data = bytearray(count)
        view, received = memoryview(data), 0
        while received < count:
            read = os.readv(self.incoming, [view[received:]])
            if read == 0:
                return None
            received += read
        return data

    def send(self, frame: encoding.Frame) -> None:
        """Write a whole frame."""
        for chunk in frame.chunks():
            view = memoryview(chunk).cast("B")
            while view:
                view = view[os.write(self.outgoing, view) :]

    def handshake(self, signal: bytes, reply: bytes) -> None:
        """Send one byte and wait for the judge's; the judge reads the CPU clock in between.

        Raises:
            SystemExit: the judge sends another byte, or has closed its end.
        """
        os.write(self.outgoing, signal)
        if os.read(self.incoming, 1) != reply:
            raise SystemExit(1)
