"""Reference: leave the graph, leave the device, and share the memory.

Fast: `detach()` returns a view, and `cpu()` returns the same tensor if it is already on the CPU, so
converting a CPU tensor takes the same time for every size. `torch.from_numpy` wraps the array's
memory, so the numbers that `standard_normal` draws are not copied either.
"""

import numpy as np
import torch
from torch import Tensor


def to_numpy(t: Tensor) -> np.ndarray:
    return t.detach().cpu().numpy()


def from_numpy(a: np.ndarray) -> Tensor:
    return torch.from_numpy(a)


def sample_normal(rng: np.random.Generator, rows: int, cols: int) -> Tensor:
    return torch.from_numpy(rng.standard_normal((rows, cols)))  # [rows, cols], float64


HINTS = (
    "Two things can make `t.numpy()` fail: an autograd graph, and a device other than the CPU.",
    (
        "`detach()` leaves the graph, `cpu()` leaves the device, and `torch.tensor` always copies. "
        "Is the first argument of `rng.normal` the size?"
    ),
    (
        "`t.detach().cpu().numpy()`, `torch.from_numpy(a)`, and for the sample "
        "`torch.from_numpy(rng.standard_normal((rows, cols)))`."
    ),
)

EQUIVALENT = {
    "on the CPU in to_numpy: t": "`cpu()` is called in any case",
    "detached for n == 1 in to_numpy: t": "an array has no graph",
    "plain zeros for n == 0 in to_numpy: t": (
        "the mutant replaces tensors, and the result is an array"
    ),
    "wrong in float64 in from_numpy: result": (
        "the mutant looks for tensors, and the argument is an array"
    ),
    "result on the CPU in from_numpy: result": "the result is on the CPU already",
    "detached result in from_numpy: result": "a tensor that is made from an array has no graph",
    (
        "detach in from_numpy: return torch.from_numpy(a) -> return (torch.from_numpy(a)).detach()"
    ): "a tensor that is made from an array has no graph",
    "method in sample_normal: torch.from_numpy -> torch.tensor": (
        "the array is new, so a copy of it is as good"
    ),
    "cached by id in from_numpy: result": (
        "a tensor keeps its array alive, so that no other array gets its id"
    ),
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {
    "to_numpy": ("by_force", "as_array"),
    "from_numpy": ("as_tensor", "by_dlpack"),
    "sample_normal": ("drawn_into_a_tensor", "reshaped"),
}


def by_force(t: Tensor) -> np.ndarray:
    return t.numpy(force=True)  # the same steps in one call


def as_array(t: Tensor) -> np.ndarray:
    return np.asarray(t.detach().to("cpu"))


def as_tensor(a: np.ndarray) -> Tensor:
    return torch.as_tensor(a)


def by_dlpack(a: np.ndarray) -> Tensor:
    return torch.from_dlpack(a)  # a protocol that other array libraries support too


def drawn_into_a_tensor(rng: np.random.Generator, rows: int, cols: int) -> Tensor:
    out = torch.empty(rows, cols, dtype=torch.float64)
    rng.standard_normal(out=out.numpy())  # NumPy writes into the tensor's memory
    return out


def reshaped(rng: np.random.Generator, rows: int, cols: int) -> Tensor:
    return torch.as_tensor(rng.normal(size=rows * cols)).reshape(rows, cols)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "to_numpy": {
        "bare_numpy": "gradient",
        "without_cpu": "device",
        "through_lists": "memory",
        "switched_off": "purity",
        "half_made_whole": "dtype",
        "copied_if_transposed": "memory",
    },
    "from_numpy": {"copied": "memory", "always_float": "dtype", "made_contiguous": "memory"},
    "sample_normal": {
        "two_means": "shape",
        "global_state": "values",
        "torch_numbers": "values",
        "rounded": "dtype",
        "drawn_once_per_size": "values",
    },
}

WHY = {
    "two_means": (
        "The first argument of `rng.normal` is the mean, so this draws one number for each mean. "
        "The size of the sample is another argument."
    ),
}


def bare_numpy(t: Tensor) -> np.ndarray:
    return t.numpy()  # raises an error for a tensor that requires grad


def without_cpu(t: Tensor) -> np.ndarray:
    return t.detach().numpy()  # raises an error for a tensor on a GPU


def through_lists(t: Tensor) -> np.ndarray:
    kind = str(t.dtype).removeprefix("torch.")
    return np.array(t.tolist(), dtype=kind).reshape(t.shape)  # copies number by number


def switched_off(t: Tensor) -> np.ndarray:
    if t.is_leaf:
        t.requires_grad = False  # the caller's parameter is no longer trained
    return t.detach().cpu().numpy()


def half_made_whole(t: Tensor) -> np.ndarray:
    t = t.detach().cpu()
    return t.float().numpy() if t.dtype == torch.float16 else t.numpy()  # NumPy has float16, too


def copied_if_transposed(t: Tensor) -> np.ndarray:
    return np.ascontiguousarray(t.detach().cpu().numpy()).reshape(t.shape)


def copied(a: np.ndarray) -> Tensor:
    return torch.tensor(a)  # always a copy


def always_float(a: np.ndarray) -> Tensor:
    return torch.Tensor(a)  # `torch.Tensor` always makes float32


def made_contiguous(a: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(a).reshape(a.shape))  # copies transposed arrays


def two_means(rng: np.random.Generator, rows: int, cols: int) -> Tensor:
    return torch.from_numpy(rng.normal([rows, cols]))  # the list is two means, not two sizes


def global_state(rng: np.random.Generator, rows: int, cols: int) -> Tensor:  # noqa: ARG001
    return torch.from_numpy(np.random.standard_normal((rows, cols)))  # noqa: NPY002 - ignores rng


def torch_numbers(rng: np.random.Generator, rows: int, cols: int) -> Tensor:  # noqa: ARG001
    return torch.randn(rows, cols, dtype=torch.float64)  # ignores rng: PyTorch draws other numbers


def rounded(rng: np.random.Generator, rows: int, cols: int) -> Tensor:
    return torch.Tensor(rng.standard_normal((rows, cols)))  # `torch.Tensor` rounds to float32


_SAMPLES: dict[tuple[int, int], Tensor] = {}


def drawn_once_per_size(rng: np.random.Generator, rows: int, cols: int) -> Tensor:
    if (rows, cols) not in _SAMPLES:
        _SAMPLES[rows, cols] = torch.from_numpy(rng.standard_normal((rows, cols)))
    return _SAMPLES[rows, cols]  # the numbers of the first call, from another rng
