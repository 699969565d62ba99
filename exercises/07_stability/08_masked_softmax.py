"""Stability 08: masked softmax. Leave entries out of a softmax, whatever stands in them.

Task
    Return the softmax of `scores` along `dim` over those entries only whose `mask` is True. The
    others get 0, as if they were not there. Attention needs this for padding, and three things go
    wrong there. What is masked out may be nan or inf (padding that nobody filled), and 0 * nan is
    nan. A row may be masked out entirely, and then the sum to divide by is 0. And both may come
    back in the gradient, although the result looks right.

        >>> scores = torch.tensor([[1.0, 1.0, torch.nan], [torch.inf, 3.0, 5.0]])
        >>> mask = torch.tensor([[True, True, False], [False, False, False]])
        >>> masked_softmax(scores, mask)
        tensor([[0.5000, 0.5000, 0.0000],
                [0.0000, 0.0000, 0.0000]])

Shapes and units
    scores    any shape of at least one dim, floating, any device; entries that take part are at
              most 1000 in size, the others are anything, nan and inf included
    mask      bool, on the device of scores; True takes part. Any shape that broadcasts to that of
              scores: [d] or [n, 1] for scores [n, d], for example
    dim       int, may be negative; a dim of scores, of size 1 or more
    return    the shape and dtype of scores

Rules
    A row along `dim` sums to 1, or is all zeros if it is masked out entirely; its gradients are
    zeros then. Gradients to masked-out entries are 0, never nan. A large score that is masked out
    does not blur the small ones beside it. The library's softmax may be used.

Budget
    No budget; about eight operations do it.

Hints
    1. Replace what is masked out before anything is computed with it, not afterwards.
    Levels 2 and 3: `nox -s hint -- masked_softmax`.
"""

from torch import Tensor


def masked_softmax(scores: Tensor, mask: Tensor, dim: int = -1) -> Tensor:
    raise NotImplementedError  # TODO: your code here
