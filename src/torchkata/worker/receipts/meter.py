"""The meter behind a receipt: every cost with the line that causes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Self

import torch
from torch.autograd.graph import saved_tensors_hooks

from torchkata.result.receipt import Costs, LineCosts, Receipt
from torchkata.worker.meters.memory import MemoryMeter
from torchkata.worker.meters.ops import describe_op
from torchkata.worker.meters.storages import tensors_of
from torchkata.worker.receipts.backward import BackwardLines
from torchkata.worker.receipts.loops import TurnCounter
from torchkata.worker.receipts.places import Follows, Place

_COPIES: Final = frozenset(
    {"clone", "copy_", "_to_copy", "cat", "stack", "repeat", "copy", "_reshape_copy"}
    | {
        "_foreach_copy_",
        "expand_copy",
        "permute_copy",
        "slice_copy",
        "view_copy",
        "as_strided_copy",
    }
)
"""ATen ops that write values which they have only read."""
_unseen = torch._C._DisableTorchDispatch  # noqa: SLF001 - no public name


@dataclass(frozen=True, kw_only=True)
class OpEvent:
    """One dispatched op.

    Attributes:
        func: the overload.
        name: its name in ATen.
        args: its arguments.
        kwargs: its keyword arguments.
        result: what it returned.
        place: the line that caused it.
        backward: whether it is part of a backward pass.
    """

    func: Any
    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any
    place: Place
    backward: bool


class ReceiptMeter(MemoryMeter):  # type: ignore[no-untyped-call]
    """Counts what each line costs while it is on.

    Ops and memory are counted as `OpMeter` and `MemoryMeter` do, so the sums agree with theirs.

    Args:
        inputs: as for `MemoryMeter`.
        follows: tells which code is followed.
        kept: as for `MemoryMeter`.
        saved: whether to record what autograd saves. `torch.func` refuses to run with it.
        listeners: called with every op.
    """

    def __init__(
        self,
        inputs: object,
        follows: Follows,
        *,
        kept: bool = False,
        saved: bool = True,
        listeners: Sequence[Callable[[OpEvent], None]] = (),
    ) -> None:
        super().__init__(inputs, kept=kept)
        self.lines = BackwardLines(follows)
        self.turns = TurnCounter(follows, self.lines.note)
        self.synchronizations: Counter[Place] = Counter()
        self._listeners = listeners
        self._follows_saved = saved
        self._ops: Counter[tuple[str, Place, bool]] = Counter()
        self._copied: Counter[Place] = Counter()
        self._saved: Counter[Place] = Counter()
        self._saved_blocks: dict[int, object] = {}
        self._cause: tuple[Place, bool] = (("", 0), False)
        self._unpacked: torch.Tensor | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        import_module("torch._dynamo")  # a first op imports it, which takes long while traced
        self._stack.enter_context(self.lines)
        if self._follows_saved:
            self._stack.enter_context(saved_tensors_hooks(self._save, self._unpack))
        entered = super().__enter__()
        self._stack.enter_context(self.turns)
        return entered

    def __exit__(self, *exc: object) -> None:
        self._stack.close()
        super().__exit__(*exc)

    def _maker(self) -> Any:
        return self._cause

    def _measure(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        place, backward = self.lines.where()
        self.lines.note(place)
        kind, name = describe_op(func)
        with self._lock:
            self._cause = place, backward
            if kind in ("ops", "views") and not self._is_unpacking(name, args):
                self._ops[name, place, backward] += 1
        result = super()._measure(func, args, kwargs)
        if name in _COPIES and not backward:
            written = args[0] if name.endswith("_") else result
            with self._lock:
                self._copied[place] += sum(
                    each.numel() * each.element_size()
                    for each in tensors_of(written)
                    if isinstance(each, torch.Tensor)
                )
        for listener in self._listeners:
            listener(
                OpEvent(
                    func=func,
                    name=name,
                    args=args,
                    kwargs=kwargs,
                    result=result,
                    place=place,
                    backward=backward,
                )
            )
        return result

    def _save(self, tensor: torch.Tensor) -> tuple[torch.Tensor, bool]:
        """Record what autograd saves: memory of the call itself, once.

        The tensor itself would keep its own graph alive. Autograd detaches results, too, but not
        what an op takes; counts must not depend on these hooks.
        """
        place, _backward = self.lines.where()
        with self._lock:
            block = self._own_block(tensor)
            if block is not None and id(block) not in self._saved_blocks:
                self._saved_blocks[id(block)] = block
                self._saved[place] += block.charged
        if self.lines.is_newest(tensor.grad_fn):
            return tensor.detach(), True
        with _unseen():
            return tensor.detach(), False

    def _unpack(self, saved: tuple[torch.Tensor, bool]) -> torch.Tensor:
        tensor, is_result = saved
        self._unpacked = None if is_result else tensor
        return tensor

    def _is_unpacking(self, name: str, args: tuple[Any, ...]) -> bool:
        """Return whether an op happens only because autograd unpacks a tensor through a hook."""
        unpacked, self._unpacked = self._unpacked, None
        return unpacked is not None and name == "detach" and args[0] is unpacked

    @property
    def receipt(self) -> Receipt:
        """The receipt, without sources; final once the meter is off."""
        use = self.use
        with self._lock:
            forward: dict[Place, Counter[str]] = {}
            costs: dict[Place, Counter[str]] = {}
            for (name, place, backward), count in self._ops.items():
                costs.setdefault(place, Counter())["backward_ops" if backward else "ops"] += count
                if not backward:
                    forward.setdefault(place, Counter())[name] += count
            for (_name, (place, backward)), size in self.allocated_by.items():
                key = "backward_bytes" if backward else "allocated_bytes"
                costs.setdefault(place, Counter())[key] += size
            for key, table in (
                ("copied_bytes", self._copied),
                ("kept_bytes", self._saved),
                ("synchronizations", self.synchronizations),
            ):
                for place, count in table.items():
                    costs.setdefault(place, Counter())[key] += count
        lines = tuple(
            LineCosts(
                file=place[0],
                line=place[1],
                costs=Costs(**counts),
                ops_by_name=dict(forward.get(place, Counter()).most_common()),
            )
            for place, counts in sorted(costs.items())
            if any(counts.values())
        )
        return Receipt(lines=lines, loops=self.turns.loops, peak_bytes=use.peak_bytes)
