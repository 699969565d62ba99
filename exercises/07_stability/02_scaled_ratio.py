"""Stability 02: scaled ratio. Multiply and divide without leaving the range on the way.

Task
    `scaled_ratio(x, y, z)` is x * y / z, element by element. The code below is right on paper, but
    the product may overflow to inf or sink to 0 although the ratio is an ordinary number:

        >>> x, y, tiny = torch.tensor(1e20), torch.tensor(1e30), torch.tensor(1e-30)
        >>> x * y / y, (1 / x) * tiny / tiny
        (tensor(inf), tensor(0.))

    Mend it, so that no step in between leaves the range where the result does not. The gradients
    are ratios of the same kind (to z it is -x * y / z / z), and need the same care.

    No code can help when an argument itself has left the range. The article shows that x * y / y
    is nan for y = 1e-50 and for y = 1e39. In float32 these are no numbers to begin with:
    y is 0 or inf before anything is multiplied, and what it was is lost.

        >>> torch.tensor(1e-50), torch.tensor(1e39)
        (tensor(0.), tensor(inf))

Shapes and units
    x, y, z   one shape, one floating dtype, any device. Entries lie between 1e-37 and 1e37 in
              absolute value in float32, between 1e-306 and 1e306 in float64; x may also be 0
    return    the same shape and dtype

Rules
    Where the result lies in the same bounds, its relative error is at most 5e-6 in float32 and
    1e-13 in float64. (Sums of logarithms reach 1.4e-5 and 2e-13, a careful order of steps 1e-7
    and 4e-16.) There, each gradient that lies in the bounds, or is 0, is as exact.

Budget
    No budget; every step is element by element.

Hints
    1. A product and a quotient can be worked out in more than one order. Which one is safe?
    Levels 2 and 3: `nox -s hint -- scaled_ratio`.
"""

from torch import Tensor


def scaled_ratio(x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    return x * y / z  # TODO: what if the product is out of range, and the ratio is not?
