"""Reference: the table of the dtype, and one multiplication that is exact.

Right: eps is the step between numbers just above 1, so the steps among the smallest normal numbers
are tiny * eps. Subnormal numbers keep that same step all the way down, and the last one above zero
is one step. Both factors are powers of two, and so is the product, which a Python float holds.
"""

import torch

HINTS = (
    "PyTorch keeps a table of facts about each floating dtype.",
    """`torch.finfo(dtype)` has `max`, `tiny` and `eps`. Subnormal numbers lie one fixed step apart:
    the step that the normal numbers just above `tiny` have. How large is it?""",
    "`info = torch.finfo(dtype)`, then `(info.tiny * info.eps, info.max)`.",
)

TRAPS = {
    "float_range": {
        "smallest_normal": "values",
        "as_printed": "values",
        "below_zero": "values",
        "as_tensors": "shape",
        "whole_number": "contract",
    },
}

ALTERNATIVES = {"float_range": ("by_bits", "by_halving")}


def float_range(dtype: torch.dtype) -> tuple[float, float]:
    info = torch.finfo(dtype)
    return info.tiny * info.eps, info.max


def by_bits(dtype: torch.dtype) -> tuple[float, float]:
    # Read as integers, positive floats count upwards: 0, smallest, ..., largest, inf.
    whole = {2: torch.int16, 4: torch.int32, 8: torch.int64}[dtype.itemsize]
    infinity = torch.tensor(float("inf"), dtype=dtype).view(whole)
    first = torch.ones((), dtype=whole).view(dtype)
    return first.item(), (infinity - 1).view(dtype).item()


def by_halving(dtype: torch.dtype) -> tuple[float, float]:
    small = torch.ones((), dtype=dtype)
    while small / 2 > 0:
        small = small / 2
    large = torch.ones((), dtype=dtype)
    while (large * 2).isfinite():
        large = large * 2
    step = large / 2
    while large < large + step < float("inf"):  # fill up the digits below the leading one
        large, step = large + step, step / 2
    return small.item(), large.item()


def smallest_normal(dtype: torch.dtype) -> tuple[float, float]:
    info = torch.finfo(dtype)
    return info.tiny, info.max  # `tiny` is where full precision ends, not where numbers end


def as_printed(dtype: torch.dtype) -> tuple[float, float]:
    # Six digits are for the eye: no float32 lies exactly there.
    table = {
        torch.float16: (5.96046e-08, 65504.0),
        torch.bfloat16: (9.18355e-41, 3.38953e38),
        torch.float32: (1.4013e-45, 3.40282e38),
        torch.float64: (4.94066e-324, 1.79769e308),
    }
    return table[dtype]


def below_zero(dtype: torch.dtype) -> tuple[float, float]:
    info = torch.finfo(dtype)
    return info.min, info.max  # `min` is the most negative number, not the smallest positive one


def as_tensors(dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    info = torch.finfo(dtype)
    return torch.tensor(info.tiny * info.eps).to(dtype), torch.tensor(info.max).to(dtype)


def whole_number(dtype: torch.dtype) -> tuple[float, int]:
    smallest, largest = by_bits(dtype)
    return smallest, int(largest)  # the same number, but no float any more
