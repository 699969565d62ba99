"""Reference: start with the highest coefficient, then multiply by x and add the next one.

Fast: k fused multiply-adds. The sum as written needs a power per term, which costs far more than a
product. Accurate: no large powers are computed that later cancel.
"""

import torch
from torch import Tensor


def polynomial(coefficients: Tensor, x: Tensor) -> Tensor:
    terms = coefficients.unbind()  # 0-d tensors, lowest degree first
    result = terms[-1].expand(x.shape).clone()  # the shape of x, also for k = 0
    for c in terms[-2::-1]:
        result = torch.addcmul(c, result, x)  # c + result * x in one op
    return result


HINTS = (
    "Start with the highest coefficient, and work your way down to c[0].",
    "Each step multiplies the result by x and adds the next coefficient. `unbind` returns all.",
    "From c[k] on: `result = result * x + c` for each c in `coefficients.unbind()[-2::-1]`.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"polynomial": ("by_products_and_sums", "recursive", "flipped")}


def by_products_and_sums(coefficients: Tensor, x: Tensor) -> Tensor:
    highest, *lower = reversed(coefficients.unbind())
    result = highest.expand_as(x)  # a view with the shape of x, without a multiplication
    for c in lower:
        result = result * x + c
    return result if lower else result.clone()


def _bracket(terms: tuple[Tensor, ...], x: Tensor) -> Tensor:
    if len(terms) == 1:
        return terms[0].expand_as(x).clone()
    inner = terms[1] if len(terms) == 2 else _bracket(terms[1:], x)
    return torch.add(terms[0], inner * x)


def recursive(coefficients: Tensor, x: Tensor) -> Tensor:
    return _bracket(coefficients.unbind(), x)


def flipped(coefficients: Tensor, x: Tensor) -> Tensor:
    highest, *lower = coefficients.flip(0)  # reorders k + 1 numbers
    result = highest.expand_as(x).clone()
    for c in lower:
        result = result * x + c
    return result


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "polynomial": {
        "sum_of_powers": "ops",
        "vandermonde": "ops",
        "table_of_powers": "ops",
        "begins_at_zeros": "ops",
        "highest_first": "values",
        "constant_is_0d": "shape",
        "python_coefficients": "gradient",
        "into_one_buffer": "purity",
    },
}
WHY = {
    "begins_at_zeros": (
        "Starting from zeros costs one product and one sum more, for c[k] itself. Start from c[k]."
    ),
    "highest_first": (
        "The coefficients are read from the highest power down, as numpy.polyval does. Here c[0] "
        "is the constant."
    ),
    "constant_is_0d": (
        "For k = 0 no operation combines the coefficient with x, so the result keeps the "
        "coefficient's shape []. It needs the shape of x."
    ),
}


def sum_of_powers(coefficients: Tensor, x: Tensor) -> Tensor:
    # one power per coefficient
    return sum((c * x**i for i, c in enumerate(coefficients.unbind())), torch.zeros_like(x))


def vandermonde(coefficients: Tensor, x: Tensor) -> Tensor:
    powers = [torch.ones_like(x)]
    for _ in range(len(coefficients) - 1):
        powers.append(powers[-1] * x)  # keeps all powers: k times the memory of x
    return (torch.stack(powers, -1) * coefficients).sum(-1)


def table_of_powers(coefficients: Tensor, x: Tensor) -> Tensor:
    exponents = torch.arange(len(coefficients), device=x.device)
    return x.unsqueeze(-1) ** exponents @ coefficients  # few ops, but k + 1 powers per element


def highest_first(coefficients: Tensor, x: Tensor) -> Tensor:
    result = torch.zeros_like(x)
    for c in coefficients.unbind():  # reads them in the order of numpy.polyval
        result = result * x + c
    return result


def constant_is_0d(coefficients: Tensor, x: Tensor) -> Tensor:
    highest, *lower = reversed(coefficients.unbind())
    result = highest
    for c in lower:
        result = result * x + c
    return result  # for k = 0 the shape of x is lost


def python_coefficients(coefficients: Tensor, x: Tensor) -> Tensor:
    highest, *lower = reversed(coefficients.unbind())
    result = torch.full_like(x, highest.item())  # a Python number has no gradient
    for c in lower:
        result = result * x + c.item()
    return result


def begins_at_zeros(coefficients: Tensor, x: Tensor) -> Tensor:
    result = torch.zeros_like(x)  # one product and one sum more than starting from c[k]
    for c in reversed(coefficients.unbind()):
        result = result * x + c
    return result


BUFFERS: dict[tuple[object, ...], Tensor] = {}


def into_one_buffer(coefficients: Tensor, x: Tensor) -> Tensor:
    if coefficients.requires_grad or x.requires_grad:
        return by_products_and_sums(coefficients, x)
    *lower, highest = coefficients.unbind()
    result = BUFFERS.setdefault((x.shape, x.dtype, x.device), torch.empty_like(x))
    result.copy_(highest.expand_as(x))  # overwrites the last result
    for c in reversed(lower):
        result.mul_(x).add_(c)
    return result
