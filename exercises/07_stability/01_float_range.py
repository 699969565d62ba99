"""Stability 01: float range. Find the two ends of what a floating dtype can hold.

Task
    A float has a fixed number of bits, so there is a number next to zero, and a largest one.
    Return both for `dtype`: the smallest positive number that it holds, and the largest that is
    not infinite. Whatever is computed beyond these ends becomes 0 or inf, and stays so:

        >>> torch.tensor(1e-50), torch.tensor(1e39)
        (tensor(0.), tensor(inf))

    Mind two things about the small end. Below `torch.finfo(dtype).tiny`, the smallest *normal*
    number, come the *subnormal* ones, which have fewer and fewer digits left; the smallest of them
    is asked for. And what is printed is rounded: float32 goes from 1.4013e-45 to 3.40282e+38, but
    these short decimals are not the numbers themselves.

Shapes and units
    dtype     torch.float16, torch.bfloat16, torch.float32 or torch.float64
    return    (smallest, largest), a tuple of two Python floats

Rules
    Both numbers are exact: `torch.tensor(smallest, dtype=dtype)` is positive and half of it is 0
    in that dtype; `largest` is finite and the next number above it would be inf. (A Python float
    has 64 bits, so it holds the numbers of all four dtypes exactly.)

Budget
    No budget; two numbers are all it takes.

Hints
    1. PyTorch keeps a table of facts about each floating dtype.
    Levels 2 and 3: `nox -s hint -- float_range`.
"""

import torch


def float_range(dtype: torch.dtype) -> tuple[float, float]:
    raise NotImplementedError  # TODO: your code here
