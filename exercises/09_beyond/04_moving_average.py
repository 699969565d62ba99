"""Beyond 04: moving average. Average every window of a long signal, whatever the window's width.

Task
    Return the mean of each window of `width` neighbours along the last dimension: entry j is the
    mean of x[..., j], x[..., j+1], ..., x[..., j+width-1].

    Two ways suggest themselves, and both have a price. Copying the windows out side by side takes
    width times the memory. Running sums need no more than the signal, because the sum of a window
    is the difference of two of them; but a running sum grows along the signal, and float32 keeps
    only 7 digits of it. At the end of 100,000 numbers between 0 and 1, the mean of the last 8
    comes out wrong in its fourth digit:

        >>> x = torch.rand(100_000, generator=torch.Generator().manual_seed(2))
        >>> sums = x.cumsum(0)
        >>> (sums[-1] - sums[-9]) / 8, x[-8:].mean()
        (tensor(0.4609), tensor(0.4607))

Shapes and units
    x         [..., n]              float32 or float64, any device
    width     int                   in the same unit as n: entries
    return    [..., n - width + 1]  dtype and device of x

Rules
    No Python loop over windows. A width below 1 or above n raises ValueError.
    Right to 4 digits (relative error 1e-4) in float32, for 100,000 positive numbers, width 8.
    Gradients must flow to x.

Budget
    at most 8 * input bytes of extra memory at n=100000, b=1, width=64
    at most 8 * input bytes of extra memory at n=100000, b=1, width=50000
    at least 20 x faster than the loop over windows at n=5000, b=1, width=50

Hints
    1. Neighbouring windows share all but two numbers. Which sums do they share?
    Levels 2 and 3: `nox -s hint -- moving_average`.
"""

from torch import Tensor


def moving_average(x: Tensor, width: int) -> Tensor:
    raise NotImplementedError  # TODO: your code here
