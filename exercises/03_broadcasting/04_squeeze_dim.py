"""Broadcasting 04: squeeze dim. Remove the channel dimension of grayscale images, and no other.

Task
    Grayscale images have the shape [n, 1, h, w]: n images with one channel each. `drop_channel`
    removes the channel dimension. The code below works in every quick test, but fails in training
    when the last batch of an epoch has one image:

        torch.zeros(8, 1, 28, 28).squeeze().shape      [8, 28, 28]
        torch.zeros(1, 1, 28, 28).squeeze().shape         [28, 28]

    Fix it so that the result always has three dimensions.

Shapes and units
    images    [n, 1, h, w]  any dtype, any device; n, h and w may be 1, n may be 0
    return    [n, h, w]     same dtype, a view of the same memory

Rules
    Raise ValueError if dim 1 does not have size 1, also for n = 0. Do not copy: writing to the
    result must change `images`. Gradients flow to images. All inputs have four dimensions.

Budget
    No budget.

Hints
    1. Which dimensions does `squeeze()` remove if you do not name one?
    Levels 2 and 3: `nox -s hint -- squeeze_dim`.
"""

import torch
from torch import Tensor


def drop_channel(images: Tensor) -> Tensor:
    return images.squeeze()  # TODO: a batch of one image comes out with two dimensions, not three
