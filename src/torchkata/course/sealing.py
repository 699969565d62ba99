"""Sealing: pack files into one that no editor, search or archiver shows; the judge reads it.

The key is in this file, so sealing stops nobody who wants to read the contents. It prevents
learners from seeing solutions by accident, and nothing more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from torchkata.course import archive

_MAGIC: Final = b"torchkata-sealed"
_KEY: Final = b"read your own answer first"
_MARK: Final = 16  # bytes of the content's hash: they start the keystream and reveal damage


def seal(files: Mapping[str, bytes], version: str) -> bytes:
    """Seal files; the same files give the same bytes.

    Args:
        files: by path.
        version: of the engine that may open them.
    """
    packed = archive.create(files)
    mark = _mark(packed)
    return b" ".join((_MAGIC, version.encode())) + b"\n" + mark + _xor(packed, mark)


def version_of(data: bytes) -> str | None:
    """Return the version of the engine that sealed this; None if it is not a sealed file."""
    head, newline, _ = data[:100].partition(b"\n")
    magic, _, version = head.partition(b" ")
    return version.decode("ascii", "replace") if magic == _MAGIC and newline else None


def unseal(data: bytes) -> dict[str, bytes]:
    """Return the files that `seal` packed.

    Raises:
        ValueError: the data is damaged.
    """
    body = data.partition(b"\n")[2]
    mark, rest = body[:_MARK], body[_MARK:]
    packed = _xor(rest, mark)
    if _mark(packed) != mark:
        raise ValueError("the contents do not match their hash")
    return archive.read(packed)


def _mark(packed: bytes) -> bytes:
    return hashlib.blake2b(packed, digest_size=_MARK, key=_KEY).digest()


def _xor(data: bytes, mark: bytes) -> bytes:
    """XOR with the keystream; doing it twice returns the data."""
    stream = hashlib.shake_256(_KEY + mark).digest(len(data))
    crossed = int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")
    return crossed.to_bytes(len(data), "big")
