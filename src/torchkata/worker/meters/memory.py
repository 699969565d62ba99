"""Measures the memory that a function takes over its inputs: bytes of live tensor storages."""

from __future__ import annotations

import gc
import weakref
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

import torch

from torchkata.worker.frames import learner_line
from torchkata.worker.meters.counts import Makers, MemoryUse
from torchkata.worker.meters.dispatch_meter import Meter
from torchkata.worker.meters.storages import is_real, leaves_of, storage_of, tensors_of, written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

_OLDER = "growth"
"""What stands for an op where older memory grows, as by `out=`."""


class _Block(weakref.ref[torch.UntypedStorage]):
    """One storage, watched without keeping it alive.

    Attributes:
        key: the address of the C++ object behind it; free for reuse once it has died.
        floor: bytes that were there before metering, which are not charged.
        given: whether it is an input, which may be written to for free.
        charged: bytes it counts for now.
        maker: the op that made it, and the line of the submission where.
    """

    __slots__ = ("charged", "floor", "given", "key", "maker")
    key: int
    floor: int
    given: bool
    charged: int
    maker: tuple[str, int]


class MemoryMeter(Meter):  # type: ignore[no-untyped-call]
    """Adds up the storages that are made while it is on, and subtracts them as they die.

    Views are free, as is what existed before; `out=` and in-place operations count where a storage
    grows. With `kept`, older memory that they write to counts whole, unless it is an input's: room
    that somebody keeps for the work is room that the work takes. Garbage collection is off, so that
    a reference cycle lives equally long in each repeat.

    Not seen: scratch inside one operation (a sort of 4 MB reads 12 MB and takes 20), numpy's
    temporaries (an array counts once `from_numpy` has shown it), Python objects, sparse tensors'
    parts, `torch.frombuffer`, and `storage.resize_()` until the storage is next used.

    Args:
        inputs: a tree of tensors, numpy arrays, storages and modules that were there before. Only
            arrays and bare storages need it; the tensors that operations take are known as older.
        kept: whether older memory that is written to, and is no input, counts.
    """

    def __init__(self, inputs: object = (), *, kept: bool = False) -> None:
        super().__init__()
        self._kept = kept
        self._blocks: dict[int, _Block] = {}
        self._freed: deque[Any] = deque()  # appended to by weak references, as storages die
        self._live = self._peak = self._total = 0
        self._by_maker: Counter[tuple[str, int]] = Counter()
        self._allocated: Counter[tuple[str, int]] = Counter()
        self._at_peak: dict[tuple[str, int], int] = {}
        self._spans: list[tuple[int, int]] = []
        self._final: MemoryUse | None = None
        self._gc_was_on = False
        for leaf in leaves_of(inputs):
            if isinstance(leaf, torch.Tensor | torch.UntypedStorage):
                self._see(leaf, fresh=False, given=True)
            else:
                self._spans.append((leaf.__array_interface__["data"][0], leaf.nbytes))

    def __enter__(self) -> Self:
        self._gc_was_on = gc.isenabled()
        gc.disable()
        return super().__enter__()

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        if self._gc_was_on:
            gc.enable()
        self._final = self.use
        self._blocks.clear()  # from here on, nobody listens for their end

    @property
    def use(self) -> MemoryUse:
        """What has been seen so far; final once the meter is off."""
        if self._final is not None:
            return self._final
        with self._lock:
            self._bury()
            for storage in self._alive():
                self._see(storage, fresh=False)
            self._note_peak()
            return MemoryUse(
                peak_bytes=self._peak,
                total_bytes=self._total,
                held_bytes=self._live,
                makers=_by_name(self._at_peak),
                allocated=_by_name(self._allocated),
            )

    def _measure(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        # An operation on functions has no schema.
        name = getattr(getattr(func, "_schema", None), "name", "")
        with self._lock:
            self._bury()
            for tensor in tensors_of((args, kwargs)):
                # By these two, memory that was made out of sight shows for the first time.
                bare = name == "aten::set_" and isinstance(tensor, torch.UntypedStorage)
                arrives = (bare or name == "aten::lift_fresh") and not self._is_known(tensor)
                self._see(tensor, fresh=arrives, name=name)
            if self._kept and (targets := written(func, args, kwargs)):
                for tensor in tensors_of(targets):
                    self._use(tensor, name)
            self._note_peak()
        result = func(*args, **kwargs)
        with self._lock:
            self._bury()
            for tensor in tensors_of(result):
                self._see(tensor, fresh=True, name=name)
            self._note_peak()
        return result

    def _see(
        self,
        tensor: torch.Tensor | torch.UntypedStorage,
        *,
        fresh: bool,
        name: str = "",
        given: bool = False,
    ) -> None:
        """Charge for what a storage has grown by since it was last seen.

        Args:
            tensor: a tensor, or the storage itself.
            fresh: whether a storage that was never seen before is new, rather than older.
            name: the op that is running.
            given: whether it is an input.
        """
        if (storage := storage_of(tensor)) is None:
            return
        size = storage.nbytes()
        block = self._blocks.get(storage._cdata)  # noqa: SLF001 - its identity; Python's is reused
        if block is None or block() is not storage:  # another thread freed, and we were quicker
            if block is not None:
                self._drop(block)
            block = _Block(storage, self._freed.append)
            block.key, block.charged = storage._cdata, 0  # noqa: SLF001 - likewise
            block.given = given
            block.floor = 0 if fresh and is_real(storage) else size
            maker = name.removeprefix("aten::") if fresh else ""
            block.maker = maker or _OLDER, (learner_line() or 0) if fresh else 0
            self._blocks[block.key] = block
        self._charge(block, size - block.floor)

    def _use(self, tensor: torch.Tensor | torch.UntypedStorage, name: str) -> None:
        """Charge for the whole of older memory that is written to, unless it is an input's."""
        if (storage := storage_of(tensor)) is None:
            return
        block = self._blocks.get(storage._cdata)  # noqa: SLF001 - likewise
        if block is None or block.given or not block.floor or self._is_input(storage):
            return
        block.floor = 0
        block.maker = name.removeprefix("aten::"), learner_line() or 0
        self._charge(block, storage.nbytes())

    def _is_known(self, tensor: torch.Tensor | torch.UntypedStorage) -> bool:
        """Whether memory that arrives belongs to an array or a storage that is known already."""
        storage = storage_of(tensor)
        if storage is None or storage._cdata in self._blocks:  # noqa: SLF001 - likewise
            return True
        address = storage.data_ptr() if storage.nbytes() and is_real(storage) else 0
        spans = [(other.data_ptr(), other.nbytes()) for other in self._alive() if is_real(other)]
        return any(start <= address < start + size for start, size in spans + self._spans)

    def _is_input(self, storage: torch.UntypedStorage) -> bool:
        """Whether it is the memory of an array that was given."""
        address = storage.data_ptr()
        return any(start <= address < start + size for start, size in self._spans)

    def _alive(self) -> list[torch.UntypedStorage]:
        return [storage for block in self._blocks.values() if (storage := block()) is not None]

    def _charge(self, block: _Block, size: int) -> None:
        change = max(size, 0) - block.charged
        block.charged += change
        self._live += change
        self._by_maker[block.maker] += change
        if change > 0:
            self._total += change
            self._allocated[block.maker] += change

    def _drop(self, block: _Block) -> None:
        self._charge(block, 0)
        if self._blocks.get(block.key) is block:
            del self._blocks[block.key]

    def _bury(self) -> None:
        """Take off what has died. Done before each look: only growth can make a new peak."""
        while self._freed:
            self._drop(self._freed.popleft())

    def _note_peak(self) -> None:
        if self._live > self._peak:
            self._peak = self._live
            self._at_peak = {maker: size for maker, size in self._by_maker.items() if size}


def _by_name(rows: Mapping[tuple[str, int], int]) -> Makers:
    found: Makers = {}
    for (name, line), size in sorted(rows.items(), key=lambda row: -row[1]):
        if size:
            found.setdefault(name, {})[line] = size
    return found
