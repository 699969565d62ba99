"""Reference: the slice itself; the operator is the function, and it makes a view.

Small: a view is a new description (offset, sizes, strides) of the same memory: no number moves.
Right at the edges: the brackets follow Python's rules for negative and too large bounds, which
torch.narrow refuses; it wants a start inside and a length.
"""

import torch
from torch import Tensor

HINTS = (
    "Which single call picks rows without moving any number?",
    "A slice never copies, a list of indices always does. Slices know the rules of bounds.",
    "`x[begin:end]` is the answer; `torch.narrow(x, 0, start, length)` wants clean bounds first.",
)

TRAPS = {
    "window": {
        "narrow_as_printed": "values",
        "narrow_raw_bounds": "values",
        "cloned": "memory",
        "by_indices": "memory",
        "end_included": "shape",
    },
}

ALTERNATIVES = {"window": ("by_narrow", "by_aten")}


def window(x: Tensor, begin: int, end: int) -> Tensor:
    return x[begin:end]  # [n, ...] -> [m, ...], the same storage


def by_narrow(x: Tensor, begin: int, end: int) -> Tensor:
    start, stop, _step = slice(begin, end).indices(x.shape[0])
    return torch.narrow(x, 0, start, max(0, stop - start))


def by_aten(x: Tensor, begin: int, end: int) -> Tensor:
    return torch.ops.aten.slice.Tensor(x, 0, begin, end)


def narrow_as_printed(x: Tensor, begin: int, end: int) -> Tensor:  # noqa: ARG001 - the mistake
    return torch.narrow(0, begin, end - begin)  # the tensor comes first


def narrow_raw_bounds(x: Tensor, begin: int, end: int) -> Tensor:
    return torch.narrow(x, 0, begin, end - begin)  # right for 0 <= begin <= end <= n only


def cloned(x: Tensor, begin: int, end: int) -> Tensor:
    return x[begin:end].clone()  # a copy: writing into it changes nothing in x


def by_indices(x: Tensor, begin: int, end: int) -> Tensor:
    return x[list(range(*slice(begin, end).indices(x.shape[0])))]  # a list of indices copies


def end_included(x: Tensor, begin: int, end: int) -> Tensor:
    return x[begin : end + 1]
