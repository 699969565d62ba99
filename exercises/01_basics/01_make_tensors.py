"""Basics 01: make tensors. Four small tensors, each with the right numbers and the right dtype.

Task
    Write four functions that each make one tensor:
    `scalar()` the number 3; `vector()` the numbers 1 and 2; `matrix()` two rows and two columns of
    zeros; `cube()` 2 x 2 x 2 random numbers, uniform in [0, 1).

    There are two spellings that look alike, and only one of them takes numbers:

        >>> torch.tensor(3)          # a tensor that holds the number 3
        tensor(3)
        >>> torch.Tensor(3)          # three floats that nobody has filled in
        tensor([-1.2301e+23,  4.5556e-41, -1.2301e+23])

    The second one takes 3 as a size; what it shows is whatever the memory held before.

Shapes and units
    scalar()     []         int64
    vector()     [2]        int64
    matrix()     [2, 2]     float32
    cube()       [2, 2, 2]  float32
    generator    a torch.Generator to draw from, or None for PyTorch's global generator

Rules
    Every call returns a new tensor: whoever changes one must not change the next one.
    From the same seed, `cube` gives the same numbers as `torch.rand`.

Budget
    No budget; one call each is all it takes.

Hints
    1. Lower case `torch.tensor` takes numbers; zeros and random numbers have their own functions.
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
