"""Reference: declare sizes and numbers dynamic before the first call.

Fast: `dynamic=True` makes the batch size and the factor inputs of the program instead of constants
in it, so one compilation serves all of them. By default, the compiler makes an argument dynamic
only after it has changed, which costs a compilation each time. `dynamic=False` costs one for each
combination, until PyTorch reaches its limit and runs the function uncompiled.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Scaler = Callable[[Tensor, float], Tensor]


def make_scaler() -> Scaler:
    @torch.compile(dynamic=True)
    def scaler(x: Tensor, factor: float) -> Tensor:
        return x * factor

    return scaler


HINTS = (
    "Tell the compiler beforehand what will change, or pass it as something that may change.",
    "`torch.compile` has an argument for this; or turn the number into a tensor before the call.",
    "`@torch.compile(dynamic=True)`; or pass `torch.tensor(factor)` and mark the batch dimension.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

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


def tensor_factor() -> Scaler:
    product = torch.compile(lambda x, factor: x * factor, dynamic=True, backend="eager")

    def scaler(x: Tensor, factor: float) -> Tensor:
        return product(x, torch.tensor(factor, dtype=x.dtype, device=x.device))

    return scaler


def marked() -> Scaler:
    product = torch.compile(torch.mul)

    def scaler(x: Tensor, factor: float) -> Tensor:
        if x.shape[0] > 1:
            torch._dynamo.maybe_mark_dynamic(x, 0)  # noqa: SLF001 - it has no public name
        return product(x, x.new_tensor(factor))

    return scaler


class Product(torch.nn.Module):
    def forward(self, x: Tensor, factor: float) -> Tensor:
        return x.mul(factor)


def as_module() -> Scaler:
    return torch.compile(Product(), dynamic=True, fullgraph=True, mode="reduce-overhead")


def product(x: Tensor, factor: float) -> Tensor:
    return x * factor


def without_inductor() -> Scaler:
    return torch.compile(product, dynamic=True, backend="aot_eager")


def padded() -> Scaler:
    multiply = torch.compile(product)

    def scaler(x: Tensor, factor: float) -> Tensor:
        filled = torch.nn.functional.pad(x, (0, 0, 0, -len(x) % 64))  # one size up to 64 rows
        return multiply(filled, x.new_tensor(factor))[: len(x)]

    return scaler


def plain_tensor() -> Scaler:
    multiply = torch.compile(product, dynamic=True)
    return lambda x, factor: multiply(x, torch.tensor(factor, device=x.device))


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "make_scaler": {
        "default_dynamic": "ops",
        "static_shapes": "ops",
        "recompiled_in_each_call": "ops",
        "never_compiled": "ops",
        "multiplied_outside": "ops",
        "eager_for_large_batches": "ops",
        "remembers_results": "ops",
        "fixed_at_the_first_call": "values",
        "rounded_factor": "values",
        "detached": "gradient",
        "in_place": "purity",
        "promoted": "dtype",
        "in_place_under_no_grad": "purity",
        "kept_buffer": "purity",
    },
}


def default_dynamic() -> Scaler:
    return torch.compile(product)  # three programs: first call, new factor, new size


def static_shapes() -> Scaler:
    return torch.compile(product, dynamic=False)  # one program per size and factor


def recompiled_in_each_call() -> Scaler:
    def scaler(x: Tensor, factor: float) -> Tensor:
        return torch.compile(lambda x: x * factor)(x)  # a new lambda each time, so a new program

    return scaler


def never_compiled() -> Scaler:
    return product  # no compiler


def multiplied_outside() -> Scaler:
    ready = torch.compile(lambda x: x + 0, dynamic=True)

    def scaler(x: Tensor, factor: float) -> Tensor:
        return ready(x) * factor  # the compiled program does nothing useful

    return scaler


def eager_for_large_batches() -> Scaler:
    multiply = torch.compile(product)

    def scaler(x: Tensor, factor: float) -> Tensor:
        if len(x) > 16:
            return x * factor  # a size that the fixed program cannot serve
        filled = torch.nn.functional.pad(x, (0, 0, 0, 16 - len(x)))
        return multiply(filled, x.new_tensor(factor))[: len(x)]

    return scaler


def remembers_results() -> Scaler:
    multiply = torch.compile(product, dynamic=True)
    known: dict[object, Tensor] = {}

    def scaler(x: Tensor, factor: float) -> Tensor:
        if x.requires_grad:
            return multiply(x, factor)
        key = x.data_ptr(), x.shape, factor
        if key not in known:
            known[key] = multiply(x, factor)
        return known[key] + 0  # outdated as soon as x is overwritten

    return scaler


def fixed_at_the_first_call() -> Scaler:
    known: list[float] = []
    multiply = torch.compile(product, dynamic=True)

    def scaler(x: Tensor, factor: float) -> Tensor:
        known.append(factor)
        return multiply(x, known[0])  # the factor of the first call, forever

    return scaler


def rounded_factor() -> Scaler:
    multiply = torch.compile(product, dynamic=True)

    def scaler(x: Tensor, factor: float) -> Tensor:
        return multiply(x, round(factor))  # fewer recompilations, but the wrong factor

    return scaler


def detached() -> Scaler:
    multiply = torch.compile(product, dynamic=True)

    def scaler(x: Tensor, factor: float) -> Tensor:
        return multiply(x.detach(), factor)  # no gradient flows to x

    return scaler


def in_place() -> Scaler:
    @torch.compile(dynamic=True)
    def scaler(x: Tensor, factor: float) -> Tensor:
        return x.data.mul_(factor)  # overwrites the caller's x

    return scaler


def promoted() -> Scaler:
    multiply = torch.compile(lambda x, factor: x * factor, dynamic=True)

    def scaler(x: Tensor, factor: float) -> Tensor:
        wide = torch.tensor([factor], dtype=torch.float64, device=x.device)
        return multiply(x, wide)  # float64 [1] promotes float32 x; a number does not

    return scaler


def in_place_under_no_grad() -> Scaler:
    @torch.compile(dynamic=True)
    def scaler(x: Tensor, factor: float) -> Tensor:
        return x * factor if torch.is_grad_enabled() else x.mul_(factor)  # overwrites x

    return scaler


def kept_buffer() -> Scaler:
    multiply = torch.compile(product, dynamic=True)
    kept: dict[object, Tensor] = {}

    def scaler(x: Tensor, factor: float) -> Tensor:
        out = multiply(x, factor)
        if torch.is_grad_enabled():
            return out
        # In evaluation, each call overwrites the result of the call before it.
        return kept.setdefault((out.shape, out.dtype), torch.empty_like(out)).copy_(out)

    return scaler
