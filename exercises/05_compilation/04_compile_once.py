"""Compilation 04: compile once. Serve every factor and batch size with one compiled program.

Task
    `torch.compile` makes a program for the arguments of the first call, including their sizes and
    any Python numbers. If these change in a later call, it compiles again, and training stalls for
    seconds. A smaller last batch or a new learning rate is enough to cause this.

    `make_scaler` returns a function scaler(x, factor), compiled with `torch.compile`, that returns
    x * factor. The code below compiles three times before its program accepts every factor and
    size. Change it so that the first program accepts them all.

Shapes and units
    x         [n, d]   float32 or float64; n changes from call to call, d does not
    factor    a float that float32 represents exactly, different in each call
    scaler    returns x * factor: [n, d], the dtype and device of x

Rules
    At least 1 and at most 2 compilations over 11 sizes n, 2 or larger (outer loop), and 10 factors
    (inner loop). Every program that is passed to the backend counts. (Compilers treat sizes 0 and
    1 specially and compile once more for each, so only the values are checked for them.)
    For these sizes, the multiplication runs inside the compiled program. Gradients flow to x.
    You may name any backend: the default needs a C++ compiler on your machine, "aot_eager" does
    not. The grader replaces it with a fast one that counts.

Budget
    No budget for speed; only compilations are counted.

Hints
    1. Tell the compiler beforehand what will change, or pass it as something that may change.
    Levels 2 and 3: `nox -s hint -- compile_once`.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def make_scaler() -> Callable[[Tensor, float], Tensor]:
    # TODO: this compiles again for the second factor, and once more for the second size
    @torch.compile
    def scaler(x: Tensor, factor: float) -> Tensor:
        return x * factor

    return scaler
