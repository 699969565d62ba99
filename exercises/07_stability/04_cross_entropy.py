"""Stability 04: cross entropy. Take the logarithm of a probability that has sunk to 0.

Task
    Return the cross entropy between soft labels and the softmax of logits:

        -sum(labels * log(softmax(logits)))    over `dim`

    The code below computes just that, with a softmax that is stable. It is not enough: softmax
    rounds a probability of exp(-1000) to 0, and the logarithm of 0 is -inf.

        >>> labels, logits = torch.tensor([0.5, 0.5]), torch.tensor([1000.0, 0.0])
        >>> logits.softmax(-1), soft_cross_entropy(labels, logits)
        (tensor([1., 0.]), tensor(inf))

    The answer is 500, and its gradient with respect to logits is [0.5, -0.5]. Mend the code.

Shapes and units
    labels    any shape of at least one dim, floating, none negative; some are 0, and they need
              not sum to 1
    logits    the shape, dtype and device of labels; entries up to +-1000, and -inf for what
              cannot happen, though never all along `dim`
    dim       int, may be negative; size 1 or more
    return    the shape of labels without dim

Rules
    A label of 0 against a logit of -inf adds 0 to the sum, and its logit gets the gradient 0,
    where 0 * inf alone would give nan. A label above 0 there makes the result inf. Gradients
    reach logits, and labels too (where the logits are finite), also labels that are 0.

Budget
    No budget; five or six operations do it.

Hints
    1. The logarithm of a softmax is simple; it is only the way there that loses the number.
    Levels 2 and 3: `nox -s hint -- cross_entropy`.
"""

from torch import Tensor


def soft_cross_entropy(labels: Tensor, logits: Tensor, dim: int = -1) -> Tensor:
    probabilities = logits.softmax(dim)  # TODO: how small can these become, and what then?
    return -(labels * probabilities.log()).sum(dim)
