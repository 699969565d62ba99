"""Reference: the same difference as a new tensor.

Fast: two ops, and the caller's x is unchanged.
"""

from torch import Tensor

HINTS = (
    "An op whose name ends in an underscore writes to its input.",
    "Every such op has a twin without the underscore.",
    "`x - x.mean()`.",
)

TRAPS = {"shift": {"still_in_place": "purity", "cloned": "ops"}}

ALTERNATIVES = {"shift": ("by_sub",)}


def shift(x: Tensor) -> Tensor:
    return x - x.mean()


def by_sub(x: Tensor) -> Tensor:
    return x.sub(x.mean())


def still_in_place(x: Tensor) -> Tensor:
    x -= x.mean()
    return x


def cloned(x: Tensor) -> Tensor:
    return x.clone() - x.mean()
