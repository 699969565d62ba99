"""Beyond 08: rotary. Tell attention where each row stands, by turning pairs of numbers.

Task
    Rotary position embedding marks the position of a row without adding anything to it. The d
    numbers of a row are taken as d/2 points of a plane, and each point is turned about the origin:
    the further down the row stands, the further. With h = d/2, point i of row p is
    (x[..., p, i], x[..., p, i + h]), a number of the first half and its partner in the second. It is
    turned by the angle p * base**(-2*i/d):

        first  half of the result:    a * cos(angle) - b * sin(angle)
        second half of the result:    a * sin(angle) + b * cos(angle)

    where (a, b) is the point. Row 0 is not turned at all. Lengths stay as they are, and the scalar
    product of two turned rows depends on how far apart they stand, not on where.

    Work out the angles in float32 even if x is bfloat16. A bfloat16 has 8 binary digits, so from
    256 on it cannot tell one position from the next:

        >>> torch.tensor([256, 257, 258, 259]).to(torch.bfloat16)
        tensor([256., 256., 258., 260.], dtype=torch.bfloat16)

Shapes and units
    x         [..., n, d]  float32, float64, float16 or bfloat16, any device; d even, else
                           ValueError; n and d may be 0
    base      float        above 1
    return    [..., n, d]  dtype and device of x
    angles    in radians; in float64 for float64 x, else in float32

Rules
    No Python loop. Gradients must flow to x.

Budget
    at least 80 x faster than the loop over positions and pairs at b=4, n=64, d=32

Hints
    1. The angles are a table of positions and pairs. Make it at once, then turn all rows with it.
    Levels 2 and 3: `nox -s hint -- rotary`.
"""

from torch import Tensor


def rotary(x: Tensor, base: float = 10000.0) -> Tensor:
    raise NotImplementedError  # TODO: your code here
