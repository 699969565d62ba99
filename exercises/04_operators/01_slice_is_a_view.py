"""Operators 01: a slice is a view. Write x[begin:end] as the one operation that it is.

Task
    Return the rows begin to end - 1 of `x`, without copying them: the result is a window into the
    memory of `x`, so writing into one shows in the other.
    The square brackets are an operator like + is: behind them stands one call. As a function it is
    torch.narrow(x, 0, begin, length). The article prints torch.narrow(0, begin, end - begin) with
    the tensor left out; what that says is:
        TypeError: narrow(): argument 'input' (position 1) must be Tensor, not int

Shapes and units
    x             [n, ...]   any dtype, any device
    begin, end    int        Python's rules: negative counts from the end, too large is cut off,
                             end before begin gives no rows
    return        [m, ...]   a view of x with the m rows that Python's slice would pick

Rules
    The result shares memory with x.

Budget
    at most 1 op

Hints
    1. Which single call picks rows without moving any number?
    Levels 2 and 3: `nox -s hint -- slice_is_a_view`.
"""

from torch import Tensor


def window(x: Tensor, begin: int, end: int) -> Tensor:
    raise NotImplementedError  # TODO: your code here
