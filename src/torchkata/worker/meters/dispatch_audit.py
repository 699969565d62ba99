"""A second look at the dispatched ops, below Python: ops that no dispatch mode saw.

PyTorch has switches that hide ops from dispatch modes. The profiler records ops in C++, where none
of these switches acts. Under a mode, each op contains an event of the mode.
"""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import torch
from torch._C._autograd import _disable_profiler, _enable_profiler, _prepare_profiler
from torch._C._profiler import (
    ProfilerActivity,
    ProfilerConfig,
    ProfilerState,
    _ExperimentalConfig,
)

if TYPE_CHECKING:
    from typing import Self

globals()["__builtins__"] = dict(vars(builtins))  # which the functions below keep

_MODES: Final = ("PythonDispatchMode", "PythonSubclass")
_ATEN: Final = "aten::"
_DETACH: Final = ("aten::detach", "aten::detach_")
"""Compute nothing; `torch.tensor` and `nn.Parameter` call them in C++, below all modes."""
_MOST_NAMED: Final = 5

# Saved now, because a submission may replace them.
# The profiler's public classes take longer: they parse every event.
_prepare, _enable = _prepare_profiler, _enable_profiler
_disable = _disable_profiler
_has_kernel: Callable[[str, str], bool] = torch._C._dispatch_has_kernel_for_dispatch_key  # noqa: SLF001 - no public name


@dataclass
class _Op:
    """An op that no other op called."""

    name: str
    end: int
    seen: bool = False
    computes: bool = False


@dataclass
class DispatchAudit:
    """Records ops below Python while it is on, in all threads.

    Attributes:
        hidden: names of ops that computed something and that no dispatch mode saw, at most five.
        seen: how many ops a dispatch mode saw, without those that they called.
        names: names of these ops, at most five.
    """

    hidden: list[str] = field(default_factory=list)
    seen: int = 0
    names: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        config = ProfilerConfig(
            ProfilerState.KINETO,
            report_input_shapes=False,
            profile_memory=False,
            with_stack=False,
            with_flops=False,
            with_modules=False,
            experimental_config=_ExperimentalConfig(profile_all_threads=True),
        )
        _prepare(config, {ProfilerActivity.CPU})
        _enable(config, {ProfilerActivity.CPU})
        return self

    def __exit__(self, *_exc: object) -> None:
        try:
            events = _disable().events()
        except RuntimeError:  # the submission has ended the recording itself
            self.hidden = ["the profiler"]
            return
        threads: dict[int, list[Any]] = {}
        for event in events:
            threads.setdefault(event.start_thread_id(), []).append(event)
        ops = [op for one in threads.values() for op in _top_level(one)]
        self.seen = sum(op.seen for op in ops)
        self.names = list(dict.fromkeys(op.name for op in ops if op.seen))[:_MOST_NAMED]
        names = dict.fromkeys(op.name for op in ops if op.computes and not op.seen)
        self.hidden = list(names)[:_MOST_NAMED]


def _top_level(events: list[Any]) -> list[_Op]:
    """Return the ops that no other op called, with what happened inside each."""
    ops: list[_Op] = []
    for event in sorted(events, key=lambda e: (e.start_ns(), -e.duration_ns())):
        name, start = event.name(), event.start_ns()
        inside = bool(ops) and start < ops[-1].end
        if name in _MODES and inside:
            ops[-1].seen = True
        elif name.startswith(_ATEN):
            if not inside:
                ops.append(_Op(name, start + event.duration_ns()))
            ops[-1].computes |= name not in _DETACH and not _is_composite(name)
    return ops


@functools.cache
def _is_composite(name: str) -> bool:
    """Return whether an op may only call others; without any inside, it has done nothing."""
    packet = getattr(torch.ops.aten, name.removeprefix(_ATEN), None)
    overloads = packet.overloads() if packet is not None else []
    names = (name if each == "default" else f"{name}.{each}" for each in overloads)
    return any(_only_calls_others(each) for each in names)


def _only_calls_others(overload: str) -> bool:
    try:
        return _has_kernel(overload, "CompositeImplicitAutograd")
    except RuntimeError:  # an op of TorchScript, which has no entry
        return False
