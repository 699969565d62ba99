"""Stability 08: masked softmax. Exclude entries from a softmax, even if they are nan or inf.

Task
    Attention uses masks to ignore padding. Return the softmax of `scores` along `dim`, computed
    only over the entries whose `mask` is True. All other entries of the result are 0. Three things
    can go wrong. Masked-out scores can be nan or inf (uninitialized padding), and 0 * nan is nan.
    If a whole row is masked out, its sum is 0, and 0 / 0 is nan. For either reason, the gradient
    can be nan even if the result is correct.

        >>> scores = torch.tensor([[1.0, 1.0, torch.nan], [torch.inf, 3.0, 5.0]])
        >>> mask = torch.tensor([[True, True, False], [False, False, False]])
        >>> masked_softmax(scores, mask)
        tensor([[0.5000, 0.5000, 0.0000],
                [0.0000, 0.0000, 0.0000]])

Shapes and units
    scores    any shape with at least one dimension, any floating dtype (float16 and bfloat16 too),
              any device; entries that are not masked out are from about -1000 to 1000, the others
              are anything, even nan or inf; dimensions other than `dim` may have size 0
    mask      bool, on the device of scores; False masks an entry out. Any shape that broadcasts to
              the shape of scores: for scores [n, d], for example, [d] or [n, 1]
    dim       int, may be negative; a dimension of scores, with size 1 or more
    return    same shape and dtype as scores

Rules
    Gradients flow to scores. Each row along `dim` sums to 1, unless it is masked out entirely: then
    its results and its gradients are 0. Gradients of masked-out entries are 0, never nan. A large
    masked-out score must not reduce the accuracy of the other entries. You may use the library's
    softmax.

Budget
    No budget.

Hints
    1. Replace masked-out entries before you compute anything with them, not afterwards.
    Levels 2 and 3: `nox -s hint -- masked_softmax`.
"""

import torch
from torch import Tensor


def masked_softmax(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    raise NotImplementedError  # TODO: your code here
