"""Reference: one call for each tensor, with the numbers, not the sizes, in brackets.

Right: `torch.tensor` takes its dtype from the numbers, so whole numbers give int64; `torch.zeros`
and `torch.rand` take sizes, fill every entry, and give float32. Handing `generator` on costs
nothing: None means the global one.
"""

import torch
from torch import Tensor

HINTS = (
    "Lower case `torch.tensor` takes numbers; zeros and random numbers have their own functions.",
    "`torch.zeros` and `torch.rand` take the sizes; `torch.rand` also takes `generator=`.",
    "`torch.tensor(3)`, `torch.zeros(2, 2)`, `torch.rand(2, 2, 2, generator=generator)`.",
)

TRAPS = {
    "scalar": {"three_floats": "shape", "float_three": "dtype"},
    "vector": {"float_vector": "dtype", "nested_list": "shape"},
    "matrix": {"unfilled": "values", "kept_for_later": "purity", "double_zeros": "dtype"},
    "cube": {
        "generator_forgotten": "values",
        "generator_of_its_own": "values",
        "normal_numbers": "values",
        "drawn_once": "purity",
    },
}

ALTERNATIVES = {
    "scalar": ("filled_scalar",),
    "vector": ("counted_vector",),
    "matrix": ("emptied_matrix",),
    "cube": ("filled_cube",),
}


def scalar() -> Tensor:
    return torch.tensor(3)  # [], int64


def vector() -> Tensor:
    return torch.tensor([1, 2])  # [2], int64


def matrix() -> Tensor:
    return torch.zeros(2, 2)  # [2, 2], float32


def cube(generator: torch.Generator | None = None) -> Tensor:
    return torch.rand(2, 2, 2, generator=generator)  # [2, 2, 2], float32


def filled_scalar() -> Tensor:
    return torch.full((), 3)


def counted_vector() -> Tensor:
    return torch.arange(1, 3)


def emptied_matrix() -> Tensor:
    return torch.empty(2, 2).zero_()  # empty is fine where every entry is filled afterwards


def filled_cube(generator: torch.Generator | None = None) -> Tensor:
    return torch.empty(2, 2, 2).uniform_(generator=generator)


def three_floats() -> Tensor:
    return torch.Tensor(3)  # 3 is taken as a size: three floats, not filled in


def float_three() -> Tensor:
    return torch.tensor(3.0)  # a dot makes it float32


def float_vector() -> Tensor:
    return torch.Tensor([1, 2])  # this spelling makes float32 of whatever it gets


def nested_list() -> Tensor:
    return torch.tensor([[1, 2]])  # one pair of brackets more: [1, 2]


def unfilled() -> Tensor:
    return torch.empty(2, 2)  # often shows zeros, by luck


_ZEROS = torch.zeros(2, 2)


def kept_for_later() -> Tensor:
    return _ZEROS  # everybody gets the same one, and shares every change


def double_zeros() -> Tensor:
    return torch.zeros(2, 2, dtype=torch.float64)  # what NumPy would make


def generator_forgotten(generator: torch.Generator | None = None) -> Tensor:  # noqa: ARG001
    return torch.rand(2, 2, 2)  # draws from the global generator, always


def generator_of_its_own(generator: torch.Generator | None = None) -> Tensor:
    generator = generator or torch.Generator()  # no longer follows torch.manual_seed
    return torch.rand(2, 2, 2, generator=generator)


def normal_numbers(generator: torch.Generator | None = None) -> Tensor:
    return torch.randn(2, 2, 2, generator=generator)  # one letter more: bell-shaped, below 0 too


_DRAWN: list[Tensor] = []


def drawn_once(generator: torch.Generator | None = None) -> Tensor:
    if not _DRAWN:
        _DRAWN.append(torch.rand(2, 2, 2, generator=generator))
    return _DRAWN[0]  # no new numbers after the first call
