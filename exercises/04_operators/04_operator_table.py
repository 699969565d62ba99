"""Operators 04: operator table. Name the torch function behind each of 21 operators.

Task
    OPERATORS maps the spelling of an operator to the function that PyTorch calls for it:
    OPERATORS["x + y"](x, y) is what x + y gives. The table below is nearly right: it came from
    trying small positive numbers and True and False. Mend the entries that give something else
    for other tensors.
    The article lists ^ and ~ as torch.logical_xor and torch.logical_not. For bools that is the
    same. For whole numbers ^ and ~ work on the bits; what says so is

        >>> x, y = torch.tensor([6]), torch.tensor([3])
        >>> x ^ y, torch.logical_xor(x, y)
        (tensor([5]), tensor([False]))
        >>> ~x, torch.logical_not(x)
        (tensor([-7]), tensor([False]))

Shapes and units
    keys           the 21 spellings below, character for character
    x, y           tensors of floats, integers (negative ones too) or bools, on any device
    begin, end     int, by Python's rules for slices; only "x[begin:end]" takes (x, begin, end)
    "-x", "abs(x)", "~x" take (x); all others take (x, y)

Rules
    Each entry equals its operator: same values, shape and dtype, and where the operator raises,
    it raises too. None changes its operands.
    Each entry is itself a function of torch, such as torch.add (or another name of the same,
    such as torch.subtract); the slice alone may be a function of yours. Nothing from the module
    `operator`, no eval, no methods of torch.Tensor, no lambda around an operator.

Budget
    No budget; each entry is one call.

Hints
    1. Try every entry on negative numbers, on integers, on vectors, and beside its operator.
    Levels 2 and 3: `nox -s hint -- operator_table`.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def rows(x: Tensor, begin: int, end: int) -> Tensor:
    return torch.narrow(x, 0, begin, end - begin)


# TODO: compare each entry with its operator, and mend those that differ.
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
