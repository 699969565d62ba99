"""Basics 03: numpy bridge. Take tensors to NumPy and back without a copy.

Task
    The three functions below run, but each does its work for some arguments only. Mend them.
    `to_numpy(t)` gives the numbers of a tensor as an array, whether or not the tensor requires
    grad, and on whatever device it lies. `from_numpy(a)` gives a tensor of the same dtype that
    shares the array's memory. `sample_normal(rng, rows, cols)` draws a rows x cols tensor of
    normal numbers from a NumPy generator: the numbers of rng.standard_normal((rows, cols)).

    A list of sizes is not always taken as sizes. The article fills a tensor with
    `np.random.normal([3, 5])`; the first argument of that call is the mean, so what comes is not a
    3 x 5 sample but two numbers, one near 3 and one near 5:

        >>> np.random.normal([3, 5])
        array([3.4193, 4.2157])

Shapes and units
    t       any shape, any device; floats may require grad
    a       any shape and strides, of a dtype that torch knows; writable, of native byte order and
            without negative strides
    rng     a numpy.random.Generator
    rows    int, may be 0
    cols    int, may be 0
    to_numpy         returns a numpy.ndarray of the shape and dtype of t
    from_numpy       returns a CPU tensor of the shape and dtype of a
    sample_normal    returns [rows, cols], float64, on the CPU

Rules
    `to_numpy` of a CPU tensor and `from_numpy` share memory: a change on one side shows on the
    other. `t` stays as it is, with its graph and its requires_grad.

Budget
    Shared memory is the budget: no copy, where none is needed.

Hints
    1. Two things may stand between a tensor and NumPy: a gradient graph, and another device.
    Levels 2 and 3: `nox -s hint -- numpy_bridge`.
"""

import numpy as np
import torch
from torch import Tensor


def to_numpy(t: Tensor) -> np.ndarray:
    return t.numpy()  # TODO: what of a parameter, or of a tensor on a GPU?


def from_numpy(a: np.ndarray) -> Tensor:
    return torch.tensor(a)  # TODO: does a change in `a` show here?


def sample_normal(rng: np.random.Generator, rows: int, cols: int) -> Tensor:
    return torch.tensor(rng.normal([rows, cols]))  # TODO: how many numbers does this draw?
