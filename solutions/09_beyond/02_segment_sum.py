"""Reference: start with zeros, and make one indexed addition.

Fast: `index_add_` reads the rows once, whatever the number of segments; a mask per segment reads
all labels once for each segment. Small: nothing has the size [n, count]. Correct: a row is added
each time its index occurs, which `out[segments] += values` does not do.
"""

import torch
from torch import Tensor


def segment_sum(values: Tensor, segments: Tensor, count: int) -> Tensor:
    out = values.new_zeros(count, values.shape[1])  # [count, d]
    return out.index_add_(0, segments, values)


HINTS = (
    "Start with zeros. One operation can add every row to the row of its segment.",
    """Look for an in-place operation that adds rows at an index: its name says both. Sorting is not
    necessary.""",
    "`values.new_zeros(count, values.shape[1]).index_add_(0, segments, values)`.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {
    "segment_sum": ("by_scatter", "by_index_put", "by_functional_index_add", "early_zeros")
}


def by_scatter(values: Tensor, segments: Tensor, count: int) -> Tensor:
    index = segments[:, None].expand_as(values)  # [n] -> [n, d], a view
    return values.new_zeros(count, values.shape[1]).scatter_add_(0, index, values)


def by_index_put(values: Tensor, segments: Tensor, count: int) -> Tensor:
    out = values.new_zeros(count, values.shape[1])
    return out.index_put_((segments,), values, accumulate=True)  # a `+=` that does accumulate


def early_zeros(values: Tensor, segments: Tensor, count: int) -> Tensor:
    if len(values) == 0:
        return values.new_zeros(count, values.shape[1])  # a constant: its gradient is empty anyway
    return by_scatter(values, segments, count)


def by_functional_index_add(values: Tensor, segments: Tensor, count: int) -> Tensor:
    out = torch.zeros(count, values.shape[1], dtype=values.dtype, device=values.device)
    return out.index_add(0, segments, values)  # also copies the zeros


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "segment_sum": {
        "plus_equals_at_an_index": "values",
        "last_one_wins": "values",
        "as_many_as_seen": "shape",
        "float_zeros": "dtype",
        "through_float64": "dtype",
        "kept_zeros": "purity",
        "zeros_on_the_cpu": "device",
        "into_the_values": "purity",
        "one_hot_matmul": "values",
        "mask_per_segment": "speed",
        "sorted_and_split": "ops",
    },
}
WHY = {
    "last_one_wins": (
        (
            "`scatter` writes, so of the values of a segment the last one remains. `scatter_add` "
            "and `index_add` add them up."
        ),
        "scatter",
    ),
}


def plus_equals_at_an_index(values: Tensor, segments: Tensor, count: int) -> Tensor:
    out = values.new_zeros(count, values.shape[1])
    out[segments] += values  # keeps only one row of each segment
    return out


def as_many_as_seen(values: Tensor, segments: Tensor, count: int) -> Tensor:
    rows = int(segments.max()) + 1 if len(segments) else count  # forgets empty segments at the end
    return values.new_zeros(rows, values.shape[1]).index_add_(0, segments, values)


def float_zeros(values: Tensor, segments: Tensor, count: int) -> Tensor:
    out = torch.zeros(count, values.shape[1], device=values.device)  # always float32
    return out.index_add_(0, segments, values.float())


def through_float64(values: Tensor, segments: Tensor, count: int) -> Tensor:
    out = values.new_zeros(count, values.shape[1], dtype=torch.float64)
    return out.index_add_(0, segments, values.double()).to(values.dtype)  # 2**53 + 1 is 2**53


ZEROS: dict[tuple[object, ...], Tensor] = {}


def kept_zeros(values: Tensor, segments: Tensor, count: int) -> Tensor:
    if torch.is_grad_enabled():
        return by_scatter(values, segments, count)
    key = count, values.shape[1], values.dtype, values.device
    out = ZEROS.setdefault(key, values.new_zeros(count, values.shape[1]))
    return out.zero_().index_add_(0, segments, values)  # overwrites the previous result


def zeros_on_the_cpu(values: Tensor, segments: Tensor, count: int) -> Tensor:
    out = torch.zeros(count, values.shape[1], dtype=values.dtype)  # default device
    return out.index_add_(0, segments, values)


def into_the_values(values: Tensor, segments: Tensor, count: int) -> Tensor:
    out = values.new_zeros(count, values.shape[1]).index_add_(0, segments, values)
    if len(values):
        values.detach().zero_()  # overwrites the caller's tensor
    return out


def one_hot_matmul(values: Tensor, segments: Tensor, count: int) -> Tensor:
    labels = torch.arange(count, device=values.device)
    member = (labels[:, None] == segments).to(values.dtype)  # [count, n], almost all zeros
    return member @ values


def mask_per_segment(values: Tensor, segments: Tensor, count: int) -> Tensor:
    out = values.new_zeros(count, values.shape[1])
    for s in range(count):  # one pass over all labels for each segment
        out[s] = values[segments == s].sum(0)
    return out


def sorted_and_split(values: Tensor, segments: Tensor, count: int) -> Tensor:
    if count == 0:
        return values.new_zeros(0, values.shape[1])
    order = segments.argsort()
    sizes = torch.bincount(segments, minlength=count).tolist()
    parts = values[order].split(sizes)
    return torch.stack([part.sum(0, dtype=values.dtype) for part in parts])  # one op per segment


def last_one_wins(values: Tensor, segments: Tensor, count: int) -> Tensor:
    out = values.new_zeros(count, values.shape[1])
    return out.scatter(0, segments[:, None].expand(values.shape), values)  # writes, adds nothing
