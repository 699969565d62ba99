"""Reference: the library's `var`, which squares only distances from a mean.

Correct: it passes over the data once. It keeps a running mean and a running sum of squared
distances, so it squares only small numbers. Its relative error is 6e-8. Two passes reach 3e-6,
because they round a mean near 10,000. A mean that is updated one number at a time reaches only
3e-4 to 1e-3, because each update is rounded. The stub has an error of 8 to 40, which is 800 % or
more. Fast: one op, and no tensor of distances in memory.
"""

import torch
from torch import Tensor


def variance(x: Tensor, dim: int) -> Tensor:
    return x.var(dim, correction=0)


HINTS = (
    "The variance does not change if you shift all numbers by a constant. Which constant helps?",
    """Subtract the mean of each slice first (`keepdim=True`), then square. The library also has one
    function for the variance, which divides by n - 1 by default.""",
    "`x.var(dim, correction=0)`, or `(x - x.mean(dim, keepdim=True)).square().mean(dim)`.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"variance": ("two_passes", "shifted_by_the_first")}


def two_passes(x: Tensor, dim: int) -> Tensor:
    return (x - x.mean(dim, keepdim=True)).square().mean(dim)


def shifted_by_the_first(x: Tensor, dim: int) -> Tensor:
    # A shift by any number near the mean works, such as the first number of each slice.
    x = x - x.narrow(dim, 0, 1).detach()
    return (x * x).mean(dim) - x.mean(dim) ** 2


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "variance": {
        "mean_of_squares": "stability",
        "never_negative": "stability",
        "one_shift_for_all": "stability",
        "sample_variance": "values",
        "kept_dim": "shape",
        "half_detached": "gradient",
        "one_by_one": "stability",
        "without_nan": "values",
    },
}
WHY = {
    "one_shift_for_all": (
        "The mean of the whole tensor is subtracted. Slices far from it keep large squares: "
        "subtract the mean of each slice."
    ),
    "half_detached": "The gradient passes through one of the two x only.",
}


def mean_of_squares(x: Tensor, dim: int) -> Tensor:
    return (x * x).mean(dim) - x.mean(dim) ** 2  # 1e8 minus 1e8, each rounded by up to 4


def never_negative(x: Tensor, dim: int) -> Tensor:
    return ((x * x).mean(dim) - x.mean(dim) ** 2).clamp_min(0)  # not negative, but still wrong


def one_shift_for_all(x: Tensor, dim: int) -> Tensor:
    x = x - x.mean().detach()  # helps only if all slices have the same mean
    return (x * x).mean(dim) - x.mean(dim) ** 2


def sample_variance(x: Tensor, dim: int) -> Tensor:
    return x.var(dim, correction=min(1, x.shape[dim] - 1))  # divides by n - 1


def kept_dim(x: Tensor, dim: int) -> Tensor:
    return x.var(dim, correction=0, keepdim=True)  # keeps `dim`


def half_detached(x: Tensor, dim: int) -> Tensor:
    return (x.detach() - x.mean(dim, keepdim=True)).square().mean(dim)  # gradient of the mean only


def one_by_one(x: Tensor, dim: int) -> Tensor:
    mean = total = torch.zeros_like(x.select(dim, 0))
    for count, number in enumerate(x.unbind(dim), 1):
        step = number - mean
        mean = mean + step / count  # rounded near 10,000, so half of the digits are lost
        total = total + step * (number - mean)
    return total / x.shape[dim]


def without_nan(x: Tensor, dim: int) -> Tensor:
    return two_passes(x.nan_to_num(), dim)  # hides nan and inf from the caller
