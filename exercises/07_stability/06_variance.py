"""Stability 06: variance. Do not subtract two large numbers to get a small one.

Task
    Return the population variance of x along `dim`: the mean of the squared distances from the
    mean. On paper this is also the mean of the squares minus the square of the mean, which is what
    the code below computes, in one look at the data. In floats that fails where the mean is
    large: at 10,000 the squares are near 1e8, float32 keeps them only to within 4, and a variance
    of 1 is lost in that; it may even come out negative.

        >>> x = 10_000 + torch.tensor([-1.0, 0.0, 1.0, 2.0])
        >>> variance(x, 0)
        tensor(0.)

    The answer is 1.25. Mend the code.

Shapes and units
    x         any shape of at least one dim, floating, any device
    dim       int, may be negative; size 1 or more (the variance of one number is 0)
    return    the shape of x without dim, its dtype

Rules
    Divide by n, not by n - 1. In float32 the relative error is below 1e-3 for a standard deviation
    of 1 around any mean up to +-10,000; each slice may have a mean of its own.

Budget
    No budget, but the error is a price too: two looks at the data reach 3e-6, one operation of the
    library 6e-8, a running mean that is updated number by number only 1e-3, which is not enough,
    and the code below 8 to 40, which is 800 % and more.

Hints
    1. A variance does not change when all numbers are shifted. Where to?
    Levels 2 and 3: `nox -s hint -- variance`.
"""

from torch import Tensor


def variance(x: Tensor, dim: int) -> Tensor:
    # TODO: how many digits do these two means have in common?
    return (x * x).mean(dim) - x.mean(dim) ** 2
