"""Broadcasting 05: loss shapes. Fix a loss that compares every prediction with every target.

Task
    Predictions often have the shape [n, 1], straight from a Linear(d, 1), and targets the shape
    [n]. Their difference is then an [n, n] table of every prediction minus every target. Its mean
    looks like any other loss, but minimizing it makes all predictions equal:

        yhat = [[1.], [2.], [3.]]     y = [1., 2., 3.]     perfect, so the loss should be 0
        ((yhat - y) ** 2).mean()      1.3333

    Fix the mean squared error `mse`: compare each prediction with its own target, whichever of the
    two shapes each tensor has.

Shapes and units
    yhat      [n] or [n, 1]  float32 or float64, any device; n is at least 1
    y         [n] or [n, 1]  the dtype and device of yhat
    return    []             a 0-d tensor of that dtype

Rules
    Raise ValueError if the numbers of elements differ, even if one tensor has a single element,
    which would broadcast. The message contains both shapes, written like (3, 1) or [3, 1]. No
    Python loop. Do not modify the inputs. Gradients flow to both.

Budget
    at most 1.5 * input bytes of extra memory at n=1000
    (input is the size of both tensors; an [n, n] table takes 500 * input)

Hints
    1. Before you subtract, make sure that both tensors have the same shape.
    Levels 2 and 3: `nox -s hint -- loss_shapes`.
"""

import torch
from torch import Tensor


def mse(yhat: Tensor, y: Tensor) -> Tensor:
    return ((yhat - y) ** 2).mean()  # TODO: perfect predictions of shape [n, 1] have a loss above 0
