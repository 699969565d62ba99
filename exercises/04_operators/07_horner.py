"""Operators 07: Horner's rule. Evaluate a polynomial with as few operations as possible.

Task
    Return c[0] + c[1] x + c[2] x^2 + ... + c[k] x^k for every element of x. Written out like that,
    each power is worked out anew. Horner's rule brackets it instead, from the highest coefficient:

        c[0] + x (c[1] + x (c[2] + ... + x c[k]))

    so that each coefficient costs one multiplication and one addition, and no power is needed.

Shapes and units
    coefficients   [k + 1]   floating, k + 1 at least 1; lowest degree first
    x              [...]     any shape, the dtype and device of coefficients
    return         the shape of x, also for k = 0 (a constant)

Rules
    At most k multiplications and k additions of tensors (or k fused ones, as torch.addcmul), and
    no other arithmetic: no power, no matrix product.
    Differentiable in both arguments; neither is modified.

Budget
    at most 2*k + k + 4 ops
    at least 3 x faster than the sum of powers at k=8, n=100000

Hints
    1. Begin with the highest coefficient, and work your way down to c[0].
    Levels 2 and 3: `nox -s hint -- horner`.
"""

from torch import Tensor


def polynomial(coefficients: Tensor, x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
