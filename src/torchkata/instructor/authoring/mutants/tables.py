"""What is mistaken for what: names, operators and strings."""

from __future__ import annotations

from typing import Final

import libcst as cst

_PAIRS: Final = (
    "sum mean", "max min", "amax amin", "argmax argmin", "cummax cummin", "cumsum cumprod",
    "maximum minimum", "any all", "add sub", "mul div", "gt ge", "lt le", "eq ne",
    "bitwise_and bitwise_or", "bitwise_xor bitwise_or", "bitwise_not logical_not",
    "floor_divide div", "remainder fmod", "matmul mm", "abs neg", "zeros ones",
    "zeros_like ones_like", "new_zeros new_ones", "rand randn", "softmax log_softmax",
    "logsigmoid sigmoid", "exp expm1", "log log1p", "var std", "square abs", "relu tanh",
    "ReLU Tanh", "mse_loss l1_loss", "stack cat", "reshape view", "chunk split",
    "index_add_ index_copy_", "addcmul addcdiv", "tiny eps", "cos sin", "ceil floor",
    "float double", "normal uniform", "eval train", "id num_workers", "int64 int32",
    "float64 float32", "float16 bfloat16", "argsort sort",
)  # fmt: skip
_ONE_WAY: Final = (
    "Adam AdamW", "Adam SGD", "SGD Adam", "mT T", "tiny smallest_normal", "max tiny",
    "eps resolution", "zeros empty", "new_zeros new_empty", "vector_norm matrix_norm",
    "ModuleList Sequential", "sorted list", "glob rglob", "isfile isreg", "from_numpy tensor",
    "randn rand", "pow mul",
)  # fmt: skip
_SAME: Final = {("tiny", "smallest_normal"), ("sorted", "list"), ("isfile", "isreg")}


def _names() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for pair in _PAIRS:
        left, right = pair.split()
        found.setdefault(left, []).append(right)
        found.setdefault(right, []).append(left)
    for pair in _ONE_WAY:
        left, right = pair.split()
        if (left, right) not in _SAME:
            found.setdefault(left, []).append(right)
    return {name: tuple(dict.fromkeys(others)) for name, others in found.items()}


NAMES: Final = _names()
"""Names of functions, methods and dtypes, with those that are written by mistake."""

BINARY: Final[dict[type[cst.BaseBinaryOp], tuple[type[cst.BaseBinaryOp], ...]]] = {
    cst.Add: (cst.Subtract,),
    cst.Subtract: (cst.Add,),
    cst.Multiply: (cst.Divide,),
    cst.Divide: (cst.Multiply, cst.FloorDivide),
    cst.FloorDivide: (cst.Divide,),
    cst.Modulo: (cst.FloorDivide,),
    cst.Power: (cst.Multiply,),
    cst.MatrixMultiply: (cst.Multiply,),
    cst.BitAnd: (cst.BitOr,),
    cst.BitOr: (cst.BitAnd,),
    cst.BitXor: (cst.BitOr,),
}
ORDERED: Final = (cst.Subtract, cst.Divide, cst.FloorDivide, cst.Modulo, cst.Power)
"""Operators whose operands are not interchangeable."""

IN_PLACE: Final[dict[type[cst.BaseBinaryOp], type[cst.BaseAugOp]]] = {
    cst.Add: cst.AddAssign,
    cst.Subtract: cst.SubtractAssign,
    cst.Multiply: cst.MultiplyAssign,
    cst.Divide: cst.DivideAssign,
}
COMPARISONS: Final[dict[type[cst.BaseCompOp], tuple[type[cst.BaseCompOp], ...]]] = {
    cst.LessThan: (cst.LessThanEqual, cst.GreaterThanEqual),
    cst.LessThanEqual: (cst.LessThan, cst.GreaterThan),
    cst.GreaterThan: (cst.GreaterThanEqual, cst.LessThanEqual),
    cst.GreaterThanEqual: (cst.GreaterThan, cst.LessThan),
    cst.Equal: (cst.NotEqual,),
    cst.NotEqual: (cst.Equal,),
    cst.Is: (cst.IsNot,),
    cst.IsNot: (cst.Is,),
}
STRINGS: Final = {
    "xy": "ij", "ij": "xy", "mean": "sum", "sum": "mean", "*.npy": "*", ".npy": "",
    "inductor": "eager",
}  # fmt: skip

DEFAULTS: Final = {
    "keepdim": "False", "requires_grad": "False", "create_graph": "False", "batch_first": "False",
    "materialize_grads": "False", "enabled": "True", "largest": "True", "start": "0",
}  # fmt: skip
"""Keywords that may be left out, with the value that they have then."""

DROPPABLE: Final = frozenset({
    "detach", "clone", "contiguous", "cpu", "to", "float", "double", "long", "squeeze",
    "unsqueeze", "clamp", "item", "abs", "expand", "square", "sqrt", "exp", "log", "mean",
    "sum", "amax", "amin", "any", "all", "unbind", "reshape", "flatten", "masked_fill",
    "requires_grad_", "tolist",
})  # fmt: skip
"""Methods that are easily forgotten: `x.detach()` becomes `x`."""

SYMMETRIC: Final = frozenset({
    "add", "mul", "maximum", "minimum", "max", "min", "eq", "ne", "bitwise_and", "bitwise_or",
    "bitwise_xor", "logical_and", "logical_or", "mse_loss", "l1_loss", "isinstance", "getattr",
    "setattr", "cast", "partial", "print", "zip",
})  # fmt: skip
"""Functions that take two arguments in any order, or fail at once in the other one."""
