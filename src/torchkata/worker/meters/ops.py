"""Counts the operations that PyTorch dispatches, by name and line: the measure most lessons use."""

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
    from typing import Self

_BOOKKEEPING = frozenset(
    {"_dimI", "_dimV", "_has_same_storage_numel", "_nnz", "_version", "dense_dim", "sparse_dim"}
    | {"is_coalesced", "is_pinned", "is_same_size", "sym_numel", "sym_size", "sym_stride"}
)
"""ATen names that read a tensor's description, never its values."""

_ESCAPES = {
    "__array__": "numpy",
    "__dlpack__": "dlpack",
    "apply_": "apply_",
    "map2_": "apply_",
    "map_": "apply_",
    "numpy": "numpy",
    "tolist": "tolist",
}
"""Tensor methods that let values leave for Python or numpy -> the name they are counted under."""

_MOST_NAMED = 5
_TORCH = str(Path(torch.__file__).parent) + os.sep
READ_ONE = torch.ops.aten._local_scalar_dense.default  # noqa: SLF001 - what item() dispatches
_ENGINE = str(Path(__file__).parents[2]) + os.sep
_GLUE = tuple(
    _TORCH + name.replace("/", os.sep)
    for name in (
        *("_tensor.py", "_ops.py", "_compile.py", "overrides.py", "utils/_contextlib.py"),
        "_dynamo/eval_frame.py",
    )
)
"""Files of PyTorch that only pass on what their caller wants."""


class OpMeter(Meter):  # type: ignore[no-untyped-call]
    """Counts operations while it is on, in the threads that start meanwhile too.

    What one operation dispatches beneath itself is not counted again: neither a device's
    redispatch to inner tensors nor the body of a custom operation. Enter the meter inside of a
    mode that stands for a device, so that it sees what the learner wrote, not what the device did.

    Blind to numpy and Python arithmetic (`conversions` tells that values left, save by storages
    and pointers), to the size of an operation, to what `torch.while_loop` or a custom operation
    does inside, and to threads that ran before.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: Counter[tuple[Any, int]] = Counter()
        self._escaped: Counter[tuple[str, int]] = Counter()

    def __enter__(self) -> Self:
        _watch(self)
        return super().__enter__()

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        _unwatch(self)

    def _measure(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        line = learner_line() or 0
        with self._lock:
            self._seen[func, line] += 1
            if func is READ_ONE and not asked_by_torch():
                self._escaped["item", line] += 1
        return func(*args, **kwargs)

    def escaped(self, name: str) -> None:
        """Note that values left by a method counted under this name."""
        with self._lock:
            self._escaped[name, learner_line() or 0] += 1

    @property
    def count(self) -> OpCount:
        """What has been seen so far; final once the meter is off."""
        tables = {kind: Counter[str]() for kind in ("ops", "views", "conversions")}
        by_line: dict[str, Counter[int]] = {}
        with self._lock:
            rows = [(*_describe(func), line, count) for (func, line), count in self._seen.items()]
            rows += [("conversions", *key, count) for key, count in self._escaped.items()]
        for kind, name, line, count in rows:
            if kind in tables:
                tables[kind][name] += count
                by_line.setdefault(name, Counter())[line] += count
        return OpCount(
            **{kind: dict(table.most_common()) for kind, table in tables.items()},
            lines={name: dict(sorted(table.items())) for name, table in by_line.items()},
        )


class Escapes:
    """Hears of values that leave for Python or numpy, and counts nothing else: it costs nothing."""

    def __init__(self) -> None:
        self._escaped: Counter[tuple[str, int]] = Counter()

    def __enter__(self) -> Self:
        _watch(self)
        return self

    def __exit__(self, *exc: object) -> None:
        _unwatch(self)

    def escaped(self, name: str) -> None:
        """Note that values left by a method counted under this name."""
        self._escaped[name, learner_line() or 0] += 1

    @property
    def count(self) -> OpCount:
        """What has been heard so far; no operations."""
        found: dict[str, Counter[int]] = {}
        for (name, line), count in self._escaped.items():
            found.setdefault(name, Counter())[line] += count
        sums = {name: rows.total() for name, rows in found.items()}
        return OpCount(
            ops={}, views={}, conversions=sums, lines={n: dict(r) for n, r in found.items()}
        )


@functools.cache
def _describe(func: Any) -> tuple[str, str]:
    """The kind ("ops", "views", or "" for what is not counted) and the short name."""
    if not isinstance(func, OpOverload):  # an operation on functions, such as `cond`
        return "ops", str(func)
    name = func._schema.name.removeprefix("aten::")  # noqa: SLF001 - the only place it is kept
    if func.namespace in {"profiler", "prim"} or name in _BOOKKEEPING:
        return "", name
    aliases = [result.alias_info for result in func._schema.returns]  # noqa: SLF001 - likewise
    shares = any(alias is not None and not alias.is_write for alias in aliases)
    # `_unsafe_view` shares memory too; its schema hides that from autograd alone.
    return ("views" if shares or name == "_unsafe_view" else "ops"), name


def asked_by_torch() -> bool:
    """Whether PyTorch's own Python code asked for the value that is being read."""
    frame = sys._getframe(2)  # noqa: SLF001 - the documented way to walk the stack cheaply
    while frame is not None:
        file = frame.f_code.co_filename
        if not (file.startswith(_ENGINE) or file in _GLUE):
            return file.startswith(_TORCH)
        frame = frame.f_back  # type: ignore[assignment]
    return False


# Methods are replaced rather than watched by a TorchFunctionMode. Such a mode belongs to one
# thread, is off inside of backward hooks, and makes every other call slower.
_watchers: list[OpMeter | Escapes] = []
_originals: dict[str, Any] = {}
_busy = threading.local()
_guard = threading.Lock()


def _watch(meter: OpMeter | Escapes) -> None:
    with _guard:
        if not _watchers:
            for method in _ESCAPES:
                _originals[method] = vars(torch.Tensor).get(method)
                setattr(torch.Tensor, method, _noting(method, getattr(torch.Tensor, method)))
        _watchers.append(meter)


def _unwatch(meter: OpMeter | Escapes) -> None:
    with _guard:
        _watchers.remove(meter)
        for method, original in _originals.items() if not _watchers else ():
            if original is None:
                delattr(torch.Tensor, method)  # what the base class has comes to light again
            else:
                setattr(torch.Tensor, method, original)


def _noting(method: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a tensor method so that the meters that are on hear of its calls."""

    @functools.wraps(original)
    def noted(*args: Any, **kwargs: Any) -> Any:
        if getattr(_busy, "yes", False):  # `__array__` calls `numpy`: one conversion, not two
            return original(*args, **kwargs)
        if not asked_by_torch():
            for meter in tuple(_watchers):
                meter.escaped(_ESCAPES[method])
        _busy.yes = True
        try:
            return original(*args, **kwargs)
        finally:
            _busy.yes = False

    return noted


_register: Any = torch.library.Library.impl
_own_kernels: set[str] = set()


@functools.wraps(_register)
def _registered(library: Any, op_name: Any, fn: Any, *args: Any, **kwargs: Any) -> Any:
    code = getattr(fn, "__code__", None)
    if library.ns == "aten" and code is not None and code.co_filename.startswith(PREFIX):
        _own_kernels.add(str(op_name))
    return _register(library, op_name, fn, *args, **kwargs)


# For good, and before there is a submission. PyTorch's own modules register kernels too, some late.
torch.library.Library.impl = _registered  # type: ignore[assignment,method-assign]


def own_kernels() -> list[str]:
    """The operations of PyTorch's own that the submission has given another kernel."""
    return sorted(_own_kernels)[:_MOST_NAMED]
