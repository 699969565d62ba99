"""Broadcasting 04: squeeze dim. Drop the channel of grey images, and nothing else.

Task
    Grey images come as [n, 1, h, w]: n images with one channel each. `drop_channel` removes the
    channel's dim. The code below does so in every try at the desk; in use it fails, now and then,
    on the last batch of an epoch:

        torch.zeros(8, 1, 28, 28).squeeze().shape      [8, 28, 28]
        torch.zeros(1, 1, 28, 28).squeeze().shape         [28, 28]

    Mend it: the result always has three dims. And where there is more than one channel, or none,
    say so: a dim that cannot be dropped must not stay in silence.

Shapes and units
    images    [n, 1, h, w]  any dtype, any device; n, h and w may be 1, n may be 0
    return    [n, h, w]     the same dtype, the same memory

Rules
    Raise ValueError if dim 1 does not have size 1. Copy nothing: writing into the result changes
    `images`. Only tensors with four dims are passed.

Budget
    No budget.

Hints
    1. Which dims go when nobody says which?
    Levels 2 and 3: `nox -s hint -- squeeze_dim`.
"""

from torch import Tensor


def drop_channel(images: Tensor) -> Tensor:
    return images.squeeze()  # TODO: with a batch of one image this has two dims, not three
