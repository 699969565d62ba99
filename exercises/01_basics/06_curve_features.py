"""Basics 06: curve features. Evaluate a parabola with one matrix product.

Task
    A model that is linear in its weights can be written as features times weights. `features(x)`
    returns a matrix with one row per number in x: its square, the number itself, and 1.
    `predict(w, x)` returns a*x^2 + b*x + c for every number in x, where w holds a, b and c.

    Mind the shape of the result. A matrix times a column is a column, and a column minus a vector
    is a matrix, because PyTorch broadcasts silently:

        >>> y = torch.arange(4.)
        >>> yhat = y.unsqueeze(1)                        # a perfect prediction, as a column
        >>> (yhat - y).shape, ((yhat - y) ** 2).mean()   # the loss should be 0
        (torch.Size([4, 4]), tensor(2.5000))

    Training with this loss makes the model predict the mean of y for every x.

Shapes and units
    x          [n]     float32 or float64, any device; n may be 0 or 1
    w          [3, 1]  a, b, c; dtype and device of x
    features   [n, 3]  columns x^2, x, 1
    predict    [n]     one dimension, not [n, 1]

Rules
    No Python loop over the numbers. Gradients flow to w and x.

Budget
    An op is one call that reaches PyTorch's dispatcher. For `predict`:
    at most 6 ops, not counting views

Hints
    1. Put three columns of length n side by side to get the matrix; then one product is enough.
    Levels 2 and 3: `nox -s hint -- curve_features`.
"""

import torch
from torch import Tensor


def features(x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here


def predict(w: Tensor, x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
