"""Find the line of the submission that is running, by walking up the call stack."""

from __future__ import annotations

import faulthandler
import re
import signal
import sys
from typing import Any

PREFIX = "submission:"
"""Submissions are compiled under the name `submission:NN_name.py`; it identifies their frames."""

STACK = (
    r"\(most recent call first\):\n"
    rf'(?:  File "(?!{re.escape(PREFIX)})[^"\n]*", line [^\n]*\n)*'
    rf'  File "{re.escape(PREFIX)}[^"\n]*", line (\d+) in '
)
"""A pattern of the stack that `print_stack_on_request` lets the process print."""

STACK_SIGNAL = getattr(signal, "SIGUSR1", None)
"""Requests the stack; None if the platform has no such signal."""


def print_stack_on_request() -> None:
    """Let this process print the stack of its main thread when it gets a signal.

    Python's own handler does it at once, even inside of a long operation of PyTorch.
    """
    if STACK_SIGNAL is not None:
        faulthandler.register(STACK_SIGNAL, file=2, all_threads=False)


def learner_line() -> int | None:
    """Return the line of the innermost frame of the submission; None outside of it."""
    frame = sys._getframe(1)  # noqa: SLF001 - the documented way to walk the stack cheaply
    while frame is not None:
        if frame.f_code.co_filename.startswith(PREFIX):
            return frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return None


def called_by_submission() -> bool:
    """Return whether the submission calls the function that asks, be it through PyTorch's code."""
    frame = sys._getframe(2)  # noqa: SLF001 - the documented way to walk the stack cheaply
    while frame is not None and str(frame.f_globals.get("__name__")).startswith("torch."):
        frame = frame.f_back  # type: ignore[assignment]
    return frame is not None and frame.f_code.co_filename.startswith(PREFIX)


def never_compile(function: Any) -> None:
    """Let compiled code run a function of the engine as it is.

    A compiler would read the function's file, which confinement forbids.
    """
    import torch  # noqa: PLC0415 - the judge, which reads the names above, need not load it

    frames: Any = torch._C._dynamo.eval_frame  # noqa: SLF001 - has no public name
    actions = frames._FrameAction  # noqa: SLF001
    strategy = frames._FrameExecStrategy(actions.SKIP, actions.DEFAULT)  # noqa: SLF001
    frames.set_code_exec_strategy(function.__code__, strategy)
