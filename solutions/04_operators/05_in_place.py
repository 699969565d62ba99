"""Reference: augmented assignment in place; plain arithmetic out of place.

Small: `x *= scale` calls x.mul_(scale), which writes its results where x is; nothing is
allocated. Right: `x * scale` has new memory, so the x of the caller is safe. Out of place is the
better default: save the in-place one for tensors that fill the memory.
"""

from functools import reduce

import torch
from torch import Tensor

Operand = Tensor | float

HINTS = (
    "Ask of each line: does it write into memory that is there, or make new memory?",
    "`x *= s` writes into x. `x = x * s` binds a new tensor. `result = x` copies nothing at all.",
    "`x.mul_(scale).add_(shift)` in place; `x * scale + shift` out of place.",
)

TRAPS = {
    "scale_shift_": {
        "rebinds": "purity",
        "copies_back": "memory",
        "through_data": "gradient",
        "swaps_the_storage": "purity",
        "works_on_a_flat_copy": "purity",
        "returns_nothing": "contract",
        "returns_another_view": "contract",
    },
    "scale_shift": {
        "by_the_in_place_one": "purity",
        "by_another_name": "purity",
        "detached_copy": "gradient",
    },
}

ALTERNATIVES = {
    "scale_shift_": ("by_methods", "by_functions"),
    "scale_shift": ("by_functions_anew", "clone_first"),
}


def scale_shift_(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    x *= scale  # the memory of x, as the following line
    x += shift
    return x


def scale_shift(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    return x * scale + shift


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


def rebinds(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    x = x * scale  # another tensor; the caller's x is as it was
    return x + shift


def copies_back(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    return x.copy_(x * scale + shift)  # in place in the end, with two temporaries on the way


def through_data(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    x.data.mul_(scale).add_(shift)  # autograd never hears of it: its gradients are wrong
    return x


def swaps_the_storage(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    x.set_((x * scale + shift).detach())  # the old memory, and every view of it, stays as it was
    return x


def works_on_a_flat_copy(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    flat = x.reshape(-1).view(x.shape)  # a view where x is contiguous, a copy where it is not
    flat.mul_(scale).add_(shift)
    return x


def returns_nothing(x: Tensor, scale: Operand, shift: Operand) -> Tensor:  # type: ignore[return]
    x *= scale
    x += shift


def returns_another_view(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    return x.mul_(scale).add_(shift).view(x.shape)  # the same numbers, but not the object x


def by_the_in_place_one(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    return by_methods(x, scale, shift)  # short, and it overwrites the x of the caller


def by_another_name(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    result = x  # a second name of the same tensor
    result *= scale
    result += shift
    return result


def detached_copy(x: Tensor, scale: Operand, shift: Operand) -> Tensor:
    return by_methods(x.detach().clone(), scale, shift)
