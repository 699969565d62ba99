"""Stability 06: variance. Do not subtract two large numbers to get a small one.

Task
    Normalization layers need the variance of their inputs. Return the population variance of x
    along `dim`: the mean of the squared distances from the mean. On paper, this equals the mean of
    the squares minus the square of the mean, which the code below computes. In floating point,
    this fails if the mean is large: near 10,000 the squares are about 1e8, float32 rounds them by
    up to 4, and a variance of 1 is lost in this error. The result can even be negative.

        >>> x = 10_000 + torch.tensor([-1.0, 0.0, 1.0, 2.0])
        >>> variance(x, 0)
        tensor(0.)

    The correct result is 1.25. Fix the code.

Shapes and units
    x         any shape with at least one dimension, float32 or float64, any device; dimensions
              other than `dim` may have size 0
    dim       int, may be negative; size 1 or more (the variance of a single number is 0)
    return    the shape of x without `dim`, same dtype

Rules
    Divide by n, not by n - 1. In float32, the relative error is at most 1e-4 for a standard
    deviation of 1 around any mean from -10,000 to 10,000. Each slice can have a different mean. A
    slice that contains nan or inf has the variance nan. Gradients flow to x.

Budget
    No budget.

Hints
    1. The variance does not change if you shift all numbers by a constant. Which constant helps?
    Levels 2 and 3: `nox -s hint -- variance`.
"""

import torch
from torch import Tensor


def variance(x: Tensor, dim: int) -> Tensor:
    # TODO: how many correct digits are left if the two means are almost equal?
    return (x * x).mean(dim) - x.mean(dim) ** 2
