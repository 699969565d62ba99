"""Count values that leave PyTorch for Python or NumPy."""

from __future__ import annotations

import builtins
import ctypes
import functools
import gc
import os
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch

from torchkata.worker.frames import learner_line, never_compile
from torchkata.worker.meters.counts import OpCount

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Self

globals()["__builtins__"] = dict(vars(builtins))  # which the functions below keep

_CONVERSIONS = {
    "__array__": "numpy",
    "__dlpack__": "dlpack",
    "apply_": "apply_",
    "map2_": "apply_",
    "map_": "apply_",
    "numpy": "numpy",
    "tolist": "tolist",
}
"""Tensor methods that convert values to Python or NumPy -> the name they are counted under."""

_STORED = (
    (torch.UntypedStorage, "tolist"),
    (torch.UntypedStorage, "_write_file"),
    (torch._C.PyTorchFileWriter, "write_record"),  # noqa: SLF001 - what torch.save writes with
)
"""Methods that convert or save a storage as a whole; they count as `tolist`."""

_TORCH = str(Path(torch.__file__).parent) + os.sep
READ_ONE = torch.ops.aten._local_scalar_dense.default  # noqa: SLF001 - item() dispatches it
_ENGINE = str(Path(__file__).parents[2]) + os.sep
_WRAPPERS = tuple(
    _TORCH + name.replace("/", os.sep)
    for name in (
        *("_tensor.py", "_ops.py", "_compile.py", "overrides.py", "utils/_contextlib.py"),
        *("_dynamo/eval_frame.py", "utils/_pytree.py", "utils/_cxx_pytree.py"),
    )
)
"""Files of PyTorch that only forward the calls of other code."""

_READERS = tuple(
    _TORCH + name.replace("/", os.sep)
    for name in (
        *("optim/", "amp/", "nn/", "distributions/", "utils/data/", "autograd/"),
        *("_tensor_str.py", "utils/checkpoint.py"),
    )
)
"""Parts of PyTorch that read values for their own purpose, as Adam reads its step counter."""


class _Counter(Protocol):
    def record_conversion(self, name: str) -> None:
        """Record a conversion by a method that is counted under this name."""


class ConversionCounter:
    """Counts conversions to Python or NumPy, and nothing else, without slowing down other calls."""

    def __init__(self) -> None:
        self._conversions: Counter[tuple[str, int]] = Counter()

    def __enter__(self) -> Self:
        install_counter(self)
        return self

    def __exit__(self, *exc: object) -> None:
        remove_counter(self)

    def record_conversion(self, name: str) -> None:
        """Record a conversion by a method that is counted under this name."""
        self._conversions[name, learner_line() or 0] += 1

    @property
    def count(self) -> OpCount:
        """The conversions counted so far, without ops."""
        by_name: dict[str, Counter[int]] = {}
        for (name, line), count in self._conversions.items():
            by_name.setdefault(name, Counter())[line] += count
        sums = {name: rows.total() for name, rows in by_name.items()}
        return OpCount(
            ops={}, views={}, conversions=sums, lines={n: dict(r) for n, r in by_name.items()}
        )


def read_by_torch() -> bool:
    """Return whether PyTorch's own Python code reads the value, not the submission.

    That is so in a few parts of PyTorch, unless the submission calls a private function of them.
    """
    frame = sys._getframe(2)  # noqa: SLF001 - the documented way to walk the stack cheaply
    while frame is not None:
        file = frame.f_code.co_filename
        if not (file.startswith(_ENGINE) or file in _WRAPPERS):
            break
        frame = frame.f_back  # type: ignore[assignment]
    if frame is None or not file.startswith(_READERS) or not _is_of_a_module(frame):
        return False
    name = ""
    while frame is not None and frame.f_code.co_filename.startswith(_TORCH):
        name, frame = frame.f_code.co_name, frame.f_back  # type: ignore[assignment]
    return not name.startswith("_") or name.endswith("__")


def _is_of_a_module(frame: FrameType) -> bool:
    """Return whether a frame runs code of an imported module; its file name alone may be false."""
    module = sys.modules.get(str(frame.f_globals.get("__name__")))
    return module is not None and vars(module) is frame.f_globals


# Methods are replaced instead of using a TorchFunctionMode. Such a mode belongs to one thread, is
# off inside backward hooks, and makes every other call slower.
_counters: list[_Counter] = []
_nested = threading.local()
_guard = threading.Lock()


def install_counter(meter: _Counter) -> None:
    """Let a meter hear of every conversion."""
    watch_conversions()
    with _guard:
        _counters.append(meter)


def remove_counter(meter: _Counter) -> None:
    """Let a meter hear of no more conversions."""
    with _guard:
        _counters.remove(meter)


def _counted(method: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a tensor method so that the active meters record its calls."""

    @functools.wraps(original)
    def count_and_call(*args: Any, **kwargs: Any) -> Any:
        # `__array__` calls `numpy`: that is one conversion, not two.
        if not _counters or getattr(_nested, "yes", False):
            return original(*args, **kwargs)
        if not read_by_torch():
            for meter in tuple(_counters):
                meter.record_conversion(_CONVERSIONS[method])
        _nested.yes = True
        try:
            return original(*args, **kwargs)
        finally:
            _nested.yes = False

    del count_and_call.__wrapped__  # would be a way around
    never_compile(count_and_call)
    return count_and_call


@functools.cache
def watch_conversions() -> None:
    """Replace the methods that convert values, for good; workers do so before a submission loads.

    A submission that kept the original methods would convert unheard.
    """
    base = torch._C.TensorBase  # noqa: SLF001 - the methods that torch.Tensor inherits
    # A type in C refuses assignments, but its own dict does not.
    (methods,) = gc.get_referents(vars(base))
    for method in _CONVERSIONS:
        if method in methods:
            methods[method] = _counted(method, methods[method])
        if method in vars(torch.Tensor):
            setattr(torch.Tensor, method, _counted(method, vars(torch.Tensor)[method]))
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(base))
    for owner, method in _STORED:
        setattr(owner, method, _counted("tolist", getattr(owner, method)))
    for name in ("_to_dlpack", "_to_dlpack_versioned"):
        setattr(torch._C, name, _counted("__dlpack__", getattr(torch._C, name)))  # noqa: SLF001
    torch.utils.dlpack.to_dlpack = torch._C._to_dlpack  # type: ignore[attr-defined]  # noqa: SLF001
    for script in (torch.jit.ScriptFunction, torch._C.ScriptMethod):  # noqa: SLF001 - no public name
        script.__call__ = _counted_script(script.__call__)  # type: ignore[method-assign]


def _counted_script(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap calls of TorchScript, whose programs convert tensors to lists by themselves."""

    def count_and_call(script: Any, *args: Any, **kwargs: Any) -> Any:
        if _counters and "prim::tolist" in str(script.inlined_graph):
            for meter in tuple(_counters):
                meter.record_conversion("tolist")
        return original(script, *args, **kwargs)

    return count_and_call
