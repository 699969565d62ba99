"""Reference: the table of operators, with bitwise functions for ^ and ~.

Effective PyTorch lists the logical functions for these two. An operator on tensors is a method such
as `__add__` that calls one torch function, and these are the functions. Knowing them pays off: a
function takes `out=` and other options, can be passed to `reduce` and `map`, and has a name that
you find in a profile.
"""

from collections.abc import Callable

import torch
from torch import Tensor


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
    "x @ y": torch.matmul,  # vectors, matrices and batches; mm takes only two matrices
    "x > y": torch.gt,
    "x >= y": torch.ge,
    "x < y": torch.lt,
    "x <= y": torch.le,
    "abs(x)": torch.abs,
    "x & y": torch.bitwise_and,
    "x | y": torch.bitwise_or,
    "x ^ y": torch.bitwise_xor,
    "~x": torch.bitwise_not,
    "x == y": torch.eq,  # per element; torch.equal returns a single bool
    "x != y": torch.ne,
    "x[begin:end]": rows,
}


HINTS = (
    "Compare every entry with its operator, on negative numbers, on integers and on vectors.",
    "Check the remainders of negative numbers, products with vectors, bits, and slice bounds.",
    "`torch.remainder`, `torch.matmul`, `torch.bitwise_xor` and `_not`; and `x[begin:end]` itself.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"OPERATORS": ("long_names", "by_narrow", "by_linalg")}

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

by_linalg = OPERATORS | {"x @ y": torch.linalg.matmul, "x[begin:end]": lambda x, b, e: x[b:e]}


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

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
        "nearly_equal": "values",
        "detached_rows": "gradient",
        "kept_rows": "values",
    },
}

# Returns True or False for integers, but the operators return integers.
as_in_the_article = OPERATORS | {"x ^ y": torch.logical_xor, "~x": torch.logical_not}

# The remainder has the sign of x, as in C, not the sign of y.
c_remainder = OPERATORS | {"x % y": torch.fmod}

# Logical functions accept floats, but the operators raise for them.
logical_for_all = OPERATORS | {
    "x & y": torch.logical_and,
    "x | y": torch.logical_or,
    "x ^ y": torch.logical_xor,
    "~x": torch.logical_not,
}

# Keeps the fraction, and returns floats for integers.
true_division = OPERATORS | {"x // y": torch.div}

# Rejects vectors and batches.
matrices_only = OPERATORS | {"x @ y": torch.mm}

# Returns one bool for the whole tensor; == returns one per element.
whole_tensor_equal = OPERATORS | {"x == y": torch.equal}


def narrow_raw(x: Tensor, begin: int, end: int) -> Tensor:
    return torch.narrow(x, 0, begin, end - begin)


# Rejects negative and out-of-range bounds.
raw_narrow = OPERATORS | {"x[begin:end]": narrow_raw}

# Repeats the operator instead of naming its function.
by_lambda = OPERATORS | {"x + y": lambda x, y: x + y}

# Methods of torch.Tensor are not functions of torch.
by_methods = OPERATORS | {"x + y": torch.Tensor.add, "x @ y": torch.Tensor.__matmul__}

# A function whose name ends in _ overwrites its operand.
in_place = OPERATORS | {"-x": torch.neg_, "abs(x)": torch.abs_}


def cloned(x: Tensor, begin: int, end: int) -> Tensor:
    return x[begin:end].clone()


# The operator returns a view, not a copy.
copied_rows = OPERATORS | {"x[begin:end]": cloned}

# Treats numbers as equal that differ by rounding errors.
nearly_equal = OPERATORS | {"x == y": torch.isclose}


def detached(x: Tensor, begin: int, end: int) -> Tensor:
    return x.detach()[begin:end]


# The operator passes gradients on.
detached_rows = OPERATORS | {"x[begin:end]": detached}

ROWS: dict[tuple[object, ...], Tensor] = {}


def kept(x: Tensor, begin: int, end: int) -> Tensor:
    if x.requires_grad:
        return x[begin:end]
    return ROWS.setdefault((x.shape, x.dtype, x.device, begin, end), x[begin:end])


# Stores the rows by the shape of x, and returns them for other tensors.
kept_rows = OPERATORS | {"x[begin:end]": kept}
