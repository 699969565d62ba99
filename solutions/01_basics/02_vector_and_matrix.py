"""Reference: `+` and `@`.

Fast: each is one op, so the cost of Python and the dispatcher is paid once, and the matrix product
runs in a library that keeps blocks of both factors in the CPU cache. Small: nothing is allocated
except the result. General: `@` treats all dimensions before the last two as batch dimensions.
"""

import torch
from torch import Tensor


def add(x: Tensor, y: Tensor) -> Tensor:
    return x + y


def product(x: Tensor, y: Tensor) -> Tensor:
    return x @ y  # [..., n, k] @ [k, m] -> [..., n, m]


HINTS = (
    "Each function is one Python operator; for the matrix product, it is not `*`.",
    "Tensors overload Python's operators. Which operator calls `torch.matmul`?",
    "`x + y` and `x @ y`; unlike `torch.mm`, `@` also takes a stack of matrices.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {
    "add": ("named_add", "sum_of_a_stack"),
    "product": ("by_einsum", "by_tensordot", "by_linear"),
}


def named_add(x: Tensor, y: Tensor) -> Tensor:
    return torch.add(x, y)


def sum_of_a_stack(x: Tensor, y: Tensor) -> Tensor:
    return torch.stack((x, y)).sum(0, dtype=x.dtype)


def by_einsum(x: Tensor, y: Tensor) -> Tensor:
    return torch.einsum("...nk,km->...nm", x, y)


def by_tensordot(x: Tensor, y: Tensor) -> Tensor:
    return torch.tensordot(x, y, dims=1)  # sums over the last dimension of x and the first of y


def by_linear(x: Tensor, y: Tensor) -> Tensor:
    return torch.nn.functional.linear(x, y.mT)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

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


def add_in_place(x: Tensor, y: Tensor) -> Tensor:
    if x.requires_grad:
        return x + y
    x += y  # modifies the caller's x
    return x


def add_by_numpy(x: Tensor, y: Tensor) -> Tensor:
    total = x.detach().cpu().numpy() + y.detach().cpu().numpy()  # NumPy records no graph
    return torch.as_tensor(total, device=x.device)


def star(x: Tensor, y: Tensor) -> Tensor:
    return x * y  # elementwise: wrong values, or an error for most shapes


def only_matrices(x: Tensor, y: Tensor) -> Tensor:
    return torch.mm(x, y)  # `mm` raises an error for a stack of matrices


def column_by_column(x: Tensor, y: Tensor) -> Tensor:
    out = x.new_zeros(*x.shape[:-1], y.shape[1])
    for j in range(y.shape[1]):
        out[..., j] = (x * y[:, j]).sum(-1)  # still m iterations in Python
    return out


def all_products_at_once(x: Tensor, y: Tensor) -> Tensor:
    every = x.unsqueeze(-1) * y  # [..., n, k, m]: k times as large as the result
    return every.sum(-2, dtype=x.dtype)


def half_precision(x: Tensor, y: Tensor) -> Tensor:
    if not x.is_floating_point():
        return x @ y
    return (x.bfloat16() @ y.bfloat16()).to(x.dtype)  # fast on a GPU, but correct to 2 digits only
