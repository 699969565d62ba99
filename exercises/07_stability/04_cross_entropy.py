"""Stability 04: cross entropy. Compute the right loss even if a probability underflows to 0.

Task
    Label smoothing and distillation train on soft labels. Return the cross entropy between soft
    labels and the softmax of logits:

        -sum(labels * log(softmax(logits)))    over `dim`

    The code below computes this formula with a stable softmax, but that is not enough: softmax
    rounds a probability of exp(-1000) to 0, and the logarithm of 0 is -inf.

        >>> labels, logits = torch.tensor([0.5, 0.5]), torch.tensor([1000.0, 0.0])
        >>> logits.softmax(-1), soft_cross_entropy(labels, logits)
        (tensor([1., 0.]), tensor(inf))

    The correct loss is 500, and its gradient with respect to logits is [0.5, -0.5]. Fix the code.

Shapes and units
    labels    any shape with at least one dimension, float32 or float64, any device; not negative
              and not infinite; some entries are 0, and labels need not sum to 1; dimensions other
              than `dim` may have size 0
    logits    same shape, dtype and device as labels; entries from -1000 to 1000, or -inf for
              impossible classes; each row along `dim` has a finite entry
    dim       int, may be negative; this dimension has size 1 or more
    return    the shape of labels without `dim`

Rules
    If a label is 0 and its logit is -inf, the pair adds 0 to the sum (not 0 * -inf, which is nan),
    and the gradient of the logit is 0. If a label is above 0 and its logit is -inf, the result is
    inf. If a row contains nan, its loss is nan. Gradients flow to logits and, if all logits are
    finite, to all labels, even those that are 0.

Budget
    No budget.

Hints
    1. The logarithm of a softmax has a simple formula that does not compute the softmax itself.
    Levels 2 and 3: `nox -s hint -- cross_entropy`.
"""

import torch
from torch import Tensor


def soft_cross_entropy(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    probabilities = logits.softmax(dim)  # TODO: what if one of them underflows to 0?
    return -(labels * probabilities.log()).sum(dim)
