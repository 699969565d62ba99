"""Which line of the followed code is running: a submission's, or the user's own."""

from __future__ import annotations

import linecache
import sys
import sysconfig
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Final

import torch

from torchkata.worker.frames import PREFIX

Place = tuple[str, int]
"""A file's name and the number of a line in it."""

NOWHERE: Final[Place] = ("", 0)
"""The place of what runs outside of the followed code."""

Follows = Callable[[str], bool]
"""Tells by the name of a file whether its code is followed."""

_LIBRARIES: Final = tuple(
    sorted(
        {
            str(Path(torch.__file__).parent),
            str(Path(__file__).parents[2]),
            *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        }
    )
)


def is_submission(file: str) -> bool:
    """Return whether a file is a submission."""
    return file.startswith(PREFIX)


@cache
def is_own_code(file: str) -> bool:
    """Return whether a file is the user's own: not of Python, PyTorch or an installed package."""
    return not file.startswith((*_LIBRARIES, "<frozen")) and bool(linecache.getline(file, 1))


def run_call(function: Callable[..., object], *args: object, **kwargs: object) -> object:
    """Call the measured function; frames outside of this one are not its own."""
    return function(*args, **kwargs)


def place_of(frame: FrameType | None, follows: Follows) -> Place:
    """Return the place of the innermost followed frame, from `frame` outward."""
    while frame is not None and frame.f_code is not run_call.__code__:
        if follows(frame.f_code.co_filename):
            return frame.f_code.co_filename, frame.f_lineno or 0
        frame = frame.f_back
    return NOWHERE


def current_place(follows: Follows) -> Place:
    """Return the place that is running now."""
    return place_of(sys._getframe(1), follows)  # noqa: SLF001 - the documented way
