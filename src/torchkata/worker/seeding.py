"""Notice that the submission seeds a random generator that the whole process shares."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import torch

from torchkata.worker.frames import PREFIX, learner_line

NAMES: Final = {"torch.manual_seed()": "torch", "random.seed()": "random"}
"""What is noticed, by the call, with the name of the generator."""

_seeded: set[str] = set()
"""The calls of the submission whose effect it has not undone since."""


def watch() -> None:
    """Replace the functions that seed a generator, and those that restore its state."""
    for module in (torch, torch.random):
        _replace(module, "manual_seed", _noting("torch.manual_seed()"))
        _replace(module, "set_rng_state", _forgetting("torch.manual_seed()"))
    _replace(random, "seed", _noting("random.seed()"))
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


def _noting(name: str) -> Callable[[Any], Any]:
    def around(seed: Any) -> Any:
        @wraps(seed)
        def seed_and_note(*arguments: Any, **keywords: Any) -> Any:
            caller = sys._getframe(1).f_code.co_filename  # noqa: SLF001 - cheap and documented
            if caller.startswith(PREFIX):
                _seeded.add(name)
            return seed(*arguments, **keywords)

        return seed_and_note

    return around


def _forgetting(name: str) -> Callable[[Any], Any]:
    def around(restore: Any) -> Any:
        @wraps(restore)
        def restore_and_forget(state: Any, *arguments: Any, **keywords: Any) -> Any:
            if learner_line() is not None:  # the submission restores what it has saved
                _seeded.discard(name)
            return restore(state, *arguments, **keywords)

        return restore_and_forget

    return around
