"""Finds who holds a CPU tensor that was there before the call: a global, a module's attribute."""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from types import FrameType
from typing import Any, Final

from torch import Tensor, nn

from torchkata.i18n import _
from torchkata.worker.frames import PREFIX

_MOST: Final = 200  # names, attributes or modules that are looked at


def owner(tensor: Tensor) -> str:
    """Say who holds a tensor, and how that is spelled for any device; empty if nobody is found.

    Looks into the learner's functions that are running, and into the learner's globals.
    """
    for frame in _frames():
        for name, value in islice(frame.f_locals.items(), _MOST):
            if isinstance(value, nn.Module) and (found := _in_module(name, value, tensor)):
                return found
    for frame in _frames():
        for name, value in islice(frame.f_globals.items(), _MOST):
            if _same(value, tensor):
                return _global(name, frame.f_code.co_filename)
    return ""


def _frames() -> Iterator[FrameType]:
    """The learner's frames, the innermost first."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the documented way to walk the stack
    while frame is not None:
        if frame.f_code.co_filename.startswith(PREFIX):
            yield frame
        frame = frame.f_back


def _same(value: object, tensor: Tensor) -> bool:
    return isinstance(value, Tensor) and (value is tensor or value.data_ptr() == tensor.data_ptr())


def _in_module(name: str, module: nn.Module, tensor: Tensor) -> str:
    for attribute, value in islice(vars(module).items(), _MOST):
        if attribute.startswith("_"):  # where registered ones are kept
            continue
        place = f"{name}.{attribute}"
        if _same(value, tensor):
            return _(
                "{place} is a mere attribute of {kind}, and `.to()` leaves such a tensor where it "
                'is: `self.register_buffer("{attribute}", ...)` lets it move along and be saved '
                "(`nn.Parameter`, if it is learned).",
                place=f"`{place}`",
                kind=type(module).__name__,
                attribute=attribute,
            )
        if any(_holds(inner, tensor) for inner in _modules(value)):
            return _(
                "It belongs to a module in {place}, a Python {kind}, which `.to()` does not look "
                "into: `nn.ModuleList` (or `nn.ModuleDict`) registers what it holds.",
                place=f"`{place}`",
                kind=type(value).__name__,
            )
    if name != "self" and _holds(module, tensor):
        return _(
            "It belongs to the module {name}, which lies on the CPU: make it where x is, "
            "`nn.Linear(..., device=x.device)`, or move it there once, `.to(x.device)`.",
            name=f"`{name}`",
        )
    return ""


def _modules(value: object) -> list[nn.Module]:
    """The modules in a plain container."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, list | tuple):
        return []
    return [part for part in value[:_MOST] if isinstance(part, nn.Module)]


def _holds(module: nn.Module, tensor: Tensor) -> bool:
    held: Iterator[Any] = islice((*module.parameters(), *module.buffers()), _MOST)
    return any(_same(value, tensor) for value in held)


def _global(name: str, file: str) -> str:
    line = _assigned(name, file)
    told = {
        "name": f"`{name}`",
        "line": line,
        "move": f"`{name}.to(x.device)`",
    }
    if not line:
        return _(
            "It is the global {name}, which was made once, on the CPU: {move} where it is used, or "
            "make it in the function, where x is known.",
            **told,
        )
    return _(
        "It is the global {name} of line {line}, which was made once, on the CPU: {move} where it "
        "is used, or make it in the function, where x is known.",
        **told,
    )


def _assigned(name: str, file: str) -> int:
    """The line at the margin that gives a name its value; 0 if there is none."""
    pattern = re.compile(rf"{re.escape(name)}\s*(?::[^=]+)?=(?!=)")
    lines = enumerate(linecache.getlines(file), start=1)
    return next((number for number, line in lines if pattern.match(line)), 0)
