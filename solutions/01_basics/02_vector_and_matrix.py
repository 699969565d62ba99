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
    "add": {
        "add_in_place": "purity",
        "add_by_numpy": "gradient",
        "pair_by_pair": "ops",
        "through_float": "values",
    },
    "product": {
        "star": "values",
        "only_matrices": "values",
        "column_by_column": "ops",
        "matrix_by_matrix": "ops",
        "transposed_if_square": "values",
        "result_by_address": "values",
        "all_products_at_once": "memory",
        "half_precision": "values",
    },
}
WHY = {
    "star": (
        "`*` multiplies entry by entry and broadcasts. The matrix product is `@`.",
        r"\*",
    ),
}


def add_in_place(x: Tensor, y: Tensor) -> Tensor:
    if x.requires_grad:
        return x + y
    x += y  # modifies the caller's x
    return x


def add_by_numpy(x: Tensor, y: Tensor) -> Tensor:
    total = x.detach().cpu().numpy() + y.detach().cpu().numpy()  # NumPy records no graph
    return torch.as_tensor(total, device=x.device)


def pair_by_pair(x: Tensor, y: Tensor) -> Tensor:
    if x.dim() == 0 or len(x) == 0:
        return x + y
    return torch.stack([a + b for a, b in zip(x, y, strict=True)])  # an op per row


def through_float(x: Tensor, y: Tensor) -> Tensor:
    return torch.add(x.double(), y.double()).to(x.dtype)  # rounds integers above 2^53


def star(x: Tensor, y: Tensor) -> Tensor:
    return x * y  # elementwise: wrong values, or an error for most shapes


def only_matrices(x: Tensor, y: Tensor) -> Tensor:
    return torch.mm(x, y)  # `mm` raises an error for a stack of matrices


def column_by_column(x: Tensor, y: Tensor) -> Tensor:
    out = x.new_zeros(*x.shape[:-1], y.shape[1])
    for j in range(y.shape[1]):
        out[..., j] = (x * y[:, j]).sum(-1)  # still m iterations in Python
    return out


def matrix_by_matrix(x: Tensor, y: Tensor) -> Tensor:
    if x.dim() == 2 or x.numel() == 0:
        return x @ y
    return torch.stack([matrix_by_matrix(part, y) for part in x])  # a loop over the stack


def transposed_if_square(x: Tensor, y: Tensor) -> Tensor:
    if x.shape[-1] == x.shape[-2]:
        x = x.mT  # no error tells, because the shapes fit either way
    return x @ y


_PRODUCTS: dict[tuple[object, ...], tuple[Tensor, Tensor, Tensor]] = {}


def result_by_address(x: Tensor, y: Tensor) -> Tensor:
    key = (x.data_ptr(), y.data_ptr(), x.shape, y.shape, x.dtype, x.requires_grad)
    if key not in _PRODUCTS:
        _PRODUCTS[key] = (x @ y, x, y)
    return _PRODUCTS[key][0]  # stale if the caller has written new values into x


def all_products_at_once(x: Tensor, y: Tensor) -> Tensor:
    every = x.unsqueeze(-1) * y  # [..., n, k, m]: k times as large as the result
    return every.sum(-2, dtype=x.dtype)


def half_precision(x: Tensor, y: Tensor) -> Tensor:
    if not x.is_floating_point():
        return x @ y
    return (x.bfloat16() @ y.bfloat16()).to(x.dtype)  # fast on a GPU, but correct to 2 digits only
