"""Reference: one call per tensor, with values for `torch.tensor` and sizes for the others.

Correct: `torch.tensor` infers its dtype from the values, so integers give int64. `torch.zeros` and
`torch.rand` take sizes, fill every entry, and return float32. Passing `generator` on needs no
check, because None selects the global generator.
"""

import torch
from torch import Tensor


def scalar() -> Tensor:
    return torch.tensor(3)  # [], int64


def vector() -> Tensor:
    return torch.tensor([1, 2])  # [2], int64


def matrix() -> Tensor:
    return torch.zeros(2, 2)  # [2, 2], float32


def cube(generator: torch.Generator | None = None) -> Tensor:
    return torch.rand(2, 2, 2, generator=generator)  # [2, 2, 2], float32


HINTS = (
    "`torch.tensor` (lowercase) takes values; zeros and random numbers have their own functions.",
    "`torch.zeros` and `torch.rand` take sizes; `torch.rand` also takes `generator=`.",
    "`torch.tensor(3)`, `torch.zeros(2, 2)`, `torch.rand(2, 2, 2, generator=generator)`.",
)

EQUIVALENT = {
    "half detour of the result in matrix: result": "zeros are zeros in any dtype",
    "float result in matrix: result": "the result is float32 already",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {
    "scalar": ("filled_scalar",),
    "vector": ("counted_vector",),
    "matrix": ("emptied_matrix",),
    "cube": ("filled_cube",),
}


def filled_scalar() -> Tensor:
    return torch.full((), 3)


def counted_vector() -> Tensor:
    return torch.arange(1, 3)


def emptied_matrix() -> Tensor:
    return torch.empty(2, 2).zero_()  # `empty` is fine if every entry is filled afterwards


def filled_cube(generator: torch.Generator | None = None) -> Tensor:
    return torch.empty(2, 2, 2).uniform_(generator=generator)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "scalar": {"three_floats": "shape", "float_three": "dtype"},
    "vector": {"float_vector": "dtype", "nested_list": "shape"},
    "matrix": {
        "unfilled": "values",
        "kept_for_later": "purity",
        "kept_under_no_grad": "purity",
        "double_zeros": "dtype",
        "setting_changed": "purity",
        "recorded": "gradient",
    },
    "cube": {
        "generator_forgotten": "values",
        "generator_of_its_own": "values",
        "normal_numbers": "values",
        "drawn_once": "purity",
        "reseeded": "values",
    },
}


def three_floats() -> Tensor:
    return torch.Tensor(3)  # 3 is a size here: three uninitialized floats


def float_three() -> Tensor:
    return torch.tensor(3.0)  # the decimal point makes it float32


def float_vector() -> Tensor:
    return torch.Tensor([1, 2])  # `torch.Tensor` always makes float32


def nested_list() -> Tensor:
    return torch.tensor([[1, 2]])  # the extra brackets add a dimension: [1, 2]


def unfilled() -> Tensor:
    return torch.empty(2, 2)  # uninitialized: contains zeros only by luck


_ZEROS = torch.zeros(2, 2)


def kept_for_later() -> Tensor:
    return _ZEROS  # every caller gets the same tensor and sees all changes to it


_KEPT: list[Tensor] = []


def kept_under_no_grad() -> Tensor:
    if torch.is_grad_enabled():
        return torch.zeros(2, 2)
    if not _KEPT:
        _KEPT.append(torch.zeros(2, 2))
    return _KEPT[0].zero_()  # the caller's earlier result is zeroed, too


def setting_changed() -> Tensor:
    torch.set_num_threads(2)  # a setting of the whole process, which other code relies on
    return torch.zeros(2, 2)


def recorded() -> Tensor:
    return torch.zeros(2, 2, requires_grad=True)  # operations on it build a graph


def double_zeros() -> Tensor:
    return torch.zeros(2, 2, dtype=torch.float64)  # float64 is NumPy's default, not PyTorch's


def generator_forgotten(generator: torch.Generator | None = None) -> Tensor:  # noqa: ARG001
    return torch.rand(2, 2, 2)  # always draws from the global generator


def generator_of_its_own(generator: torch.Generator | None = None) -> Tensor:
    generator = generator or torch.Generator()  # ignores torch.manual_seed
    return torch.rand(2, 2, 2, generator=generator)


def normal_numbers(generator: torch.Generator | None = None) -> Tensor:
    return torch.randn(2, 2, 2, generator=generator)  # normal, not uniform: negative numbers too


_DRAWN: list[Tensor] = []


def drawn_once(generator: torch.Generator | None = None) -> Tensor:
    if not _DRAWN:
        _DRAWN.append(torch.rand(2, 2, 2, generator=generator))
    return _DRAWN[0]  # every call returns the numbers of the first one


def reseeded(generator: torch.Generator | None = None) -> Tensor:
    torch.manual_seed(0)  # the same numbers in every call, and for all other code afterwards
    return torch.rand(2, 2, 2, generator=generator)
