"""Stability 03: softmax. Turn any logits into probabilities, large ones too.

Task
    softmax(x)[i] is exp(x[i]) / (exp(x[0]) + exp(x[1]) + ...) along one dimension. Written like
    this it breaks early: exp overflows float32 above 88.7, and far below zero it is 0, so that
    what remains is inf / inf or 0 / 0:

        >>> x = torch.tensor([1000.0, 999.0])
        >>> x.exp() / x.exp().sum(), (-x).exp() / (-x).exp().sum()
        (tensor([nan, nan]), tensor([nan, nan]))

    The right answers are [0.7311, 0.2689] and [0.2689, 0.7311]. Mend the code.

Shapes and units
    logits    any shape of at least one dim, floating, any device; entries up to +-1000, and -inf
              for what cannot happen, though never all along `dim`
    dim       int, may be negative; logits have size 1 or more there
    return    the shape and dtype of logits; sums to 1 along dim

Rules
    An entry of -inf has the probability 0 and the gradient 0. Each row along `dim` stands for
    itself: a large logit in one row must not blur another. Write it with basic operations: no
    softmax, log_softmax or softmin of the library.

Budget
    at most 6 ops, views not counted (`detach` is a view)

Hints
    1. Adding one number to all logits of a row leaves its softmax as it is.
    Levels 2 and 3: `nox -s hint -- softmax`.
"""

import torch
from torch import Tensor


def softmax(logits: Tensor, dim: int = -1) -> Tensor:
    exp = torch.exp(logits)  # TODO: how large may a logit be here? And how small a whole row?
    return exp / exp.sum(dim, keepdim=True)
