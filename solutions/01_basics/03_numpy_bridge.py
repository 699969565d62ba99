"""Reference: leave the graph, leave the device, and share the memory.

Fast: `detach()` makes a view, and `cpu()` returns the very same tensor if it is on the CPU
already, so a CPU tensor of any size costs nothing. `torch.from_numpy` wraps the array where it is;
what `standard_normal` has drawn needs no second copy either.
"""

import numpy as np
import torch
from torch import Tensor

HINTS = (
    "Two things may stand between a tensor and NumPy: a gradient graph, and another device.",
    (
        "`detach()` leaves the graph, `cpu()` the device; `torch.tensor` always copies. Is the "
        "first argument of `rng.normal` the size?"
    ),
    (
        "`t.detach().cpu().numpy()`, `torch.from_numpy(a)`, and for the sample "
        "`torch.from_numpy(rng.standard_normal((rows, cols)))`."
    ),
)

TRAPS = {
    "to_numpy": {
        "bare_numpy": "gradient",
        "without_cpu": "device",
        "through_lists": "memory",
        "switched_off": "purity",
    },
    "from_numpy": {"copied": "memory", "always_float": "dtype"},
    "sample_normal": {
        "two_means": "shape",
        "global_state": "values",
        "torch_numbers": "values",
        "rounded": "dtype",
    },
}

ALTERNATIVES = {
    "to_numpy": ("by_force", "as_array"),
    "from_numpy": ("as_tensor", "by_dlpack"),
    "sample_normal": ("drawn_into_a_tensor", "reshaped"),
}


def to_numpy(t: Tensor) -> np.ndarray:
    return t.detach().cpu().numpy()


def from_numpy(a: np.ndarray) -> Tensor:
    return torch.from_numpy(a)


def sample_normal(rng: np.random.Generator, rows: int, cols: int) -> Tensor:
    return torch.from_numpy(rng.standard_normal((rows, cols)))  # [rows, cols], float64


def by_force(t: Tensor) -> np.ndarray:
    return t.numpy(force=True)  # the same three steps in one call


def as_array(t: Tensor) -> np.ndarray:
    return np.asarray(t.detach().to("cpu"))


def as_tensor(a: np.ndarray) -> Tensor:
    return torch.as_tensor(a)


def by_dlpack(a: np.ndarray) -> Tensor:
    return torch.from_dlpack(a)  # a protocol that other array libraries speak too


def drawn_into_a_tensor(rng: np.random.Generator, rows: int, cols: int) -> Tensor:
    out = torch.empty(rows, cols, dtype=torch.float64)
    rng.standard_normal(out=out.numpy())  # NumPy writes into the tensor's memory
    return out


def reshaped(rng: np.random.Generator, rows: int, cols: int) -> Tensor:
    return torch.as_tensor(rng.normal(size=rows * cols)).reshape(rows, cols)


def bare_numpy(t: Tensor) -> np.ndarray:
    return t.numpy()  # refuses a tensor that requires grad


def without_cpu(t: Tensor) -> np.ndarray:
    return t.detach().numpy()  # refuses a tensor on a GPU


def through_lists(t: Tensor) -> np.ndarray:
    kind = str(t.dtype).removeprefix("torch.")
    return np.array(t.tolist(), dtype=kind).reshape(t.shape)  # one Python object per number


def switched_off(t: Tensor) -> np.ndarray:
    if t.is_leaf:
        t.requires_grad = False  # the caller's parameter will not be trained any more
    return t.detach().cpu().numpy()


def copied(a: np.ndarray) -> Tensor:
    return torch.tensor(a)  # always a copy


def always_float(a: np.ndarray) -> Tensor:
    return torch.Tensor(a)  # upper case: float32, whatever came


def two_means(rng: np.random.Generator, rows: int, cols: int) -> Tensor:
    return torch.from_numpy(rng.normal([rows, cols]))  # the list is taken as two means


def global_state(rng: np.random.Generator, rows: int, cols: int) -> Tensor:  # noqa: ARG001
    return torch.from_numpy(np.random.standard_normal((rows, cols)))  # noqa: NPY002 - ignores rng


def torch_numbers(rng: np.random.Generator, rows: int, cols: int) -> Tensor:  # noqa: ARG001
    return torch.randn(rows, cols, dtype=torch.float64)  # torch's own random numbers


def rounded(rng: np.random.Generator, rows: int, cols: int) -> Tensor:
    return torch.Tensor(rng.standard_normal((rows, cols)))  # float32
