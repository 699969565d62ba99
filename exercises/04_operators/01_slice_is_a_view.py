"""Operators 01: a slice is a view. Cut rows out of a tensor without copying them.

Task
    Cutting windows out of a long tensor, such as an audio recording, should not copy any data.
    Return the rows begin to end - 1 of `x` as a view: writing to the result changes `x`, and vice
    versa. Use square brackets, or a function such as torch.narrow(x, 0, begin, length), which needs
    0 <= begin <= n and no negative length. Effective PyTorch
    (https://github.com/vahidk/EffectivePyTorch) omits the tensor and prints
    torch.narrow(0, begin, end - begin), which raises
        TypeError: narrow(): argument 'input' (position 1) must be Tensor, not int

Shapes and units
    x             [n, ...]   any dtype, any device, any strides; n may be 0
    begin, end    int        as in a Python slice: negative values count from the end, values out
                             of range are clipped, and an end before begin gives no rows
    return        [m, ...]   a view of the m rows that x[begin:end] selects

Rules
    The result shares memory with x, also if x is not contiguous. Gradients flow to x.

Budget
    An op is one call that reaches PyTorch's dispatcher.
    at most 1 op, counting views

Hints
    1. Which single call selects rows without copying any data?
    Levels 2 and 3: `nox -s hint -- slice_is_a_view`.
"""

import torch
from torch import Tensor


def window(x: Tensor, begin: int, end: int) -> Tensor:
    raise NotImplementedError  # TODO: your code here
