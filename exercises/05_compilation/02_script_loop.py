"""Compilation 02: script loop. Compile a loop over elements, or better: write it without one.

Task
    The largest drop of a series is the greatest fall from any element to a later one: for
    [3, 8, 2, 9, 4] it is 8 - 2 = 6. In a series that never falls it is 0. Compute it twice.

    `cumulative_max_gap` does it by operations on the whole series, with no Python loop.

    `scripted` is the loop over the elements itself, handed to a compiler: remember the highest
    value so far, compare it with each element, keep the largest drop. Two compilers will do:
    - `torch.jit.script` (TorchScript) turns the function into a small program of its own, in which
      the loop stays a loop. It is deprecated in PyTorch 2.13 and says so in a warning, which costs
      you nothing here; old code is full of it.
    - `torch.compile` is its successor. It traces the loop and unrolls it: every length of x is a new
      program with a few operations per element, so long series compile for minutes. Here x has at
      most 8 elements, and the grader compiles with a quick backend, whichever you name.
    Neither makes an element loop fast. Compare: it is the expression without a loop that wins.

Shapes and units
    x         [n]   floats, n at least 1 (for `scripted` at most 8)
    return    []    the dtype and device of x

Rules
    In `cumulative_max_gap`: no loop, no compiler, any device, and gradients flow to x.
    In `scripted`: a loop over the elements that one of the two compilers has compiled. A plain
    function that calls a compiled one counts. Only its values are judged.

Budget
    cumulative_max_gap: at least 300 x faster than the element loop at n=2000

Hints
    1. At each element, the deepest fall that ends there begins at the highest value so far.
    Levels 2 and 3: `nox -s hint -- script_loop`.
"""

from torch import Tensor


def cumulative_max_gap(x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here


def scripted(x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
