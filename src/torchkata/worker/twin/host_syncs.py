"""Host synchronizations: reads of twin tensors by the CPU, which would make it wait for a GPU."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torchkata.worker.frames import learner_line

if TYPE_CHECKING:
    from collections.abc import Iterator

_thread_state = threading.local()


@dataclass(frozen=True)
class Synchronization:
    """One read of a device tensor by the host, which makes the host wait for the device.

    Attributes:
        op: the operation that reads, such as `item`, `tolist`, `to cpu`, `boolean mask`.
        line: the line of the submission; None if unknown.
    """

    op: str
    line: int | None


def observed_sync(op: str) -> Synchronization:
    """Return the synchronization that happens now, named after the learner's call if it is known.

    Args:
        op: the operation that reads, if nothing names the learner's call.
    """
    return Synchronization(current_sync_reason() or op, learner_line())


@contextlib.contextmanager
def sync_reason(reason: str) -> Iterator[None]:
    """Name the host synchronizations in the block after the learner's call, such as `tolist`.

    The outermost reason of a thread wins.
    """
    previous = current_sync_reason()
    _thread_state.sync_reason = previous or reason
    try:
        yield
    finally:
        _thread_state.sync_reason = previous


def current_sync_reason() -> str | None:
    """Return the reason given by the `sync_reason` block of this thread, if there is one."""
    return getattr(_thread_state, "sync_reason", None)
