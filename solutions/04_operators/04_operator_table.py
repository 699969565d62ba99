"""Reference: the table of operators, with the bitwise ones where the article has logical ones.

Right: an operator on tensors is a method with two underscores that calls one torch function, and
this is the one. Knowing it pays: the function takes `out=` and other options, goes into `reduce`
and `map`, and is the name that a profiler shows.
"""

from collections.abc import Callable

import torch
from torch import Tensor

HINTS = (
    "Try every entry on negative numbers, on integers, on vectors, and beside its operator.",
    "Look at remainders of negative numbers, products with vectors, bits, and bounds of slices.",
    "`torch.remainder`, `torch.matmul`, `torch.bitwise_xor` and `_not`; and `x[begin:end]` itself.",
)

TRAPS = {
    "OPERATORS": {
        "as_in_the_article": "dtype",
        "c_remainder": "values",
        "logical_for_all": "contract",
        "true_division": "dtype",
        "matrices_only": "values",
        "whole_tensor_equal": "values",
        "raw_narrow": "values",
        "by_lambda": "contract",
        "by_methods": "contract",
        "in_place": "purity",
        "copied_rows": "memory",
    },
}

ALTERNATIVES = {"OPERATORS": ("long_names", "by_narrow")}


def rows(x: Tensor, begin: int, end: int) -> Tensor:
    return x[begin:end]


OPERATORS: dict[str, Callable[..., Tensor]] = {
    "-x": torch.neg,
    "x + y": torch.add,
    "x - y": torch.sub,
    "x * y": torch.mul,
    "x / y": torch.div,
    "x // y": torch.floor_divide,
    "x % y": torch.remainder,  # the sign of y, as in Python; fmod has the sign of x, as in C
    "x ** y": torch.pow,
    "x @ y": torch.matmul,  # vectors, matrices and batches; mm takes two matrices, nothing else
    "x > y": torch.gt,
    "x >= y": torch.ge,
    "x < y": torch.lt,
    "x <= y": torch.le,
    "abs(x)": torch.abs,
    "x & y": torch.bitwise_and,
    "x | y": torch.bitwise_or,
    "x ^ y": torch.bitwise_xor,
    "~x": torch.bitwise_not,
    "x == y": torch.eq,  # element by element; torch.equal gives one bool for all
    "x != y": torch.ne,
    "x[begin:end]": rows,
}

long_names = OPERATORS | {
    "-x": torch.negative,
    "x - y": torch.subtract,
    "x * y": torch.multiply,
    "x / y": torch.true_divide,
    "x > y": torch.greater,
    "x >= y": torch.greater_equal,
    "x < y": torch.less,
    "x <= y": torch.less_equal,
    "abs(x)": torch.absolute,
    "x != y": torch.not_equal,
}


def narrowed(x: Tensor, begin: int, end: int) -> Tensor:
    start, stop, _step = slice(begin, end).indices(x.shape[0])
    return torch.narrow(x, 0, start, max(0, stop - start))


by_narrow = OPERATORS | {"x[begin:end]": narrowed}

# True and False, where whole numbers have bits.
as_in_the_article = OPERATORS | {"x ^ y": torch.logical_xor, "~x": torch.logical_not}

# Right for positive numbers only.
c_remainder = OPERATORS | {"x % y": torch.fmod}

# The logical functions take floats, where the operators refuse them.
logical_for_all = OPERATORS | {
    "x & y": torch.logical_and,
    "x | y": torch.logical_or,
    "x ^ y": torch.logical_xor,
    "~x": torch.logical_not,
}

# Keeps the fraction, and makes floats of integers.
true_division = OPERATORS | {"x // y": torch.div}

matrices_only = OPERATORS | {"x @ y": torch.mm}

# One answer for the whole tensor; == has one for each element.
whole_tensor_equal = OPERATORS | {"x == y": torch.equal}


def narrow_raw(x: Tensor, begin: int, end: int) -> Tensor:
    return torch.narrow(x, 0, begin, end - begin)


raw_narrow = OPERATORS | {"x[begin:end]": narrow_raw}

# Says x + y instead of naming the function behind it.
by_lambda = OPERATORS | {"x + y": lambda x, y: x + y}

by_methods = OPERATORS | {"x + y": torch.Tensor.add, "x @ y": torch.Tensor.__matmul__}

# A name that ends in _ overwrites its operand.
in_place = OPERATORS | {"-x": torch.neg_, "abs(x)": torch.abs_}


def cloned(x: Tensor, begin: int, end: int) -> Tensor:
    return x[begin:end].clone()


copied_rows = OPERATORS | {"x[begin:end]": cloned}
