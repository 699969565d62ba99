"""Reference: differences of running sums in float64.

Fast: one pass for the sums and one for the differences, for any width. A loop makes one op for each
window, and adding up each window separately takes n * width additions. Small: two float64 signals.
Accurate: float64 has 16 digits, so a sum near 50,000 still has 11 digits after the decimal point.
In float32 it has only two or three.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool1d


def check(x: Tensor, width: int) -> None:
    if not 1 <= width <= x.shape[-1]:
        raise ValueError(f"expected a width from 1 to {x.shape[-1]}, got {width}")


def averaged(x: Tensor, width: int) -> Tensor:
    check(x, width)
    sums = x.cumsum(-1, dtype=torch.float64)  # [..., n]
    means = sums[..., width - 1 :] / width  # sums up to the end of each window
    means[..., 1:].sub_(sums[..., :-width], alpha=1 / width)  # minus the sum before it
    return means.to(x.dtype)


def moving_average(x: Tensor, width: int) -> Tensor:
    return averaged(x, width)


HINTS = (
    "Neighboring windows differ in only two numbers. Which sums do they share?",
    """With running sums S, the sum of a window is S[end] - S[start]. Handle the first window, which
    has nothing before it, and keep enough digits in S. Or use a pooling op that slides over x.""",
    """`sums = x.cumsum(-1, dtype=torch.float64)`: from entry width - 1 on, each entry is the sum up
    to the end of a window. Subtract `sums[..., :-width]` from all windows but the first.""",
)

EQUIVALENT = {
    "nan filtered in moving_average: x": "x is finite",
    "infinity limited in moving_average: x": "x is finite",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {
    "moving_average": ("by_unfold", "by_pooling", "by_padded_sums", "by_shifted_slices")
}


def by_unfold(x: Tensor, width: int) -> Tensor:
    check(x, width)
    return x.unfold(-1, width, 1).mean(-1)  # windows are a view: no copy, but n * width additions


def by_pooling(x: Tensor, width: int) -> Tensor:
    check(x, width)
    lead, n = x.shape[:-1], x.shape[-1]
    rows = x.reshape(lead.numel(), 1, n)  # a batch of signals with one channel each
    return avg_pool1d(rows, width, stride=1).reshape(*lead, n - width + 1)


def by_shifted_slices(x: Tensor, width: int) -> Tensor:
    check(x, width)
    total = torch.zeros_like(x[..., width - 1 :])
    for i in range(width):  # over the entries of a window, not over windows
        total = total + x[..., i : x.shape[-1] - width + 1 + i]
    return total / width


def by_padded_sums(x: Tensor, width: int) -> Tensor:
    check(x, width)
    start = x.new_zeros(*x.shape[:-1], 1, dtype=torch.float64)  # the empty sum before the first
    sums = torch.cat((start, x.double()), -1).cumsum_(-1)
    return torch.sub(sums[..., width:], sums[..., :-width]).div_(width).to(x.dtype)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "moving_average": {
        "running_sums_in_float32": "stability",
        "running_sums_about_the_mean": "stability",
        "windows_side_by_side": "memory",
        "loop_over_windows": "ops",
        "first_window_forgotten": "shape",
        "padded_to_n": "shape",
        "without_the_error": "contract",
        "always_float64": "dtype",
        "rolled_around": "values",
        "detached": "gradient",
    },
}
WHY = {
    "running_sums_in_float32": (
        "The running sums grow with n, and float32 keeps 7 digits of them, so their difference "
        "loses the digits of the window. Sum in float64."
    ),
    "running_sums_about_the_mean": (
        "Subtracting the mean of all does not keep the running sums small if the level of the "
        "signal changes. Sum in float64."
    ),
}


def running_sums_in_float32(x: Tensor, width: int) -> Tensor:
    check(x, width)
    sums = torch.nn.functional.pad(x.cumsum(-1), (1, 0))  # loses digits as it grows
    return (sums[..., width:] - sums[..., :-width]) / width


def running_sums_about_the_mean(x: Tensor, width: int) -> Tensor:
    mean = x.mean(-1, keepdim=True)  # does not help if the level of the signal changes
    return running_sums_in_float32(x - mean, width) + mean


def windows_side_by_side(x: Tensor, width: int) -> Tensor:
    check(x, width)
    starts = torch.arange(x.shape[-1] - width + 1, device=x.device)
    inside = torch.arange(width, device=x.device)
    return x[..., starts[:, None] + inside].mean(-1)  # copies [..., n - width + 1, width]


def loop_over_windows(x: Tensor, width: int) -> Tensor:
    check(x, width)
    starts = range(x.shape[-1] - width + 1)
    return torch.stack([x[..., i : i + width].mean(-1) for i in starts], -1)  # one op per window


def first_window_forgotten(x: Tensor, width: int) -> Tensor:
    check(x, width)
    sums = x.cumsum(-1, dtype=torch.float64)
    return ((sums[..., width:] - sums[..., :-width]) / width).to(x.dtype)  # lacks the first window


def padded_to_n(x: Tensor, width: int) -> Tensor:
    means = averaged(x, width)
    return torch.cat((x[..., : width - 1], means), -1)  # as long as x, not n - width + 1


def without_the_error(x: Tensor, width: int) -> Tensor:
    sums = torch.nn.functional.pad(x.cumsum(-1, dtype=torch.float64), (1, 0))  # no check
    return ((sums[..., width:] - sums[..., :-width]) / width).to(x.dtype)


def always_float64(x: Tensor, width: int) -> Tensor:
    return averaged(x.double(), width)  # the result has the wrong dtype and twice the bytes


def rolled_around(x: Tensor, width: int) -> Tensor:
    check(x, width)
    sums = x.cumsum(-1, dtype=torch.float64)
    less = sums - sums.roll(width, -1)  # the first window wraps around to the last sum
    return (less[..., width - 1 :] / width).to(x.dtype)


def detached(x: Tensor, width: int) -> Tensor:
    return averaged(x.detach(), width)  # no gradient flows to x
