"""Operators 05: in place. Scale and shift a tensor in its own memory, and once more beside it.

Task
    `scale_shift_` multiplies x by scale and adds shift, in place: it writes into the memory of x
    and returns x itself. As in PyTorch, the _ at the end of a name says so.
    `scale_shift` gives the same numbers as a new tensor, and x stays as it was.
    Both functions below return the right numbers, and both break their promise on x. In
    particular, these two lines look alike and are not:

        x *= scale        # overwrites the memory of x: whoever else holds x sees it
        x = x * scale     # makes a new tensor; only the local name x moves over to it

Shapes and units
    x               [...]   floats or integers, any device, any strides
    scale, shift    Python numbers, or tensors of x's dtype on x's device that broadcast to x's
                    shape, never beyond it: for x [n, d] such as [d], [n, 1] or []
    return          x's shape and dtype

Rules
    scale_shift_ returns the very object x, in its old storage; views of x see the new numbers.
    scale_shift leaves x alone. Neither changes scale or shift.
    Gradients flow to x, scale and shift: nothing behind the back of autograd (no .data, no
    .detach()).

Budget
    scale_shift_: at most 0.5 * output bytes of extra memory at n=200, d=50
    (output: the bytes of the result, so a temporary of x's size is too much)

Hints
    1. Ask of each line: does it write into memory that is there, or make new memory?
    Levels 2 and 3: `nox -s hint -- in_place`.
"""

from torch import Tensor

Operand = Tensor | float


# TODO: after the call, look at the x of the caller: what should have changed, and what not?
def scale_shift_(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    x = x * scale
    x = x + shift
    return x


def scale_shift(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    result = x
    result *= scale
    result += shift
    return result
