"""Recognize costs that any code can avoid, from the ops of a call."""

from __future__ import annotations

import gc
import weakref
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch.utils.weak import WeakIdKeyDictionary

from torchkata.i18n import Message, _
from torchkata.result.cost_warning import CostWarning, WarningKind
from torchkata.worker.meters.storages import tensors_of
from torchkata.worker.receipts.meter import OpEvent
from torchkata.worker.receipts.places import NOWHERE, Place
from torchkata.worker.receipts.watched_functions import FunctionWatch, Made
from torchkata.worker.twin.op_rules import op_rule

_MANY_ROWS: Final = 8
_MANY_CATS: Final = 3
_LARGE: Final = 1024  # bytes that are worth a warning
_LOWER: Final = (torch.float32, torch.float16, torch.bfloat16)
_JOINS: Final = ("cat", "stack")
_ROWS: Final = ("select", "unbind", "split", "slice")
_CLONES: Final = {
    "clone": "`.contiguous()` or `.reshape()`",
    "_reshape_copy": "`.reshape()`",
    "copy_": "`copy_`",
}


@dataclass
class _Cats:
    """The calls of `cat` in one line that take the result of an earlier one."""

    results: WeakIdKeyDictionary = field(default_factory=WeakIdKeyDictionary)
    count: int = 0
    copied: int = 0
    final: int = 0


class Habits:
    """Listens to the ops of a call, and says at its end which costs are avoidable.

    Args:
        watch: knows where tensors come from.
    """

    def __init__(self, watch: FunctionWatch) -> None:
        self._watch = watch
        self._cats: dict[Place, _Cats] = defaultdict(_Cats)
        self._rows: WeakIdKeyDictionary = WeakIdKeyDictionary()  # tensor -> (its origin, number)
        self._row_ops: Counter[Place] = Counter()
        self._rows_at: dict[Place, dict[object, set[int]]] = defaultdict(dict)
        self._found: dict[tuple[WarningKind, Place], CostWarning] = {}
        self._results: list[tuple[weakref.ref[torch.Tensor], str, Place]] = []

    def hear(self, event: OpEvent) -> None:
        """Take note of one op."""
        if event.place == NOWHERE:
            return
        tensors, results = _tensors((event.args, event.kwargs)), _tensors(event.result)
        self._check_device(event, tensors, results)
        if event.backward:
            return
        self._check_rows(event, tensors, results)
        self._check_cat(event, tensors, results)
        self._check_copy(event, tensors)
        self._check_float64(event, tensors, results)
        self._results += [(weakref.ref(t), event.name, event.place) for t in results]

    def closing(self) -> Iterator[CostWarning]:
        """Yield the warnings; call it when what the call returned is no longer referenced."""
        for made in self._watch.moved:
            values = {"call": f"torch.{made.name}", "moved": True}
            self._warn(WarningKind.WRONG_DEVICE, made.place, **values)
        yield from self._found.values()
        for place, cats in self._cats.items():
            if cats.count >= _MANY_CATS:
                values = {"count": cats.count, "copied": cats.copied, "final": cats.final}
                yield _warning(WarningKind.CAT_IN_LOOP, place, **values)
        for place, origins in self._rows_at.items():
            rows = max(map(len, origins.values()))
            if rows >= _MANY_ROWS and self._cats[place].count < _MANY_CATS:
                values = {"ops": self._row_ops[place], "rows": rows}
                yield _warning(WarningKind.OP_PER_ROW, place, **values)
        yield from self._kept_graphs()

    def _warn(self, kind: WarningKind, place: Place, **values: Any) -> None:
        self._found.setdefault((kind, place), _warning(kind, place, **values))

    def _check_device(
        self, event: OpEvent, tensors: list[torch.Tensor], results: list[torch.Tensor]
    ) -> None:
        """Notice tensors without `device=` that meet others."""
        made = self._watch.made
        marked = [tensor for tensor in tensors if tensor in made]
        if not marked:
            return
        if len(marked) == len(tensors):
            for result in results:
                if result not in made:
                    made[result] = made[marked[0]]
            return
        rule = op_rule(event.func) if hasattr(event.func, "overloadpacket") else None
        if rule is None or rule.is_transfer:
            return
        allowed = set()
        if rule.host_argument is not None and len(event.args) > rule.host_argument:
            allowed = {id(t) for t in tensors_of(event.args[rule.host_argument])}
        for tensor in marked:
            if tensor.dim() and id(tensor) not in allowed:
                origin: Made = made[tensor]
                self._warn(
                    WarningKind.WRONG_DEVICE,
                    origin.place,
                    call=f"torch.{origin.name}",
                    line=event.place[1],
                    moved=False,
                )

    def _check_rows(
        self, event: OpEvent, tensors: list[torch.Tensor], results: list[torch.Tensor]
    ) -> None:
        """Notice ops on single rows, and on what was computed from them."""
        known = [self._rows[tensor] for tensor in tensors if tensor in self._rows]
        if event.name in _ROWS:
            takes_rows = not known and _takes_rows(event, tensors)
            for position, result in enumerate(results):
                if takes_rows:
                    number = result.storage_offset() if len(results) == 1 else position
                    self._rows[result] = (_address(tensors[0]), number)
                elif known:
                    self._rows[result] = known[0]
            return
        if not known or event.name in _JOINS:
            return
        self._row_ops[event.place] += 1
        for origin, number in known:
            self._rows_at[event.place].setdefault(origin, set()).add(number)
        for result in results:
            self._rows[result] = known[0]

    def _check_cat(
        self, event: OpEvent, tensors: list[torch.Tensor], results: list[torch.Tensor]
    ) -> None:
        """Notice a tensor that grows by `cat`, again and again in the same line."""
        if event.name not in _JOINS or not results:
            return
        cats, result = self._cats[event.place], results[0]
        if any(tensor in cats.results for tensor in tensors) or not cats.count:
            cats.count += 1
            cats.final = _bytes(result)
            cats.copied += cats.final
        cats.results[result] = True

    def _check_copy(self, event: OpEvent, tensors: list[torch.Tensor]) -> None:
        """Notice a permuted tensor that is copied into the usual order."""
        if event.name not in _CLONES or not tensors:
            return
        source = tensors[-1] if event.name == "copy_" else tensors[0]
        target = tensors[0] if event.name == "copy_" else event.result
        if _bytes(source) < _LARGE or not _is_permuted(source) or not target.is_contiguous():
            return
        op = _CLONES[event.name]
        self._warn(WarningKind.PERMUTED_COPY, event.place, op=op, size=_bytes(source))

    def _check_float64(
        self, event: OpEvent, tensors: list[torch.Tensor], results: list[torch.Tensor]
    ) -> None:
        """Notice an op that turns a lower precision into float64."""
        wide = [each for each in results if each.dtype is torch.float64 and each.numel() > 1]
        lower = [each for each in tensors if each.dtype in _LOWER and each.numel() > 1]
        if wide and lower:
            dtype = str(lower[0].dtype).removeprefix("torch.")
            size = _bytes(wide[0])
            self._warn(WarningKind.FLOAT64, event.place, op=event.name, dtype=dtype, size=size)

    def _kept_graphs(self) -> Iterator[CostWarning]:
        """Yield a warning for each line whose results outlive the call with their graph."""
        gc.collect()
        seen: set[Place] = set()
        for reference, name, place in self._results:
            tensor = reference()
            if tensor is None or tensor.grad_fn is None or place in seen:
                continue
            seen.add(place)
            yield _warning(WarningKind.GRAPH_KEPT, place, op=name, holder=_holder(tensor))


def _warning(kind: WarningKind, place: Place, **values: Any) -> CostWarning:
    return CostWarning(kind=kind, file=place[0], line=place[1], values=values)


def _tensors(values: object) -> list[torch.Tensor]:
    return [each for each in tensors_of(values) if isinstance(each, torch.Tensor)]


def _address(tensor: torch.Tensor) -> int:
    address: int = tensor.untyped_storage()._cdata  # noqa: SLF001 - its identity
    return address


def _bytes(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _takes_rows(event: OpEvent, tensors: list[torch.Tensor]) -> bool:
    """Return whether a view takes single rows of a tensor with many of them."""
    results = _tensors(event.result)
    if not tensors or not results:
        return False
    rows = tensors[0].numel() // max(results[0].numel(), 1)
    if event.name in ("select", "unbind"):
        return rows >= _MANY_ROWS
    thin = [a for a, b in zip(results[0].shape, tensors[0].shape, strict=False) if a != b]
    return rows >= _MANY_ROWS and thin == [1]


def _is_permuted(tensor: torch.Tensor) -> bool:
    """Return whether all elements are there once, but not in the usual order."""
    if tensor.layout is not torch.strided or tensor.is_contiguous():
        return False
    expected = 1
    dims = [(s, n) for s, n in zip(tensor.stride(), tensor.shape, strict=True) if n > 1]
    for stride, size in sorted(dims):
        if stride != expected:
            return False
        expected *= size
    return True


def _holder(tensor: torch.Tensor) -> Message:
    """Return what refers to a tensor, in a few words."""
    for referrer in gc.get_referrers(tensor):
        if isinstance(referrer, list | tuple | set):
            return _("held by a {kind}", kind=type(referrer).__name__)
        if isinstance(referrer, dict):
            name = next((key for key, value in referrer.items() if value is tensor), "")
            owners = [each for each in gc.get_referrers(referrer) if _owns(each, referrer)]
            if owners:
                owner = type(owners[0]).__name__
                return _("held by attribute `{name}` of {owner}", name=name, owner=owner)
            return _("held by a dict, under {name!r}", name=name)
    return _("its holder is not known")


def _owns(thing: object, attributes: dict[str, object]) -> bool:
    return getattr(thing, "__dict__", None) is attributes and not isinstance(thing, type)
