"""Count the ops that PyTorch dispatches, by name and line."""

from __future__ import annotations

import builtins
import functools
from collections import Counter
from typing import TYPE_CHECKING, Any

from torch._ops import OpOverload

from torchkata.i18n.op_names import HIGHER_ORDER
from torchkata.worker.frames import learner_line
from torchkata.worker.meters.conversions import (
    READ_ONE,
    install_counter,
    read_by_torch,
    remove_counter,
)
from torchkata.worker.meters.counts import OpCount
from torchkata.worker.meters.dispatch_meter import Meter

if TYPE_CHECKING:
    from typing import Self

globals()["__builtins__"] = dict(vars(builtins))  # which the functions below keep

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
        install_counter(self)
        return super().__enter__()

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        remove_counter(self)

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


@functools.cache
def describe_op(func: Any) -> tuple[str, str]:
    """Return the kind ("ops", "views", or "" for ops that do not count) and the short name."""
    if not isinstance(func, OpOverload):  # such as `cond`; a submission can define more of them
        return "ops", f"{HIGHER_ORDER}{func}"
    name = func._schema.name.removeprefix("aten::")  # noqa: SLF001 - the only source of it
    if func.namespace in {"profiler", "prim"} or name in _BOOKKEEPING:
        return "", name
    aliases = [result.alias_info for result in func._schema.returns]  # noqa: SLF001 - likewise
    shares = any(alias is not None and not alias.is_write for alias in aliases)
    return ("views" if shares or name in _UNDECLARED_VIEWS else "ops"), name
