"""Operators 05: in place. Scale and shift a tensor in its own memory, and also into a new tensor.

Task
    Optimizers update parameters in place to save memory, while most other code must leave its
    inputs alone. Fix one function of each kind; both return the right values already.
    `scale_shift_` multiplies x by scale and adds shift in place: it writes to the memory of x and
    returns x itself. In PyTorch, a trailing _ in the name says so. `scale_shift` returns the same
    values as a new tensor and leaves x unchanged. These two lines look alike but differ:

        x *= scale        # overwrites the memory of x: every other reference to x sees the change
        x = x * scale     # creates a new tensor and binds the local name x to it

Shapes and units
    x               [...]   float32, float64 or integer, any device, any strides
    scale, shift    Python numbers (whole ones for an integer x), or tensors with the dtype and
                    device of x that broadcast to x's shape, never beyond it: for x [n, d], such as
                    [d], [n, 1] or []
    return          x's shape and dtype

Rules
    scale_shift_ returns the object x itself, in its original storage; views of x see the new
    values. It also works on a parameter under torch.no_grad(). scale_shift does not modify x.
    Neither modifies scale or shift. Gradients flow to x, scale and shift; do not bypass autograd
    (no .data, no .detach()).

Budget
    scale_shift_: at most 0.5 * output bytes of extra memory at n=200, d=50
    (output is the size of the result, so a single temporary of x's size is too much)

Hints
    1. Ask for each line: does it write to existing memory, or does it allocate new memory?
    Levels 2 and 3: `nox -s hint -- in_place`.
"""

import torch
from torch import Tensor

Operand = Tensor | float


# TODO: compare the caller's x before and after each call. Should it have changed?
def scale_shift_(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    x = x * scale
    x = x + shift
    return x


def scale_shift(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    result = x
    result *= scale
    result += shift
    return result
