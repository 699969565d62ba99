"""Operators 07: Horner's rule. Evaluate a polynomial with as few operations as possible.

Task
    Fast approximations of functions such as erf evaluate a polynomial for each element of a tensor.
    Return c[0] + c[1] x + c[2] x^2 + ... + c[k] x^k for every element of x. Evaluated as written,
    this computes each power from scratch. Horner's rule nests the terms instead:

        c[0] + x (c[1] + x (c[2] + ... + x c[k]))

    Each step costs one multiplication and one addition, and no power is needed.

Shapes and units
    coefficients   [k + 1]   float32 or float64, k is at least 0; lowest degree first
    x              [...]     any shape, the dtype and device of coefficients
    return         [...]     the shape of x, also for k = 0 (a constant)

Rules
    At most k multiplications and k additions of tensors (or k fused ops such as torch.addcmul), and
    no other arithmetic: no power, no matrix product. Start at c[k]: from zeros it would be k + 1 of
    each. Views, copies and reordering are no arithmetic. Gradients flow to both arguments. Do not
    modify them.

Budget
    An op is one call that reaches PyTorch's dispatcher.
    at most 3*k + 4 ops, not counting views
    at least 3x faster than the sum of powers at k=8, n=100000

Hints
    1. Start with the highest coefficient, and work your way down to c[0].
    Levels 2 and 3: `nox -s hint -- horner`.
"""

import torch
from torch import Tensor


def polynomial(coefficients: Tensor, x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
