"""Notice that the submission seeds a random generator that the whole process shares."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import torch

from torchkata.worker.frames import PREFIX, learner_line, never_compile

NAMES: Final = {"torch.manual_seed()": "torch", "random.seed()": "random"}
"""What is noticed, by the call, with the name of the generator."""

_seeded: dict[str, tuple[Any, Any]] = {}
"""The calls of the submission whose effect it has not undone since, with the states around each."""


def watch() -> None:
    """Replace the functions that seed a generator, and those that restore its state."""
    for module in (torch, torch.random):
        _replace(module, "manual_seed", _noting("torch.manual_seed()", torch.get_rng_state))
        _replace(module, "set_rng_state", _forgetting("torch.manual_seed()"))
    _replace(random, "seed", _noting("random.seed()", random.getstate))
    _replace(random, "setstate", _forgetting("random.seed()"))


def forget() -> None:
    """Forget what was noticed so far."""
    _seeded.clear()


def seeded() -> list[str]:
    """Return which generators were left seeded, and forget them."""
    names = sorted(_seeded)
    forget()
    return names


def _replace(module: Any, name: str, around: Callable[[Any], Any]) -> None:
    setattr(module, name, around(getattr(module, name)))


def _noting(name: str, state: Callable[[], Any]) -> Callable[[Any], Any]:
    def around(seed: Any) -> Any:
        @wraps(seed)
        def seed_and_note(*arguments: Any, **keywords: Any) -> Any:
            caller = sys._getframe(1).f_code.co_filename  # noqa: SLF001 - cheap and documented
            before = state()
            result = seed(*arguments, **keywords)
            if caller.startswith(PREFIX):
                _seeded[name] = before, state()
            return result

        never_compile(seed_and_note)
        return seed_and_note

    return around


def _forgetting(name: str) -> Callable[[Any], Any]:
    def around(restore: Any) -> Any:
        @wraps(restore)
        def restore_and_forget(state: Any, *arguments: Any, **keywords: Any) -> Any:
            # A compiler restores the state that it has found, also in frames of the submission.
            before, after = _seeded.get(name, (None, None))
            undone = _equal(state, before) or not _equal(state, after)
            if learner_line() is not None and undone:
                _seeded.pop(name, None)  # the submission restores what it has saved
            return restore(state, *arguments, **keywords)

        never_compile(restore_and_forget)
        return restore_and_forget

    return around


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and torch.equal(one, other)
    return bool(one == other)
