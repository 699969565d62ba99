"""Sealing: files in one that no editor, search or archiver reads; the judge opens it in memory.

The key stands in this file, so sealing stops no one who means to read what is sealed. It keeps
honest people from seeing answers by accident, and nothing more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from torchkata.course.archive import contents, pack

_MAGIC: Final = b"torchkata-sealed"
_KEY: Final = b"read your own answer first"
_MARK: Final = 16  # bytes that name the content: they start the keystream, and tell damage


def seal(files: Mapping[str, bytes], version: str) -> bytes:
    """Seal files, given by path; the same files give the same bytes.

    Args:
        files: by path.
        version: of the engine that may open them.
    """
    packed = pack(files)
    mark = _mark(packed)
    return b" ".join((_MAGIC, version.encode())) + b"\n" + mark + _crossed(packed, mark)


def version_of(data: bytes) -> str | None:
    """The version of the engine that sealed this; None where it is no sealed file."""
    head, newline, _ = data[:100].partition(b"\n")
    magic, _, version = head.partition(b" ")
    return version.decode("ascii", "replace") if magic == _MAGIC and newline else None


def unseal(data: bytes) -> dict[str, bytes]:
    """Open what `seal` has made.

    Raises:
        ValueError: it is not whole.
    """
    body = data.partition(b"\n")[2]
    mark, rest = body[:_MARK], body[_MARK:]
    packed = _crossed(rest, mark)
    if _mark(packed) != mark:
        raise ValueError("what came out is not what went in")
    return contents(packed)


def _mark(packed: bytes) -> bytes:
    return hashlib.blake2b(packed, digest_size=_MARK, key=_KEY).digest()


def _crossed(data: bytes, mark: bytes) -> bytes:
    """Add the keystream, bit by bit; doing it twice gives the data back."""
    stream = hashlib.shake_256(_KEY + mark).digest(len(data))
    crossed = int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")
    return crossed.to_bytes(len(data), "big")
