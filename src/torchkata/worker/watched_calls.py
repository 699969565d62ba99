"""Probes that watch calls: what they do to their arguments, and what one leaves for the next."""

from __future__ import annotations

import builtins
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import ModuleType
from typing import Any, Final

import torch
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

from torchkata.worker.arguments import RecordedArguments
from torchkata.worker.builtin_probes import call as call_entry
from torchkata.worker.snapshots import copied, tensors_in

globals()["__builtins__"] = dict(vars(builtins))  # which the functions below keep

PLAIN: Final = "plain"
_MODES: Final[dict[str, Callable[[], AbstractContextManager[Any]]]] = {
    PLAIN: nullcontext,
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "non_leaf": nullcontext,
}
MODES: Final = tuple(_MODES)
"""How a function may be called: plainly, under a mode, or with arguments that are no leaves."""


def call_watched(
    module: ModuleType, entry: str, arguments: tuple[object, ...]
) -> dict[str, object]:
    """Call an entry point once.

    Returns:
        `value`; and `changes`, see `RecordedArguments.changes`.
    """
    before = RecordedArguments(arguments)
    value = copied(call_entry(module, entry, *arguments))
    return {"value": value, "changes": before.changes()}


def call_repeatedly(
    module: ModuleType,
    entry: str,
    first: tuple[object, ...],
    second: tuple[object, ...],
    mode: str,
) -> dict[str, object]:
    """Call an entry point several times in one mode.

    The second call gets other values of the same shapes. Then the tensors of the first call are
    overwritten in place and passed again; then new tensors of other values are passed, which
    usually reuse the memory of tensors that no longer exist.

    Args:
        module: the submission.
        entry: the entry point.
        first: the arguments of the first call.
        second: the arguments of the second call.
        mode: one of `MODES`.

    Returns:
        `values`: results by name: `second`, `overwritten` and `reused`, as far as they were called;
        `kept`, whether the results of the first two calls share memory; `changes` of all
        calls, see `RecordedArguments.changes`; and `reseeded`, the random generators to which the
        two calls gave the same state.
    """
    changes: list[list[object]] = []

    def call(arguments: tuple[object, ...]) -> Any:
        before = RecordedArguments(arguments)
        with _MODES[mode]():
            result = call_entry(module, entry, *arguments)
        changes.extend(before.changes())
        return result

    if mode == "non_leaf":
        first, second = _non_leaves(first), _non_leaves(second)
    original = _copied(first)
    values: dict[str, object] = {}
    with _seeded_generators():
        _seed_all(1)
        result = call(first)
        state_after_first = _generator_states()
        _seed_all(2)
        later = call(second)
        values["second"] = _copied(later)
        reseeded = [
            name
            for name, state in _generator_states().items()
            if _same_state(state, state_after_first.get(name))
        ]
        kept = bool((_storages(result) & _storages(later)) - _storages((first, second)))
        del later
        if mode != "non_leaf" and _overwrite(first, second):
            _seed_all(3)
            values["overwritten"] = _copied(call(first))
            if mode == PLAIN:
                _seed_all(3)
                values["reused"] = _with_reused_memory(call, original, first)
    return {"values": values, "kept": kept, "changes": changes, "reseeded": reseeded}


def _with_reused_memory(
    call: Callable[[tuple[object, ...]], Any], old: tuple[object, ...], new: tuple[object, ...]
) -> Any:
    """Call with temporary copies of old values, then with temporary copies of new ones."""
    temporary = _copied(old)
    call(temporary)
    del temporary
    _seed_all(3)
    return _copied(call(_copied(new)))


def _copied(tree: Any) -> Any:
    """Copy the tensors of a tree, without their graph; keep everything else."""
    return tree_map(lambda x: x.detach().clone() if isinstance(x, torch.Tensor) else x, tree)


def _non_leaves(arguments: tuple[object, ...]) -> tuple[object, ...]:
    """Turn floating tensors into results of an operation on a leaf that requires grad."""
    leaves, structure = tree_flatten(arguments)
    turned = [
        leaf.detach().clone().requires_grad_().mul(1.0)
        if isinstance(leaf, torch.Tensor) and leaf.is_floating_point()
        else leaf
        for leaf in leaves
    ]
    whole: tuple[object, ...] = tree_unflatten(turned, structure)
    return whole


def _overwrite(first: tuple[object, ...], second: tuple[object, ...]) -> bool:
    """Write the tensors of `second` into those of `first`.

    Returns:
        False, with nothing written, if they do not correspond.
    """
    pairs = list(zip(tensors_in(first), tensors_in(second), strict=False))
    counts = (len(tensors_in(first)), len(tensors_in(second)))
    if not pairs or counts[0] != counts[1]:
        return False
    if any(old.shape != new.shape or old.dtype != new.dtype for old, new in pairs):
        return False
    for old, new in pairs:
        old.data.copy_(new.detach())  # .data: the version counter does not tell
    return True


def _storages(tree: object) -> set[int]:
    """Return the addresses of the storages of the tensors of a tree that are not empty."""
    tensors = [leaf for leaf in tensors_in(tree) if leaf.numel()]
    return {leaf.untyped_storage().data_ptr() for leaf in tensors}


def _seed_all(seed: int) -> None:
    torch.manual_seed(seed)
    random.seed(seed)
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed(seed)


def _generator_states() -> dict[str, Any]:
    states: dict[str, Any] = {"torch": torch.get_rng_state(), "random": random.getstate()}
    if (numpy := sys.modules.get("numpy")) is not None:
        states["numpy.random"] = numpy.random.get_state()[1].tolist()
    return states


def _same_state(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and torch.equal(one, other)
    return bool(one == other)


@contextmanager
def _seeded_generators() -> Iterator[None]:
    """Restore the state of all generators at the end."""
    states = _generator_states()
    try:
        yield
    finally:
        torch.set_rng_state(states["torch"])
        random.setstate(states["random"])
        if "numpy.random" in states:
            sys.modules["numpy"].random.seed()
