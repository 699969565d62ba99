"""Reference: the slice itself, because the operator is the function, and it returns a view.

Small: a view is a new description (offset, sizes, strides) of the same memory, so no data moves.
Correct at the edges: brackets follow Python's rules for negative and out-of-range bounds.
torch.narrow rejects most of them; it needs a valid start and length.
"""

import torch
from torch import Tensor


def window(x: Tensor, begin: int, end: int) -> Tensor:
    return x[begin:end]  # [n, ...] -> [m, ...] in the same storage


HINTS = (
    "Which single call selects rows without copying any data?",
    "A slice never copies; a list of indices always does. A slice also accepts any bounds.",
    "`x[begin:end]` is the answer; `torch.narrow(x, 0, start, length)` needs valid bounds.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"window": ("by_narrow", "by_aten")}


def by_narrow(x: Tensor, begin: int, end: int) -> Tensor:
    start, stop, _step = slice(begin, end).indices(x.shape[0])
    return torch.narrow(x, 0, start, max(0, stop - start))


def by_aten(x: Tensor, begin: int, end: int) -> Tensor:
    return torch.ops.aten.slice.Tensor(x, 0, begin, end)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "window": {
        "narrow_as_printed": "values",
        "narrow_raw_bounds": "values",
        "cloned": "memory",
        "by_indices": "memory",
        "end_included": "shape",
        "contiguous_rows": "memory",
        "from_the_start_of_the_storage": "values",
        "begin_not_clipped": "values",
        "end_at_least_begin": "values",
    },
}


def narrow_as_printed(x: Tensor, begin: int, end: int) -> Tensor:  # noqa: ARG001 - the mistake
    return torch.narrow(0, begin, end - begin)  # lacks the tensor, which is the first argument


def narrow_raw_bounds(x: Tensor, begin: int, end: int) -> Tensor:
    return torch.narrow(x, 0, begin, end - begin)  # needs 0 <= begin <= end <= n


def cloned(x: Tensor, begin: int, end: int) -> Tensor:
    return x[begin:end].clone()  # a copy: writing to it does not change x


def by_indices(x: Tensor, begin: int, end: int) -> Tensor:
    return x[list(range(*slice(begin, end).indices(x.shape[0])))]  # a list of indices copies


def end_included(x: Tensor, begin: int, end: int) -> Tensor:
    return x[begin : end + 1]  # one row too many: Python excludes the end


def contiguous_rows(x: Tensor, begin: int, end: int) -> Tensor:
    return x[begin:end].contiguous()  # copies unless x is contiguous


def from_the_start_of_the_storage(x: Tensor, begin: int, end: int) -> Tensor:
    start, stop, _step = slice(begin, end).indices(x.shape[0])
    size = (max(0, stop - start), *x.shape[1:])
    return x.as_strided(size, x.stride(), start * x.stride(0))  # forgets x.storage_offset()


def begin_not_clipped(x: Tensor, begin: int, end: int) -> Tensor:
    start = max(begin + x.shape[0], 0) if begin < 0 else begin  # may be beyond the last row
    stop = max(end + x.shape[0], 0) if end < 0 else min(end, x.shape[0])
    return torch.narrow(x, 0, start, max(0, stop - start))


def end_at_least_begin(x: Tensor, begin: int, end: int) -> Tensor:
    return x[begin : max(begin, end)]  # a negative end counts from the end, so it is not before
