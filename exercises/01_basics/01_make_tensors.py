"""Basics 01: make tensors. Create four small tensors with the right values and dtypes.

Task
    Every training script creates tensors: labels, masks, initial weights. Write four functions that
    each return one tensor: `scalar()` the number 3, `vector()` the numbers 1 and 2, `matrix()` two
    rows and two columns of zeros, `cube()` 2 x 2 x 2 random numbers, uniform in [0, 1).

    Two names look alike, but only one of them takes values:

        torch.tensor(3)    a tensor that holds the number 3
        torch.Tensor(3)    three uninitialized floats, because 3 is a size here

Shapes and units
    scalar()     []         int64
    vector()     [2]        int64
    matrix()     [2, 2]     float32
    cube()       [2, 2, 2]  float32
    generator    the torch.Generator to draw from, or None for PyTorch's global generator

Rules
    Every call returns a new tensor: changing one must not change the next. No tensor requires
    grad. With the same seed, `cube` returns the same numbers as `torch.rand`.

Budget
    No budget.

Hints
    1. `torch.tensor` (lowercase) takes values; zeros and random numbers have their own functions.
    Levels 2 and 3: `nox -s hint -- make_tensors`.
"""

import torch
from torch import Tensor


def scalar() -> Tensor:
    raise NotImplementedError  # TODO: your code here


def vector() -> Tensor:
    raise NotImplementedError  # TODO: your code here


def matrix() -> Tensor:
    raise NotImplementedError  # TODO: your code here


def cube(generator: torch.Generator | None = None) -> Tensor:
    raise NotImplementedError  # TODO: your code here
