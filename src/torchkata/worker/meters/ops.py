"""Count the ops that PyTorch dispatches, by name and line."""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch._ops import OpOverload

from torchkata.worker.frames import PREFIX, learner_line
from torchkata.worker.meters.counts import OpCount
from torchkata.worker.meters.dispatch_meter import Meter

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Self

_UNDECLARED_VIEWS = frozenset((
    "_unsafe_view", "as_strided_", "squeeze_", "swapaxes_", "swapdims_", "t_", "transpose_",
    "unsqueeze_",
))  # fmt: skip
"""Ops that move no data, though their schemas do not say that they share memory.

`_unsafe_view` hides it for the sake of autograd; the others change the shape of a tensor in place.
`torch.matmul` of a vector calls `squeeze_`.
"""

_BOOKKEEPING = frozenset(
    {"_dimI", "_dimV", "_has_same_storage_numel", "_nnz", "_version", "dense_dim", "sparse_dim"}
    | {"is_coalesced", "is_pinned", "is_same_size", "sym_numel", "sym_size", "sym_stride"}
)
"""ATen ops that read metadata of a tensor, never its values."""

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

_MOST_NAMED = 5
_TORCH = str(Path(torch.__file__).parent) + os.sep
READ_ONE = torch.ops.aten._local_scalar_dense.default  # noqa: SLF001 - item() dispatches it
_LIBRARY = (_TORCH + "library.py", _TORCH + "_library" + os.sep)
_ENGINE = str(Path(__file__).parents[2]) + os.sep
_WRAPPERS = tuple(
    _TORCH + name.replace("/", os.sep)
    for name in (
        *("_tensor.py", "_ops.py", "_compile.py", "overrides.py", "utils/_contextlib.py"),
        *("_dynamo/eval_frame.py", "utils/_pytree.py", "utils/_cxx_pytree.py"),
    )
)
"""Files of PyTorch that only forward the calls of other code."""


class OpMeter(Meter):  # type: ignore[no-untyped-call]
    """Counts ops while it is on, in the threads that are started meanwhile, too.

    Ops that an op dispatches internally are not counted again: neither a device's redispatch to
    inner tensors nor the body of a custom op. Enter the meter inside a mode that simulates a
    device, so that it sees the ops of the learner, not those of the device.

    It does not see NumPy and Python arithmetic (`conversions` shows that values left, except
    through storages and pointers), the size of an op, the ops inside `torch.while_loop` or a custom
    op, and threads that were already running.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: Counter[tuple[Any, int]] = Counter()
        self._conversions: Counter[tuple[str, int]] = Counter()

    def __enter__(self) -> Self:
        _install_counter(self)
        return super().__enter__()

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        _remove_counter(self)

    def _measure(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        line = learner_line() or 0
        with self._lock:
            self._seen[func, line] += 1
            if func is READ_ONE and not read_by_torch():
                self._conversions["item", line] += 1
        return func(*args, **kwargs)

    def record_conversion(self, name: str) -> None:
        """Record a conversion by a method that is counted under this name."""
        with self._lock:
            self._conversions[name, learner_line() or 0] += 1

    @property
    def count(self) -> OpCount:
        """The ops counted so far; final once the meter is off."""
        tables = {kind: Counter[str]() for kind in ("ops", "views", "conversions")}
        by_line: dict[str, Counter[int]] = {}
        with self._lock:
            rows = [(*describe_op(func), line, count) for (func, line), count in self._seen.items()]
            rows += [("conversions", *key, count) for key, count in self._conversions.items()]
        for kind, name, line, count in rows:
            if kind in tables:
                tables[kind][name] += count
                by_line.setdefault(name, Counter())[line] += count
        return OpCount(
            **{kind: dict(table.most_common()) for kind, table in tables.items()},
            lines={name: dict(sorted(table.items())) for name, table in by_line.items()},
        )


class ConversionCounter:
    """Counts conversions to Python or NumPy, and nothing else, without slowing down other calls."""

    def __init__(self) -> None:
        self._conversions: Counter[tuple[str, int]] = Counter()

    def __enter__(self) -> Self:
        _install_counter(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _remove_counter(self)

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


@functools.cache
def describe_op(func: Any) -> tuple[str, str]:
    """Return the kind ("ops", "views", or "" for ops that do not count) and the short name."""
    if not isinstance(func, OpOverload):  # a higher-order op, such as `cond`
        return "ops", str(func)
    name = func._schema.name.removeprefix("aten::")  # noqa: SLF001 - the only source of it
    if func.namespace in {"profiler", "prim"} or name in _BOOKKEEPING:
        return "", name
    aliases = [result.alias_info for result in func._schema.returns]  # noqa: SLF001 - likewise
    shares = any(alias is not None and not alias.is_write for alias in aliases)
    return ("views" if shares or name in _UNDECLARED_VIEWS else "ops"), name


def read_by_torch() -> bool:
    """Return whether PyTorch's own Python code reads the value, not the submission."""
    frame = sys._getframe(2)  # noqa: SLF001 - the documented way to walk the stack cheaply
    while frame is not None:
        file = frame.f_code.co_filename
        if not (file.startswith(_ENGINE) or file in _WRAPPERS):
            return file.startswith(_TORCH) and _is_of_a_module(frame)
        frame = frame.f_back  # type: ignore[assignment]
    return False


def _is_of_a_module(frame: FrameType) -> bool:
    """Return whether a frame runs code of an imported module; its file name alone may be false."""
    module = sys.modules.get(str(frame.f_globals.get("__name__")))
    return module is not None and vars(module) is frame.f_globals


# Methods are replaced instead of using a TorchFunctionMode. Such a mode belongs to one thread, is
# off inside backward hooks, and makes every other call slower.
_counters: list[OpMeter | ConversionCounter] = []
_nested = threading.local()
_guard = threading.Lock()


def _install_counter(meter: OpMeter | ConversionCounter) -> None:
    watch_conversions()
    with _guard:
        _counters.append(meter)


def _remove_counter(meter: OpMeter | ConversionCounter) -> None:
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

    return count_and_call


@functools.cache
def watch_conversions() -> None:
    """Replace the methods that convert values, for good; workers do so before a submission loads.

    A submission that kept the original methods would convert unheard.
    """
    for method in _CONVERSIONS:
        setattr(torch.Tensor, method, _counted(method, getattr(torch.Tensor, method)))
    for name in ("_to_dlpack", "_to_dlpack_versioned"):
        setattr(torch._C, name, _counted("__dlpack__", getattr(torch._C, name)))  # noqa: SLF001
    torch.utils.dlpack.to_dlpack = torch._C._to_dlpack  # type: ignore[attr-defined]  # noqa: SLF001


_register: Any = torch.library.Library.impl
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


# Permanently, and before a submission is loaded. PyTorch's modules register kernels, too.
torch.library.Library.impl = _record_kernel  # type: ignore[assignment,method-assign]


def overridden_kernels() -> list[str]:
    """Return the ops for which the submission registered a kernel."""
    return sorted(_overridden_kernels)[:_MOST_NAMED]
