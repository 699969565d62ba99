"""Reference: differences of running sums, kept in float64.

Fast: one pass for the sums and one for the differences, for any width; a loop makes one op for
each window, and summing each window anew takes n * width additions. Small: two float64 signals.
Right: float64 has 16 digits, so a sum that has grown to 50,000 still knows the eleventh digit of
a number near 1; float32 would know the third.
"""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool1d

HINTS = (
    "Neighbouring windows share all but two numbers. Which sums do they share?",
    """With running sums S, a window's sum is S[end] - S[start]. Mind the first window, which has
    nothing before it, and the digits of S. Or let a pooling op walk over the windows.""",
    """`x.cumsum(-1, dtype=torch.float64)`; from entry width - 1 on these are the sums up to each
    window's end, and `sums[..., :-width]` is what to subtract from all windows but the first.""",
)

TRAPS = {
    "moving_average": {
        "running_sums_in_float32": "stability",
        "running_sums_about_the_mean": "stability",
        "windows_side_by_side": "memory",
        "loop_over_windows": "speed",
        "first_window_forgotten": "shape",
        "padded_to_n": "shape",
        "without_the_error": "contract",
        "always_float64": "dtype",
        "rolled_around": "values",
        "detached": "gradient",
    },
}

ALTERNATIVES = {"moving_average": ("by_unfold", "by_pooling", "by_padded_sums")}


def moving_average(x: Tensor, width: int) -> Tensor:
    return averaged(x, width)


def averaged(x: Tensor, width: int) -> Tensor:
    check(x, width)
    sums = x.cumsum(-1, dtype=torch.float64)  # [..., n]
    means = sums[..., width - 1 :] / width  # [..., n - width + 1]: up to the end of each window
    means[..., 1:].sub_(sums[..., :-width], alpha=1 / width)  # less what lies before it
    return means.to(x.dtype)


def check(x: Tensor, width: int) -> None:
    if not 1 <= width <= x.shape[-1]:
        raise ValueError(f"width is {width}; it has to be in 1..{x.shape[-1]}, the signal's length")


def by_unfold(x: Tensor, width: int) -> Tensor:
    check(x, width)
    return x.unfold(-1, width, 1).mean(-1)  # windows as a view: no copy, but n * width additions


def by_pooling(x: Tensor, width: int) -> Tensor:
    check(x, width)
    lead, n = x.shape[:-1], x.shape[-1]
    rows = x.reshape(lead.numel(), 1, n)  # a batch of signals with one channel each
    return avg_pool1d(rows, width, stride=1).reshape(*lead, n - width + 1)


def by_padded_sums(x: Tensor, width: int) -> Tensor:
    check(x, width)
    start = x.new_zeros(*x.shape[:-1], 1, dtype=torch.float64)  # the empty sum before the first
    sums = torch.cat((start, x.double()), -1).cumsum_(-1)
    return torch.sub(sums[..., width:], sums[..., :-width]).div_(width).to(x.dtype)


def running_sums_in_float32(x: Tensor, width: int) -> Tensor:
    check(x, width)
    sums = torch.nn.functional.pad(x.cumsum(-1), (1, 0))  # grows, and loses digits as it grows
    return (sums[..., width:] - sums[..., :-width]) / width


def running_sums_about_the_mean(x: Tensor, width: int) -> Tensor:
    mean = x.mean(-1, keepdim=True)  # grows less, unless the signal's level changes on the way
    return running_sums_in_float32(x - mean, width) + mean


def windows_side_by_side(x: Tensor, width: int) -> Tensor:
    check(x, width)
    starts = torch.arange(x.shape[-1] - width + 1, device=x.device)
    inside = torch.arange(width, device=x.device)
    return x[..., starts[:, None] + inside].mean(-1)  # [..., n - width + 1, width] in memory


def loop_over_windows(x: Tensor, width: int) -> Tensor:
    check(x, width)
    starts = range(x.shape[-1] - width + 1)
    return torch.stack([x[..., i : i + width].mean(-1) for i in starts], -1)


def first_window_forgotten(x: Tensor, width: int) -> Tensor:
    check(x, width)
    sums = x.cumsum(-1, dtype=torch.float64)
    return ((sums[..., width:] - sums[..., :-width]) / width).to(x.dtype)  # begins at window 1


def padded_to_n(x: Tensor, width: int) -> Tensor:
    means = averaged(x, width)
    return torch.cat((x[..., : width - 1], means), -1)  # as long as x; nobody asked for that


def without_the_error(x: Tensor, width: int) -> Tensor:
    sums = torch.nn.functional.pad(x.cumsum(-1, dtype=torch.float64), (1, 0))
    return ((sums[..., width:] - sums[..., :-width]) / width).to(x.dtype)


def always_float64(x: Tensor, width: int) -> Tensor:
    return averaged(x.double(), width)  # twice the memory for whoever goes on with it


def rolled_around(x: Tensor, width: int) -> Tensor:
    check(x, width)
    sums = x.cumsum(-1, dtype=torch.float64)
    less = sums - sums.roll(width, -1)  # before the first window comes the end of the signal
    return (less[..., width - 1 :] / width).to(x.dtype)


def detached(x: Tensor, width: int) -> Tensor:
    return averaged(x.detach(), width)
