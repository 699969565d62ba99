"""Compilation 02: script loop. Compile a loop over elements, then write it without the loop.

Task
    The largest drop of a series, such as a price or a validation score, is its greatest fall from
    one element to a later one. For [3, 8, 2, 9, 4] it is 8 - 2 = 6; for a series that never falls
    it is 0. Write it twice:

    - `cumulative_max_gap` uses operations on the whole series, without a Python loop.
    - `scripted` is a compiled loop over the elements. A variable holds the highest value so far;
      the loop compares each element with it, and keeps the largest drop.

    You can compile the loop with `torch.jit.script` (TorchScript), which keeps it as a loop. It is
    deprecated; its warning does not matter here. Or use its successor `torch.compile`, which
    unrolls the loop and compiles again for each length of x. Long series take minutes to compile,
    so x has at most 8 elements here, and the grader replaces your backend with a fast one.

Shapes and units
    x         [n]   float32 or float64, n at least 1 (for `scripted` at most 8)
    return    []    the dtype and device of x

Rules
    `cumulative_max_gap`: no loop, no compiler, any device. Gradients flow to x. If x contains nan,
    the result is nan.
    `scripted`: a loop over the elements, compiled with one of the two compilers, without cummax and
    cummin. It may be a plain function that calls a compiled one. Apart from that, only its values
    are checked.

Budget
    cumulative_max_gap: at least 150x faster than the element loop at n=2000

Hints
    1. At each element, the deepest fall that ends there begins at the highest value so far.
    Levels 2 and 3: `nox -s hint -- script_loop`.
"""

from torch import Tensor


def cumulative_max_gap(x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here


def scripted(x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
