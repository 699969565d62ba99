"""Reference: the same difference, written to a new tensor.

Fast: two ops; the caller keeps x.
"""

from torch import Tensor

HINTS = (
    "An op whose name ends in an underscore writes into its tensor.",
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
