"""Reference: the library's `var`, which never squares anything but distances.

Right: it goes through the data once, and keeps a running mean and a running sum of squared
distances from it, so that only small numbers are squared. It even beats two passes, where the
rounding of a mean near 10,000 adds 3e-6 to the result. Fast: one operation, and no table of
distances in memory.
"""

from torch import Tensor

HINTS = (
    "A variance does not change when all numbers are shifted. Where to?",
    """Subtract the mean of each slice first (`keepdim=True`), then square. The library also has
    the whole as one operation, which divides by n - 1 unless it is told otherwise.""",
    "`x.var(dim, correction=0)`, or `(x - x.mean(dim, keepdim=True)).square().mean(dim)`.",
)

TRAPS = {
    "variance": {
        "mean_of_squares": "stability",
        "never_negative": "stability",
        "one_shift_for_all": "stability",
        "sample_variance": "values",
        "kept_dim": "shape",
        "half_detached": "gradient",
    },
}

ALTERNATIVES = {"variance": ("two_passes", "shifted_by_the_first")}


def variance(x: Tensor, dim: int) -> Tensor:
    return x.var(dim, correction=0)


def two_passes(x: Tensor, dim: int) -> Tensor:
    return (x - x.mean(dim, keepdim=True)).square().mean(dim)


def shifted_by_the_first(x: Tensor, dim: int) -> Tensor:
    # Any number near the mean will do as the new zero, such as the first of each slice.
    x = x - x.narrow(dim, 0, 1).detach()
    return (x * x).mean(dim) - x.mean(dim) ** 2


def mean_of_squares(x: Tensor, dim: int) -> Tensor:
    return (x * x).mean(dim) - x.mean(dim) ** 2  # 1e8 minus 1e8, each rounded to within 4


def never_negative(x: Tensor, dim: int) -> Tensor:
    return ((x * x).mean(dim) - x.mean(dim) ** 2).clamp_min(0)  # no longer absurd, still wrong


def one_shift_for_all(x: Tensor, dim: int) -> Tensor:
    x = x - x.mean().detach()  # helps only where all slices have the same mean
    return (x * x).mean(dim) - x.mean(dim) ** 2


def sample_variance(x: Tensor, dim: int) -> Tensor:
    return x.var(dim, correction=min(1, x.shape[dim] - 1))  # divides by n - 1


def kept_dim(x: Tensor, dim: int) -> Tensor:
    return x.var(dim, correction=0, keepdim=True)


def half_detached(x: Tensor, dim: int) -> Tensor:
    return (x.detach() - x.mean(dim, keepdim=True)).square().mean(dim)  # half of x is forgotten
