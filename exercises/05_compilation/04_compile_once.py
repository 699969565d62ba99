"""Compilation 04: compile once. Let one compiled program serve every factor and batch size.

Task
    `make_scaler` returns a function scaler(x, factor), compiled by `torch.compile`, that gives
    x * factor. A compiled program is made for what the compiler saw at the first call. Sizes and
    Python numbers are part of that, and so each surprise costs a new compilation: seconds, in the
    midst of training. The code below is compiled three times before it has seen enough. Change it
    so that one program is meant for all of it from the start.

Shapes and units
    x         [n, d]   floats; n changes from call to call, d does not
    factor    a float, another one in each call
    scaler    returns x * factor: [n, d], the dtype and device of x

Rules
    At least 1 and at most 2 compilations, over n = 2 to 11 (outer loop) and 10 factors (inner
    loop). Each program that the compiler hands to its backend counts. (Sizes 0 and 1 have always
    been special to compilers and cost one more each; for them only the values are judged.)
    The product itself happens in the compiled program: to compile something else and to multiply
    outside is no answer. Gradients must flow to x. Which backend you name is up to you; the
    default one needs a C++ compiler on your machine, "aot_eager" needs none. The grader puts a
    quick one in its place and counts.

Budget
    No budget on speed; the compilations are counted.

Hints
    1. Tell the compiler beforehand what will change, or pass it as something that may change.
    Levels 2 and 3: `nox -s hint -- compile_once`.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def make_scaler() -> Callable[[Tensor, float], Tensor]:
    # TODO: this is compiled anew for the second factor, and again for the second size
    @torch.compile
    def scaler(x: Tensor, factor: float) -> Tensor:
        return x * factor

    return scaler
