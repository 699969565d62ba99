"""Stability 02: scaled ratio. Multiply and divide without overflow or underflow in between.

Task
    Importance weights and loss scaling multiply by one number and divide by another.
    `scaled_ratio(x, y, z)` returns x * y / z, element by element. The code below is correct on
    paper, but the product can overflow to inf or underflow to 0 even if the ratio is an ordinary
    number:

        >>> x, y, tiny = torch.tensor(1e20), torch.tensor(1e30), torch.tensor(1e-30)
        >>> x * y / y, (1 / x) * tiny / tiny
        (tensor(inf), tensor(0.))

    Fix it so that no intermediate result leaves the range of the dtype unless the result does. The
    gradients are ratios of the same kind: the gradient of z, for example, is -x * y / z / z. They
    need the same care, because autograd differentiates your steps, not the formula. If your steps
    have no safe gradient, a `torch.autograd.Function` lets you write the backward pass yourself.

    No code can help if an argument is already out of range. Effective PyTorch
    (https://github.com/vahidk/EffectivePyTorch) shows that x * y / y is nan for y = 1e-50 and for
    y = 1e39. In float32, these values of y are 0 and inf even before the multiplication.

Shapes and units
    x, y, z   any shape, the same for all; float32 or float64, any device; absolute values from
              1e-37 to 1e37 in float32, from 1e-306 to 1e306 in float64; x may also be 0
    return    same shape and dtype

Rules
    If the result is 0 or within the same bounds, its relative error is at most 5e-6 in float32 and
    1e-13 in float64. For these entries, every gradient that is 0 or within the bounds has the same
    accuracy.

Budget
    No budget.

Hints
    1. A product and a quotient can be computed in more than one order. Which order is safe?
    Levels 2 and 3: `nox -s hint -- scaled_ratio`.
"""

import torch
from torch import Tensor


def scaled_ratio(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return x * y / z  # TODO: what if the product is out of range, but the ratio is not?
