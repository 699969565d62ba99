"""Record what a submission does to PyTorch's table of ops: kernels, libraries, replaced calls."""

from __future__ import annotations

import builtins
import functools
import os
import sys
from pathlib import Path
from types import BuiltinFunctionType
from typing import Any

import torch
from torch._ops import OpOverload

from torchkata.worker.frames import PREFIX

globals()["__builtins__"] = dict(vars(builtins))  # which the functions below keep

_MOST_NAMED = 5
_TORCH = str(Path(torch.__file__).parent) + os.sep
_LIBRARY = (_TORCH + "library.py", _TORCH + "_library" + os.sep)
_register: Any = torch.library.Library.impl
_call_op = OpOverload.__call__
_open_library: Any = torch._C._dispatch_library  # noqa: SLF001 - what torch.library uses
_overridden_kernels: set[str] = set()


@functools.wraps(_register)
def _record_kernel(library: Any, op_name: Any, fn: Any, *args: Any, **kwargs: Any) -> Any:
    code = getattr(fn, "__code__", None)
    its_own = code is not None and code.co_filename.startswith(PREFIX)
    if its_own or _is_called_by_submission():  # a partial or another object has no code
        _overridden_kernels.add(f"{library.ns}::{op_name}".removeprefix("aten::"))
    return _register(library, op_name, fn, *args, **kwargs)


def _is_called_by_submission() -> bool:
    """Return whether the submission calls `torch.library`, not a module that it imports."""
    frame = sys._getframe(2)  # noqa: SLF001 - the documented way to walk the stack cheaply
    while frame is not None and frame.f_code.co_filename.startswith(_LIBRARY):
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None and frame.f_code.co_filename.startswith(PREFIX)


@functools.wraps(_open_library)
def _record_library(*args: Any, **kwargs: Any) -> Any:
    if _is_called_by_submission():
        _overridden_kernels.add("torch._C._dispatch_library")
    return _open_library(*args, **kwargs)


# Permanently, and before a submission is loaded. PyTorch's modules register kernels, too.
torch.library.Library.impl = _record_kernel  # type: ignore[assignment,method-assign]
torch._C._dispatch_library = _record_library  # noqa: SLF001 - likewise
del _record_kernel.__wrapped__, _record_library.__wrapped__


def overridden_kernels() -> list[str]:
    """Return the ops for which the submission registered a kernel, or which it has replaced."""
    return sorted(_overridden_kernels)[:_MOST_NAMED]


def note_replaced(op: Any) -> None:
    """Note whether a call of an op, which is about to be made, runs another function instead."""
    if OpOverload.__call__ is not _call_op or _is_replaced(op):
        _overridden_kernels.add(str(op).removeprefix("aten."))


def _is_replaced(op: Any) -> bool:
    """Return whether an op calls something else than a function of PyTorch's C++."""
    if not isinstance(op, OpOverload):
        return False
    return type(op._op) is not BuiltinFunctionType or "__call__" in vars(op)  # noqa: SLF001
