"""Basics 03: numpy bridge. Convert between tensors and NumPy arrays without a copy.

Task
    Code that loads or plots data converts between PyTorch and NumPy all the time. The three
    functions below run, but each of them works for some arguments only. Fix them.
    `to_numpy(t)` returns the values of a tensor on any device as an array, whether or not t
    requires grad. `from_numpy(a)` returns a tensor that has the dtype of the array and shares its
    memory. `sample_normal(rng, rows, cols)` draws a rows x cols tensor from a NumPy generator: the
    same numbers as rng.standard_normal((rows, cols)).

    Effective PyTorch (https://github.com/vahidk/EffectivePyTorch) makes the third mistake, too: it
    calls `np.random.normal([3, 5])` to draw a 3 x 5 sample, but the first argument is the mean. The
    result is two numbers, one near 3 and one near 5.

Shapes and units
    t                any shape, any device, any dtype except bfloat16, which NumPy lacks; may be
                     non-contiguous; floats may require grad
    a                any shape, any dtype that PyTorch supports; may be non-contiguous, but is
                     writable, in native byte order and without negative strides
    rng              numpy.random.Generator
    rows, cols       int, may be 0
    to_numpy         returns a numpy.ndarray with the shape and dtype of t
    from_numpy       returns a CPU tensor with the shape and dtype of a
    sample_normal    returns [rows, cols], float64, on the CPU

Rules
    The result of `from_numpy` shares memory with a. If t is on the CPU, the result of `to_numpy`
    shares memory with t. `to_numpy` leaves the graph and the requires_grad of t as they are.

Budget
    No budget.

Hints
    1. Two things can make `t.numpy()` fail: an autograd graph, and a device other than the CPU.
    Levels 2 and 3: `nox -s hint -- numpy_bridge`.
"""

import numpy as np
import torch
from torch import Tensor


def to_numpy(t: Tensor) -> np.ndarray:
    return t.numpy()  # TODO: what about a parameter, or a tensor on a GPU?


def from_numpy(a: np.ndarray) -> Tensor:
    return torch.tensor(a)  # TODO: does a change in `a` show up here?


def sample_normal(rng: np.random.Generator, rows: int, cols: int) -> Tensor:
    return torch.tensor(rng.normal([rows, cols]))  # TODO: how many numbers does this draw?
