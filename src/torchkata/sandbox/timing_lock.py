"""Turns: judges that work side by side time one after the other, whatever else they do together."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def turn(place: Path | None) -> Iterator[None]:
    """Hold a place at which one judge at a time reads the clock.

    The kernel gives the place back when its holder dies, so a killed judge blocks nobody.

    Args:
        place: a file that all judges of the same cores share; None for a judge that works alone.
    """
    if place is None or not sys.platform.startswith("linux"):
        yield
        return
    import fcntl  # noqa: PLC0415 - not on every platform

    descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
