"""Broadcasting 07: pairwise distance. All distances between two sets of points, small and exact.

Task
    Return the squared distance of each point of `a` to each point of `b`: entry (i, j) is the sum
    of the squares of a[i] - b[j]. Broadcasting [n, 1, d] against [1, m, d] does it in one line, but
    makes a table of n * m * d numbers on the way. The square of a difference,

        (a - b)^2 = a^2 - 2ab + b^2

    needs only a matrix product, and no such table. It has a weakness: far from the origin it
    subtracts huge numbers that are nearly equal, and what is left is mostly rounding. For points
    around 100 that lie 0.1 apart, half of a float32 result may be wrong. Distances do not change,
    though, when all points move together.

Shapes and units
    a         [n, d]  floating, any device; n may be 1 or 0
    b         [m, d]  the dtype and device of a; m may be 1 or 0
    return    [n, m]  the dtype of a, squared distances, not distances

Rules
    No Python loop over points. No entry is negative, not even by rounding. For points of spread 1,
    and of spread 0.1, around 100 in each of 64 dims (float32, n and m at least 64) the largest
    error is at most 0.001 of the mean true squared distance. Neither a nor b is modified. Gradients
    must flow to both.

Budget
    at least 30 x faster than the double loop at n=64, m=64, d=16
    at most 4 * output bytes of extra memory at n=256, m=256, d=64

Hints
    1. Expand the square, so that no table needs a third dim; but first bring the points home.
    Levels 2 and 3: `nox -s hint -- pairwise_distance`.
"""

from torch import Tensor


def pairwise_sqdist(a: Tensor, b: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
