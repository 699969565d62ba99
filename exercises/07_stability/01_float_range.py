"""Stability 01: float range. Find the smallest positive and the largest finite number of a dtype.

Task
    Many training runs end in nan because a number left the range of its dtype. Every floating
    dtype has a smallest positive number and a largest finite number. Results beyond these two
    become 0 or inf:

        >>> torch.tensor(1e-50), torch.tensor(1e39)
        (tensor(0.), tensor(inf))

    Return both numbers for `dtype`. The smallest one is not `torch.finfo(dtype).tiny`, which is the
    smallest *normal* number: below it, there are *subnormal* numbers with fewer and fewer digits.

Shapes and units
    dtype     torch.float16, torch.bfloat16, torch.float32 or torch.float64
    return    (smallest, largest), a tuple of two Python floats

Rules
    Both numbers are exact. `torch.tensor(smallest, dtype=dtype)` is positive, and half of it is 0
    in that dtype. `largest` is finite, and no finite number of that dtype is larger. The limits of
    float32 print as 1.4013e-45 and 3.40282e+38, but these decimals are rounded. (A Python float
    has 64 bits, so it represents all numbers of the four dtypes exactly.)

Budget
    No budget.

Hints
    1. PyTorch can report the numerical limits of every floating dtype.
    Levels 2 and 3: `nox -s hint -- float_range`.
"""

import torch


def float_range(dtype: torch.dtype) -> tuple[float, float]:
    raise NotImplementedError  # TODO: your code here
