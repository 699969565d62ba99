"""Watch torch.compile: which programs it makes of a submission, without a C++ compiler."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import torch
from torch.fx import GraphModule

from torchkata.probes.endless import EndlessError

Program = Callable[..., Any]
LIMIT: Final = 10  # seconds: below the time that a whole request may take

_endless: list[str] = []  # in a worker process: fills when compiling comes to no end


def quick_backend() -> None:
    """From now on the backend "eager" stands in for whichever a submission names.

    The default one, inductor, writes C++ code and has it compiled, which a confined worker may
    not, and which takes seconds for each program.
    """
    torch.compiler.set_stance("default", force_backend="eager")


@contextmanager
def compiling(around: Callable[[Program], Program] | None = None) -> Iterator[list[GraphModule]]:
    """Forget all compiled programs, then collect those that are made, whatever their backend.

    Args:
        around: wraps each program, to watch its calls.

    Raises:
        EndlessError: it takes longer than `LIMIT` seconds, or did so in this process before.
    """
    if _endless:
        raise EndlessError("compiling", LIMIT)
    torch._dynamo.reset()  # noqa: SLF001 - the counters have no public name
    graphs: list[GraphModule] = []

    def backend(graph: GraphModule, _inputs: list[torch.Tensor]) -> Program:
        graphs.append(graph)
        return around(graph.forward) if around else graph.forward

    with _timed(), torch.compiler.set_stance("default", force_backend=backend):
        yield graphs


def operations(graph: GraphModule) -> list[str]:
    """The names of the operations that a program holds, in their order."""
    return [str(node.target) for node in graph.graph.nodes if node.op.startswith("call")]


@contextmanager
def _timed() -> Iterator[None]:
    """Interrupt what takes too long, where the platform has a timer for it."""
    if not hasattr(signal, "setitimer"):
        yield  # the judge's own limit has to do
        return

    def ring(_number: int, _frame: FrameType | None) -> None:
        _endless.append("compiling")
        raise EndlessError("compiling", LIMIT)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
