"""Reference: augmented assignment in place; plain arithmetic out of place.

Small: `x *= scale` calls x.mul_(scale), which writes its result to the memory of x and allocates
nothing. Safe: `x * scale` allocates a new tensor, so the caller's x does not change. Out of place
is the better default; work in place only on tensors that take up much of the memory.
"""

from functools import reduce

import torch
from torch import Tensor

Operand = Tensor | float


def scale_shift_(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    x *= scale  # writes to the memory of x, as does the next line
    x += shift
    return x


def scale_shift(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    return x * scale + shift


HINTS = (
    "Ask for each line: does it write to existing memory, or does it allocate new memory?",
    "`x *= s` writes to x. `x = x * s` binds a new tensor. `result = x` copies nothing at all.",
    "`x.mul_(scale).add_(shift)` in place; `x * scale + shift` out of place.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {
    "scale_shift_": ("by_methods", "by_functions"),
    "scale_shift": ("by_functions_anew", "clone_first"),
}


def by_methods(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    return x.mul_(scale).add_(shift)


def by_functions(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    for step, operand in ((Tensor.__imul__, scale), (Tensor.__iadd__, shift)):
        step(x, operand)
    return x


def by_functions_anew(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    steps = ((torch.mul, scale), (torch.add, shift))
    return reduce(lambda result, step: step[0](result, step[1]), steps, x)


def clone_first(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    return by_methods(x.clone(), scale, shift)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "scale_shift_": {
        "rebinds": "purity",
        "copies_back": "memory",
        "through_data": "gradient",
        "swaps_the_storage": "purity",
        "works_on_a_flat_copy": "purity",
        "returns_nothing": "contract",
        "returns_another_view": "contract",
        "copy_under_no_grad": "contract",
        "scale_in_place_too": "purity",
    },
    "scale_shift": {
        "by_the_in_place_one": "purity",
        "by_another_name": "purity",
        "detached_copy": "gradient",
        "into_one_buffer": "purity",
        "by_doubles": "dtype",
    },
}


def rebinds(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    x = x * scale  # a new tensor; the caller's x does not change
    return x + shift


def copies_back(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    return x.copy_(x * scale + shift)  # writes to x, but allocates two temporaries first


def through_data(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    x.data.mul_(scale).add_(shift)  # hidden from autograd, so gradients are wrong
    return x


def swaps_the_storage(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    x.set_((x * scale + shift).detach())  # views of the old memory do not change
    return x


def works_on_a_flat_copy(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    flat = x.reshape(-1).view(x.shape)  # a copy if x is not contiguous
    flat.mul_(scale).add_(shift)
    return x


def returns_nothing(x: Tensor, scale: Operand, shift: Operand) -> Tensor:  # type: ignore[return]
    x *= scale
    x += shift  # returns None, so calls cannot be chained


def returns_another_view(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    return x.mul_(scale).add_(shift).view(x.shape)  # the same values, but not the object x


def by_the_in_place_one(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    return by_methods(x, scale, shift)  # overwrites the caller's x


def by_another_name(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    result = x  # a second name for the same tensor
    result *= scale
    result += shift
    return result


def detached_copy(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    return by_methods(x.detach().clone(), scale, shift)  # x gets no gradient


def copy_under_no_grad(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    if not torch.is_grad_enabled():
        return x * scale + shift  # a parameter stays as it is
    return by_methods(x, scale, shift)


def scale_in_place_too(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    if isinstance(scale, Tensor) and scale.shape == x.shape and not torch.is_grad_enabled():
        return x.copy_(scale.mul_(x).add_(shift))  # computes in the memory of scale
    return by_methods(x, scale, shift)


BUFFERS: dict[tuple[object, ...], Tensor] = {}


def into_one_buffer(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    if any(isinstance(each, Tensor) and each.requires_grad for each in (x, scale, shift)):
        return x * scale + shift
    out = BUFFERS.setdefault((x.shape, x.dtype, x.device), torch.empty_like(x))
    return torch.mul(x, scale, out=out).add_(shift)  # overwrites the last result


def by_doubles(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    return (x.double() * scale + shift).to(x.dtype)  # integers above 2**53 lose their last digits
