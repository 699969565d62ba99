"""Reference: sizes and numbers declared dynamic before the first call.

Fast: `dynamic=True` makes the batch size and the factor inputs of the program instead of constants
in it, so one compilation serves all. Waiting for the compiler to notice costs a compilation per
surprise; `dynamic=False` costs one per combination, until PyTorch gives up and runs uncompiled.
"""

from collections.abc import Callable

import torch
from torch import Tensor

HINTS = (
    "Tell the compiler beforehand what will change, or pass it as something that may change.",
    "torch.compile has an argument for this; or a number can become a tensor before the call.",
    "`@torch.compile(dynamic=True)`; or compile for `torch.tensor(factor)` and mark the batch dim.",
)

TRAPS = {
    "make_scaler": {
        "as_it_comes": "ops",
        "static_shapes": "ops",
        "recompiled_in_each_call": "ops",
        "never_compiled": "ops",
        "multiplied_outside": "ops",
        "fixed_at_the_first_call": "values",
        "rounded_factor": "values",
        "detached": "gradient",
        "in_place": "purity",
        "promoted": "dtype",
    },
}

ALTERNATIVES = {
    "make_scaler": (
        "tensor_factor",
        "marked",
        "as_module",
        "without_inductor",
        "padded",
        "plain_tensor",
    )
}

Scaler = Callable[[Tensor, float], Tensor]


def make_scaler() -> Scaler:
    @torch.compile(dynamic=True)
    def scaler(x: Tensor, factor: float) -> Tensor:
        return x * factor

    return scaler


def tensor_factor() -> Scaler:
    product = torch.compile(lambda x, factor: x * factor, dynamic=True, backend="eager")

    def scaler(x: Tensor, factor: float) -> Tensor:
        return product(x, torch.tensor(factor, dtype=x.dtype, device=x.device))

    return scaler


def marked() -> Scaler:
    product = torch.compile(torch.mul)

    def scaler(x: Tensor, factor: float) -> Tensor:
        if x.shape[0] > 1:
            torch._dynamo.maybe_mark_dynamic(x, 0)  # noqa: SLF001 - has no public name
        return product(x, x.new_tensor(factor))

    return scaler


class Product(torch.nn.Module):
    def forward(self, x: Tensor, factor: float) -> Tensor:
        return x.mul(factor)


def as_module() -> Scaler:
    return torch.compile(Product(), dynamic=True, fullgraph=True, mode="reduce-overhead")


def without_inductor() -> Scaler:
    return torch.compile(product, dynamic=True, backend="aot_eager")


def padded() -> Scaler:
    multiply = torch.compile(product)

    def scaler(x: Tensor, factor: float) -> Tensor:
        filled = torch.nn.functional.pad(x, (0, 0, 0, -len(x) % 64))  # one size for up to 64 rows
        return multiply(filled, x.new_tensor(factor))[: len(x)]

    return scaler


def plain_tensor() -> Scaler:
    multiply = torch.compile(product, dynamic=True)
    return lambda x, factor: multiply(x, torch.tensor(factor, device=x.device))


def product(x: Tensor, factor: float) -> Tensor:
    return x * factor


def as_it_comes() -> Scaler:
    return torch.compile(product)  # a constant factor, then a changing one, then a changing size


def static_shapes() -> Scaler:
    return torch.compile(product, dynamic=False)


def recompiled_in_each_call() -> Scaler:
    def scaler(x: Tensor, factor: float) -> Tensor:
        return torch.compile(lambda x: x * factor)(x)  # a new function, with a constant in it

    return scaler


def never_compiled() -> Scaler:
    return product


def multiplied_outside() -> Scaler:
    ready = torch.compile(lambda x: x + 0, dynamic=True)

    def scaler(x: Tensor, factor: float) -> Tensor:
        return ready(x) * factor  # the compiled program does nothing of use

    return scaler


def fixed_at_the_first_call() -> Scaler:
    known: list[float] = []
    multiply = torch.compile(product, dynamic=True)

    def scaler(x: Tensor, factor: float) -> Tensor:
        known.append(factor)
        return multiply(x, known[0])

    return scaler


def rounded_factor() -> Scaler:
    multiply = torch.compile(product, dynamic=True)

    def scaler(x: Tensor, factor: float) -> Tensor:
        return multiply(x, round(factor))  # fewer different factors, but others than asked for

    return scaler


def detached() -> Scaler:
    multiply = torch.compile(product, dynamic=True)

    def scaler(x: Tensor, factor: float) -> Tensor:
        return multiply(x.detach(), factor)

    return scaler


def in_place() -> Scaler:
    @torch.compile(dynamic=True)
    def scaler(x: Tensor, factor: float) -> Tensor:
        return x.data.mul_(factor)

    return scaler


def promoted() -> Scaler:
    multiply = torch.compile(lambda x, factor: x * factor, dynamic=True)

    def scaler(x: Tensor, factor: float) -> Tensor:
        wide = torch.tensor([factor], dtype=torch.float64, device=x.device)
        return multiply(x, wide)  # a tensor [1] of float64 widens x; a number or [] does not

    return scaler
