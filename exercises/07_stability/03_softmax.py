"""Stability 03: softmax. Compute probabilities from logits of any size.

Task
    Classifiers and attention layers turn logits into probabilities: softmax(x)[i] is
    exp(x[i]) / (exp(x[0]) + exp(x[1]) + ...) along one dimension. Computed like this, it fails for
    large logits. In float32, exp overflows above 88.7 and underflows to 0 far below zero, so the
    result is inf / inf or 0 / 0:

        >>> x = torch.tensor([1000.0, 999.0])
        >>> x.exp() / x.exp().sum(), (-x).exp() / (-x).exp().sum()
        (tensor([nan, nan]), tensor([nan, nan]))

    The correct results are [0.7311, 0.2689] and [0.2689, 0.7311]. Fix the code.

Shapes and units
    logits    any shape with at least one dimension, any floating dtype (float16 and bfloat16 too),
              any device; entries from about -1000 to 1000, or -inf for impossible classes; each row
              along `dim` has a finite entry; other dimensions may have size 0
    dim       int, may be negative; this dimension has size 1 or more
    return    same shape and dtype as logits; sums to 1 along `dim`

Rules
    Gradients flow to logits. An entry of -inf has probability 0 and gradient 0. Rows along `dim`
    are independent: a large logit in one row must not reduce the accuracy of another. A row that
    contains nan becomes nan. Use basic operations, not the library's softmax, log_softmax or
    softmin.

Budget
    An op is one call that reaches PyTorch's dispatcher.
    at most 6 ops, not counting views
    `detach` counts as a view.

Hints
    1. Adding the same number to all logits of a row does not change its softmax.
    Levels 2 and 3: `nox -s hint -- softmax`.
"""

import torch
from torch import Tensor


def softmax(logits: Tensor, dim: int = -1) -> Tensor:
    exp = torch.exp(logits)  # TODO: what if a logit is very large, or a whole row very negative?
    return exp / exp.sum(dim, keepdim=True)
