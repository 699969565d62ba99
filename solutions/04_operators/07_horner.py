"""Reference: from the highest coefficient down, multiply by x and add the next one.

Fast: k fused multiplications and additions; the written-out sum needs a power per term, and a
power costs far more than a product. Accurate too: no large powers are made only to cancel.
"""

import torch
from torch import Tensor

HINTS = (
    "Begin with the highest coefficient, and work your way down to c[0].",
    "One step is: the result so far, times x, plus the next coefficient. Unbind gives them all.",
    "`result = result * x + c` for each c of reversed(coefficients.unbind()), begun at c[k].",
)

TRAPS = {
    "polynomial": {
        "sum_of_powers_on_time": "speed",
        "vandermonde": "ops",
        "table_of_powers": "ops",
        "highest_first": "values",
        "constant_is_0d": "shape",
        "python_coefficients": "gradient",
    },
}

ALTERNATIVES = {"polynomial": ("by_products_and_sums", "recursive")}


def polynomial(coefficients: Tensor, x: Tensor) -> Tensor:
    terms = coefficients.unbind()  # 0-d tensors, lowest degree first
    result = terms[-1].expand(x.shape).clone()  # in x's shape, for k = 0 too
    for c in terms[-2::-1]:
        result = torch.addcmul(c, result, x)  # c + result * x in one op
    return result


def by_products_and_sums(coefficients: Tensor, x: Tensor) -> Tensor:
    highest, *lower = reversed(coefficients.unbind())
    result = highest.expand_as(x)  # a view in x's shape: no multiplication is spent on it
    for c in lower:
        result = result * x + c
    return result if lower else result.clone()


def recursive(coefficients: Tensor, x: Tensor) -> Tensor:
    return _bracket(coefficients.unbind(), x)


def _bracket(terms: tuple[Tensor, ...], x: Tensor) -> Tensor:
    if len(terms) == 1:
        return terms[0].expand_as(x).clone()
    inner = terms[1] if len(terms) == 2 else _bracket(terms[1:], x)
    return torch.add(terms[0], inner * x)


def sum_of_powers_on_time(coefficients: Tensor, x: Tensor) -> Tensor:
    return sum((c * x**i for i, c in enumerate(coefficients.unbind())), torch.zeros_like(x))


def vandermonde(coefficients: Tensor, x: Tensor) -> Tensor:
    powers = [torch.ones_like(x)]
    for _ in range(len(coefficients) - 1):
        powers.append(powers[-1] * x)  # all powers at once: k times the memory of x
    return (torch.stack(powers, -1) * coefficients).sum(-1)


def table_of_powers(coefficients: Tensor, x: Tensor) -> Tensor:
    exponents = torch.arange(len(coefficients), device=x.device)
    return x.unsqueeze(-1) ** exponents @ coefficients  # few ops, but k + 1 powers per element


def highest_first(coefficients: Tensor, x: Tensor) -> Tensor:
    result = torch.zeros_like(x)
    for c in coefficients.unbind():  # the order of numpy.polyval, not of this task
        result = result * x + c
    return result


def constant_is_0d(coefficients: Tensor, x: Tensor) -> Tensor:
    highest, *lower = reversed(coefficients.unbind())
    result = highest
    for c in lower:
        result = result * x + c
    return result  # k = 0 never meets x, so its shape is lost


def python_coefficients(coefficients: Tensor, x: Tensor) -> Tensor:
    highest, *lower = reversed(coefficients.unbind())
    result = torch.full_like(x, highest.item())  # a number has no gradient
    for c in lower:
        result = result * x + c.item()
    return result
