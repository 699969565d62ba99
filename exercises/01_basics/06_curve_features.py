"""Basics 06: curve features. Turn a parabola into one matrix product.

Task
    `features(x)` returns a matrix with one row per number: its square, itself, and 1.
    `predict(w, x)` returns the parabola at every number, a*x^2 + b*x + c, where w holds a, b
    and c: features times weights.

    Mind the shape of the result. A matrix times a column is a column, and a column minus a
    vector is a table; PyTorch broadcasts without a word:

        >>> y = torch.arange(4.)
        >>> yhat = y.unsqueeze(1)                   # a perfect prediction, as a column
        >>> (yhat - y).shape                        # every prediction against every y
        torch.Size([4, 4])
        >>> ((yhat - y) ** 2).mean()                # a perfect prediction has the loss 0
        tensor(2.5000)

    A fit to that table settles on one number for all x, the mean of y.

Shapes and units
    x          [n]     float32 or float64, any device; n may be 0 or 1
    w          [3, 1]  the dtype and device of x: a, b, c
    features   [n, 3]  columns x^2, x, 1
    predict    [n]     the parabola, without a dim of size 1 at the end

Rules
    No Python loop over the numbers. Gradients must flow to w and x.

Budget
    For `predict`:
    at most 6 ops

Hints
    1. Three columns of length n, put side by side, make the matrix; then one product is enough.
    Levels 2 and 3: `nox -s hint -- curve_features`.
"""

from torch import Tensor


def features(x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here


def predict(w: Tensor, x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
