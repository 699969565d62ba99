"""What the twin cannot run although a GPU can: an explicit list of PyTorch's errors.

A submission cannot claim such an error by raising it: PyTorch, or the twin itself, must have raised
it. The judge believes it only if the same call succeeds on the CPU.
"""

from __future__ import annotations

import dis
import re
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, TracebackType
from typing import Final

import torch

from torchkata.worker.frames import PREFIX

_ERRORS: Final = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        # Nested tensors.
        (RuntimeError, r"NestedTensorImpl doesn't support"),
        (RuntimeError, r"storage_device\.is_cpu\(\).* INTERNAL ASSERT FAILED"),
        (NotImplementedError, r"^The twin cannot run nested tensors"),
        # Subclasses that wrap a tensor.
        (RuntimeError, r"already associated to a python object of type TwinTensor"),
        # torch.cond, while_loop, scan.
        (NotImplementedError, r"There was no rule registered for HigherOrderOperator"),
        # Kernels and constructors in C++, for which the wrapper is on the meta device.
        (RuntimeError, r"cannot be called on meta tensors"),
        (NotImplementedError, r"Cannot copy out of meta tensor; no data!"),
        (NotImplementedError, r"^Could not run '[^']*' with arguments from the '\w*(Meta|Twin)"),
        (RuntimeError, r"\bMeta\w+Type\b"),
        (TypeError, r"\bMeta\w+Type\b"),
        # Checks of names of devices.
        (RuntimeError, r"PrivateUse1HooksInterface"),
        (ValueError, r"input tensors on twin device|^Unknown device type twin for Dlpack"),
    )
)
_TYPE_NAME: Final = re.compile(r"\bMeta(\w+)Type\b")
_TORCH: Final = f"{Path(torch.__file__).parent}/"
_ENGINE: Final = f"{Path(__file__).parents[1]}/"
_RUNS_C: Final = ("CALL", "PRECALL", "BINARY", "UNARY", "COMPARE", "LOAD_ATTR", "STORE_")
"""Instructions at which C++ raises; not those at which a generator resumes with an exception."""


def is_limit(error: BaseException) -> bool:
    """Return whether PyTorch or the twin raised an error that shows what the twin cannot run."""
    kinds = [(kind, pattern) for kind, pattern in _ERRORS if type(error) is kind]
    if not kinds:  # the text of a submission's own class is not asked for
        return False
    text = str(error)
    return any(pattern.search(text) for _kind, pattern in kinds) and _raised_by_torch(error)


def readable(text: str) -> str:
    """Return PyTorch's text with the twin's name instead of the one that C++ uses for it."""
    return _TYPE_NAME.sub(r"twin:0 \1Type", text)


def _raised_by_torch(error: BaseException) -> bool:
    """Return whether PyTorch or the engine raised an error, as its innermost frames tell.

    C++ has no frame: then the innermost frame is the caller's, at a call and not at a `raise`.
    PyTorch's own assertions take a text from their caller, so they do not count.
    """
    frames = list(_frames(error.__traceback__))
    own = [n for n, (code, _at) in enumerate(frames) if code.co_filename.startswith(PREFIX)]
    if not own:
        return False
    inner = [code for code, _at in frames[own[-1] + 1 :]]
    instruction = _instruction(*frames[-1])
    if not instruction.startswith(_RUNS_C) and not (inner and instruction == "RAISE_VARARGS"):
        return False
    return all(
        code.co_filename.startswith(_ENGINE)
        or (
            code.co_filename.startswith(_TORCH)
            and not code.co_name.startswith(("_check", "_assert"))
        )
        for code in inner
    )


def _frames(trace: TracebackType | None) -> Iterator[tuple[CodeType, int]]:
    while trace is not None:
        yield trace.tb_frame.f_code, trace.tb_lasti
        trace = trace.tb_next


def _instruction(code: CodeType, at: int) -> str:
    return next((s.opname for s in dis.get_instructions(code) if s.offset == at), "")
