"""Reference: one division of the whole tensor.

Fast: one op, whatever the length.
"""

from torch import Tensor

HINTS = (
    "Tensors know arithmetic.",
    "An operator with a number acts on each entry.",
    "`x / 2`.",
)

TRAPS = {"halve": {"in_place": "purity", "square": "values"}}

ALTERNATIVES = {"halve": ("times_a_half",)}


def halve(x: Tensor) -> Tensor:
    return x / 2


def times_a_half(x: Tensor) -> Tensor:
    return x * 0.5


def in_place(x: Tensor) -> Tensor:
    return x.detach().div_(2)


def square(x: Tensor) -> Tensor:
    return x * x
