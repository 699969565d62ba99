"""Operators 04: operator table. Name the torch function behind each of 21 operators.

Task
    To pass an operator to `reduce` or to find it in a profile, you need the name of its function.
    OPERATORS maps the spelling of an operator to the torch function that PyTorch calls for it:
    OPERATORS["x + y"](x, y) equals x + y. The table below was only tried on small positive numbers
    and on True and False. Five entries differ for other tensors: fix them.
    Effective PyTorch (https://github.com/vahidk/EffectivePyTorch) lists ^ and ~ as
    torch.logical_xor and torch.logical_not. That is true for bools, but on integers they work on
    the bits:

        >>> x, y = torch.tensor([6]), torch.tensor([3])
        >>> x ^ y, torch.logical_xor(x, y)
        (tensor([5]), tensor([False]))
        >>> ~x, torch.logical_not(x)
        (tensor([-7]), tensor([False]))

Shapes and units
    keys           the 21 spellings below, character for character
    x, y           tensors of floats, integers (also negative) or bools, on any device
    begin, end     int, as in a Python slice; only "x[begin:end]" takes (x, begin, end)
    "-x", "abs(x)", "~x" take (x); all others take (x, y)

Rules
    Each entry matches its operator: it returns the same values, shape and dtype, and raises an
    error if the operator does. No entry modifies its operands. The slice returns a view.
    Each entry is itself a function of torch or torch.linalg, such as torch.sub or its other name
    torch.subtract; only the slice may be a function or lambda of yours. Nothing from the module
    `operator`, no methods of torch.Tensor, no lambda around an operator.

Budget
    No budget.

Hints
    1. Compare every entry with its operator, on negative numbers, on integers and on vectors.
    Levels 2 and 3: `nox -s hint -- operator_table`.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def rows(x: Tensor, begin: int, end: int) -> Tensor:
    return torch.narrow(x, 0, begin, end - begin)


# TODO: compare each entry with its operator, and fix those that differ.
OPERATORS: dict[str, Callable[..., Tensor]] = {
    "-x": torch.neg,
    "x + y": torch.add,
    "x - y": torch.sub,
    "x * y": torch.mul,
    "x / y": torch.div,
    "x // y": torch.floor_divide,
    "x % y": torch.fmod,
    "x ** y": torch.pow,
    "x @ y": torch.mm,
    "x > y": torch.gt,
    "x >= y": torch.ge,
    "x < y": torch.lt,
    "x <= y": torch.le,
    "abs(x)": torch.abs,
    "x & y": torch.bitwise_and,
    "x | y": torch.bitwise_or,
    "x ^ y": torch.logical_xor,
    "~x": torch.logical_not,
    "x == y": torch.eq,
    "x != y": torch.ne,
    "x[begin:end]": rows,
}
