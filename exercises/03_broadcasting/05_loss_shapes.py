"""Broadcasting 05: loss shapes. A loss that compares each number with its own target only.

Task
    `mse` is the mean of the squared differences. Predictions often come as [n, 1], straight from a
    Linear(d, 1), and targets as [n]. Their difference is then a table [n, n] of every prediction
    against every target. Its mean is a number like any other, and training on it runs well until
    all predictions are the same:

        yhat = [[1.], [2.], [3.]]     y = [1., 2., 3.]     perfect, so the loss is 0
        ((yhat - y) ** 2).mean()      1.3333

    Mend it: each prediction meets its own target, whichever of the two forms either of them has.

Shapes and units
    yhat      [n] or [n, 1]  floating, any device; n is at least 1
    y         [n] or [n, 1]  the dtype and device of yhat
    return    []             a 0-d tensor of that dtype

Rules
    Raise ValueError if the two have a different number of elements, with both shapes in its text,
    such as (3, 1) or [3, 1]: also where one of them has a single element, which would broadcast
    well. Do not modify the inputs. Gradients must flow to both.

Budget
    No budget.

Hints
    1. Before you subtract, make sure that both have one and the same shape.
    Levels 2 and 3: `nox -s hint -- loss_shapes`.
"""

from torch import Tensor


def mse(yhat: Tensor, y: Tensor) -> Tensor:
    return ((yhat - y) ** 2).mean()  # TODO: a perfect prediction of shape [n, 1] gets a bad loss
