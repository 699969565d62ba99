"""Reference: `+` and `@`.

Fast: one op each, so Python and the dispatcher are paid once, and the matrix product runs in a
library that keeps blocks of both factors in the processor's cache. Small: nothing is made but the
result. General: `@` treats all dimensions before the last two as a stack of matrices.
"""

import torch
from torch import Tensor

HINTS = (
    "Each of the two is one operator of Python; the matrix product has an operator of its own.",
    "The operators that tensors overload are those of Python; `torch.matmul` stands behind one.",
    "`x + y` and `x @ y`; the latter takes stacks of matrices too, which `torch.mm` does not.",
)

TRAPS = {
    "add": {"add_in_place": "purity", "add_by_numpy": "gradient"},
    "product": {
        "star": "values",
        "only_matrices": "values",
        "column_by_column": "speed",
        "all_products_at_once": "memory",
        "half_precision": "values",
    },
}

ALTERNATIVES = {
    "add": ("named_add", "sum_of_a_stack"),
    "product": ("by_einsum", "by_tensordot", "by_linear"),
}


def add(x: Tensor, y: Tensor) -> Tensor:
    return x + y


def product(x: Tensor, y: Tensor) -> Tensor:
    return x @ y  # [..., n, k] @ [k, m] -> [..., n, m]


def named_add(x: Tensor, y: Tensor) -> Tensor:
    return torch.add(x, y)


def sum_of_a_stack(x: Tensor, y: Tensor) -> Tensor:
    return torch.stack((x, y)).sum(0, dtype=x.dtype)


def by_einsum(x: Tensor, y: Tensor) -> Tensor:
    return torch.einsum("...nk,km->...nm", x, y)


def by_tensordot(x: Tensor, y: Tensor) -> Tensor:
    return torch.tensordot(x, y, dims=1)  # adds over the last dim of x and the first of y


def by_linear(x: Tensor, y: Tensor) -> Tensor:
    return torch.nn.functional.linear(x, y.mT)


def add_in_place(x: Tensor, y: Tensor) -> Tensor:
    if x.requires_grad:
        return x + y
    x += y  # changes the caller's x
    return x


def add_by_numpy(x: Tensor, y: Tensor) -> Tensor:
    total = x.detach().cpu().numpy() + y.detach().cpu().numpy()  # numpy keeps no gradient graph
    return torch.as_tensor(total, device=x.device)


def star(x: Tensor, y: Tensor) -> Tensor:
    return x * y  # entry by entry: another product, or an error for most shapes


def only_matrices(x: Tensor, y: Tensor) -> Tensor:
    return torch.mm(x, y)  # mm refuses a stack of matrices


def column_by_column(x: Tensor, y: Tensor) -> Tensor:
    out = x.new_zeros(*x.shape[:-1], y.shape[1])
    for j in range(y.shape[1]):
        out[..., j] = (x * y[:, j]).sum(-1)  # vectorised in two dims only: m rounds of Python
    return out


def all_products_at_once(x: Tensor, y: Tensor) -> Tensor:
    every = x.unsqueeze(-1) * y  # [..., n, k, m]: k times as large as the result
    return every.sum(-2, dtype=x.dtype)


def half_precision(x: Tensor, y: Tensor) -> Tensor:
    if not x.is_floating_point():
        return x @ y
    return (x.bfloat16() @ y.bfloat16()).to(x.dtype)  # quick on a GPU, right to 2 digits
