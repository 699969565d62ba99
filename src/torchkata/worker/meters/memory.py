"""Measure the memory that a function uses beyond its inputs: bytes of live tensor storages."""

from __future__ import annotations

import builtins
import gc
import weakref
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

import torch

from torchkata.worker.frames import learner_line
from torchkata.worker.meters.counts import BytesByOp, MemoryUse
from torchkata.worker.meters.dispatch_meter import Meter
from torchkata.worker.meters.storages import (
    Memory,
    is_real,
    leaves_of,
    memory_of,
    nbytes,
    tensors_of,
    written_storages,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

globals()["__builtins__"] = dict(vars(builtins))  # which the functions below keep

_GROWTH = "growth"
"""Replaces the name of an op if older memory grows, for example with `out=`."""


_ALIASES = ("aten::detach", "aten::alias")
"""Ops whose result shares memory that has no storage."""


class _Block(weakref.ref[Memory]):
    """A weak reference to one storage, or to a tensor whose memory has none.

    Attributes:
        key: the address of its C++ object, which may be reused once the storage is freed.
        floor: bytes that existed before metering, which are not charged.
        is_input: whether it is an input, which may be written to at no charge.
        charged: bytes that it is currently charged for.
        maker: the op that allocated it, and the line of the submission.
    """

    __slots__ = ("charged", "floor", "is_input", "key", "maker")
    key: int
    floor: int
    is_input: bool
    charged: int
    maker: tuple[str, Any]


class MemoryMeter(Meter):  # type: ignore[no-untyped-call]
    """Adds up the storages that are allocated while it is on, and subtracts those that are freed.

    Views cost nothing, nor does memory that existed before; `out=` and in-place ops count if a
    storage grows. With `kept`, all of the older memory that they write to counts, unless it belongs
    to an input: a workspace that is kept for the work is memory that the work needs. Garbage
    collection is off, so that a reference cycle lives equally long in each repetition.

    Not seen: scratch memory inside one op (for a sort of 4 MB the meter reads 12 MB, and it takes
    20), NumPy's temporaries (an array counts once `from_numpy` has wrapped it), Python objects,
    `torch.frombuffer`, and `storage.resize_()` until the storage is
    next used.

    Args:
        inputs: a tree of tensors, NumPy arrays, storages and modules that existed before. Only
            arrays and bare storages need to be passed; tensors that ops take are known to be older.
        kept: whether older memory counts if it is written to and is not an input.
    """

    def __init__(self, inputs: object = (), *, kept: bool = False) -> None:
        super().__init__()
        self._kept = kept
        self._blocks: dict[int, _Block] = {}
        self._freed: deque[Any] = deque()  # weak references append to it when storages are freed
        self._live = self._peak = self._total = 0
        self._by_maker: Counter[tuple[str, Any]] = Counter()
        self._allocated: Counter[tuple[str, Any]] = Counter()
        self._at_peak: dict[tuple[str, Any], int] = {}
        self._spans: list[tuple[int, int]] = []
        self._final: MemoryUse | None = None
        self._gc_was_on = False
        for leaf in leaves_of(inputs):
            if isinstance(leaf, torch.Tensor | torch.UntypedStorage):
                self._see(leaf, fresh=False, is_input=True)
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
        self._blocks.clear()  # nobody needs to know when they are freed from here on

    @property
    def use(self) -> MemoryUse:
        """The memory used so far; final once the meter is off."""
        if self._final is not None:
            return self._final
        with self._lock:
            self._drop_freed()
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
        # Higher-order ops have no schema.
        name = getattr(getattr(func, "_schema", None), "name", "")
        with self._lock:
            self._drop_freed()
            for tensor in tensors_of((args, kwargs)):
                # Through these two, memory that was allocated out of sight appears.
                bare = name == "aten::set_" and isinstance(tensor, torch.UntypedStorage)
                arrives = (bare or name == "aten::lift_fresh") and not self._is_known(tensor)
                self._see(tensor, fresh=arrives, name=name)
            if self._kept and (targets := written_storages(func, args, kwargs)):
                for tensor in tensors_of(targets):
                    self._use(tensor, name)
            self._note_peak()
        result = func(*args, **kwargs)
        with self._lock:
            self._drop_freed()
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
        is_input: bool = False,
    ) -> None:
        """Charge for the growth of a storage since it was last seen.

        Args:
            tensor: a tensor, or the storage itself.
            fresh: whether a storage that was never seen is new, not older than the meter.
            name: the op that is running.
            is_input: whether it is an input.
        """
        for memory in memory_of(tensor):
            opaque = memory is tensor and isinstance(tensor, torch.Tensor)
            shared = opaque and name in _ALIASES
            self._see_memory(memory, fresh=fresh and not shared, name=name, is_input=is_input)

    def _see_memory(self, storage: Memory, *, fresh: bool, name: str, is_input: bool) -> None:
        size = nbytes(storage)
        block = self._blocks.get(storage._cdata)  # noqa: SLF001 - its identity; Python's is reused
        if block is None or block() is not storage:  # freed by another thread, not yet removed here
            if block is not None:
                self._drop(block)
            block = _Block(storage, self._freed.append)
            block.key, block.charged = storage._cdata, 0  # noqa: SLF001 - likewise
            block.is_input = is_input
            block.floor = 0 if fresh and is_real(storage) else size
            maker = name.removeprefix("aten::") if fresh else ""
            block.maker = maker or _GROWTH, self._maker() if fresh else 0
            self._blocks[block.key] = block
        self._charge(block, size - block.floor)

    def _use(self, tensor: torch.Tensor | torch.UntypedStorage, name: str) -> None:
        """Charge for all of the older memory that is written to, unless it is an input's."""
        for storage in memory_of(tensor):
            block = self._blocks.get(storage._cdata)  # noqa: SLF001 - likewise
            if block is None or block.is_input or not block.floor or self._is_input(storage):
                continue
            block.floor = 0
            block.maker = name.removeprefix("aten::"), self._maker()
            self._charge(block, nbytes(storage))

    def _maker(self) -> Any:
        """Return what memory that is allocated now is attributed to: the learner's line."""
        return learner_line() or 0

    @property
    def allocated_by(self) -> Mapping[tuple[str, Any], int]:
        """Bytes that were allocated, by op and by what `_maker` returned."""
        return self._allocated

    def _own_block(self, tensor: torch.Tensor) -> _Block | None:
        """Return the block of memory that was allocated while the meter was on; else None."""
        block = self._blocks.get(memory_of(tensor)[0]._cdata)  # noqa: SLF001 - its identity
        return block if block is not None and not block.floor and block.charged else None

    def _is_known(self, tensor: torch.Tensor | torch.UntypedStorage) -> bool:
        """Return whether memory belongs to an array or a storage that is already known."""
        storage = memory_of(tensor)[0]
        if storage._cdata in self._blocks or isinstance(storage, torch.Tensor):  # noqa: SLF001 - likewise
            return True
        address = storage.data_ptr() if storage.nbytes() and is_real(storage) else 0
        spans = [(other.data_ptr(), other.nbytes()) for other in self._alive() if is_real(other)]
        return any(start <= address < start + size for start, size in spans + self._spans)

    def _is_input(self, storage: Memory) -> bool:
        """Return whether a storage is the memory of an input array."""
        if isinstance(storage, torch.Tensor):
            return False
        address = storage.data_ptr()
        return any(start <= address < start + size for start, size in self._spans)

    def _alive(self) -> list[torch.UntypedStorage]:
        known = (block() for block in self._blocks.values())
        return [storage for storage in known if isinstance(storage, torch.UntypedStorage)]

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

    def _drop_freed(self) -> None:
        """Subtract freed storages. Called before each update: only growth can set a new peak."""
        while self._freed:
            self._drop(self._freed.popleft())

    def _note_peak(self) -> None:
        if self._live > self._peak:
            self._peak = self._live
            self._at_peak = {maker: size for maker, size in self._by_maker.items() if size}


def _by_name(rows: Mapping[tuple[str, int], int]) -> BytesByOp:
    table: BytesByOp = {}
    for (name, line), size in sorted(rows.items(), key=lambda row: -row[1]):
        if size:
            table.setdefault(name, {})[line] = size
    return table
