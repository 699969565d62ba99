"""Reference: two limits of the dtype, and one exact multiplication.

Correct: `eps` is the spacing of the numbers just above 1, so the spacing just above `tiny` is
tiny * eps. Subnormal numbers keep this spacing all the way down, so the smallest positive one is
tiny * eps too. Both factors are powers of two, so the product is exact in a Python float.
"""

import torch


def float_range(dtype: torch.dtype) -> tuple[float, float]:
    info = torch.finfo(dtype)
    return info.tiny * info.eps, info.max


HINTS = (
    "PyTorch can report the numerical limits of every floating dtype.",
    """`torch.finfo(dtype)` has `max`, `tiny` and `eps`. Subnormal numbers are evenly spaced, with
    the same spacing as the normal numbers just above `tiny`. How large is that spacing?""",
    "`info = torch.finfo(dtype)`, then `return info.tiny * info.eps, info.max`.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"float_range": ("by_bits", "by_halving")}


def by_bits(dtype: torch.dtype) -> tuple[float, float]:
    # Read as integers, positive floats count up: 0 is 0.0, 1 is the smallest number, and the
    # largest number comes just before inf.
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
    while large < large + step < float("inf"):  # set the bits below the leading one
        large, step = large + step, step / 2
    return small.item(), large.item()


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "float_range": {
        "smallest_normal": "values",
        "as_printed": "values",
        "below_zero": "values",
        "spacing_at_one": "values",
        "as_tensors": "shape",
        "whole_number": "contract",
        "as_list": "contract",
    },
}
WHY = {
    "smallest_normal": (
        (
            "`finfo.tiny` is the smallest normal number. There are smaller ones, the subnormal "
            "numbers, with fewer digits."
        ),
        "tiny|smallest_normal",
    ),
    "as_printed": "These are the digits that are printed. The numbers have more of them.",
    "below_zero": (
        "`finfo.min` is the most negative number. The smallest positive one is close to 0.",
        r"\.min\b",
    ),
    "spacing_at_one": (
        (
            "`finfo.eps` is the distance from 1 to the next number. Numbers close to 0 are much "
            "smaller."
        ),
        r"\.eps\b",
    ),
}


def smallest_normal(dtype: torch.dtype) -> tuple[float, float]:
    info = torch.finfo(dtype)
    return info.tiny, info.max  # below `tiny`, numbers lose precision but are not 0 yet


def as_printed(dtype: torch.dtype) -> tuple[float, float]:
    # Printing rounds to six digits, so these are not the exact limits.
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
    info = torch.finfo(dtype)  # the right numbers, but not as Python floats
    return torch.tensor(info.tiny * info.eps).to(dtype), torch.tensor(info.max).to(dtype)


def whole_number(dtype: torch.dtype) -> tuple[float, int]:
    smallest, largest = by_bits(dtype)
    return smallest, int(largest)  # the right number, but an int


def as_list(dtype: torch.dtype) -> list[float]:
    return list(by_bits(dtype))  # the right numbers, but not a tuple


def spacing_at_one(dtype: torch.dtype) -> tuple[float, float]:
    info = torch.finfo(dtype)
    return info.eps, info.max  # `eps` is the distance from 1 to the next number
