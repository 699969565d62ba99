"""Beyond 08: rotary. Encode the position of each row by rotating pairs of its numbers.

Task
    Attention does not know the order of its rows. Many language models encode the order with
    rotary position embedding, which rotates each row by an amount that depends on its position p.
    With h = d/2, a row consists of h points (a, b) = (x[..., p, i], x[..., p, i + h]): a number
    from the first half and its partner in the second half. (Other code pairs neighbors, 2*i and
    2*i + 1.) Rotate point i of row p by the angle p * base**(-2*i/d):

        first half of the result:     a * cos(angle) - b * sin(angle)
        second half of the result:    a * sin(angle) + b * cos(angle)

    The dot product of two rotated rows then depends on how far apart they are, not on where they
    are.

Shapes and units
    x         [..., n, d]  float32, float64, float16 or bfloat16, any device; d is even; n and d
                           may be 0
    base      float        above 1
    return    [..., n, d]  dtype and device of x

Rules
    Raise ValueError if d is odd. No Python loop over positions or pairs. Gradients flow to x.
    Angles are in radians. Compute them in float64 if x is float64, else in float32. They must not
    be rounded to a 16-bit dtype: bfloat16 has 8 significant bits, so position 257 becomes 256.

Budget
    No budget.

Hints
    1. The angles form a table of positions and pairs. Compute it once, and rotate all rows with it.
    Levels 2 and 3: `nox -s hint -- rotary`.
"""

import torch
from torch import Tensor


def rotary(x: Tensor, base: float = 10000.0) -> Tensor:
    raise NotImplementedError  # TODO: your code here
