"""Reference: both branches for every entry, and `torch.where` to choose.

Fast: four ops whatever the data are; compiled, they become one pass over x. Nothing is read back,
so a GPU's queue never runs dry. Computing the answer that is thrown away costs less than asking.
Right at infinity: `where` takes one of two values, it does not add them up.
"""

import torch
from torch import Tensor

HINTS = (
    "Compute both answers for every entry; then choose between them, entry by entry.",
    "An operation takes a mask and two tensors, and picks from the first where the mask is true.",
    "`torch.where(x > threshold, x * x, 0.1 * x)`",
)

TRAPS = {
    "activate": {
        "asks_once": "ops",
        "masked_assignment": "ops",
        "by_positions": "ops",
        "by_cond": "ops",
        "already_compiled": "contract",
        "mask_arithmetic": "stability",
        "entry_loop": "ops",
        "squares_the_lower_ones": "values",
        "without_gradient": "gradient",
        "in_place": "purity",
    },
}

ALTERNATIVES = {"activate": ("by_factor", "by_masked_fill", "by_method")}


def activate(x: Tensor, threshold: float) -> Tensor:
    return torch.where(x > threshold, x * x, 0.1 * x)


def by_factor(x: Tensor, threshold: float) -> Tensor:
    return x * torch.where(x > threshold, x, 0.1)  # choose the factor instead of the product


def by_masked_fill(x: Tensor, threshold: float) -> Tensor:
    return x * x.masked_fill(~(x > threshold), 0.1)


def by_method(x: Tensor, threshold: float) -> Tensor:
    return x.square().where(x.gt(threshold), x.mul(0.1))


def asks_once(x: Tensor, threshold: float) -> Tensor:
    if bool((x > threshold).any()):  # whatever `if` asks of a tensor is read back
        return torch.where(x > threshold, x * x, 0.1 * x)
    return 0.1 * x


def masked_assignment(x: Tensor, threshold: float) -> Tensor:
    above = x > threshold
    out = 0.1 * x
    out[above] = x[above] ** 2  # how long is x[above]? Only the data know
    return out


def by_positions(x: Tensor, threshold: float) -> Tensor:
    flat = x.flatten()
    above = torch.nonzero(flat > threshold).squeeze(1)
    return (0.1 * flat).index_copy(0, above, flat[above] ** 2).reshape(x.shape)


def by_cond(x: Tensor, threshold: float) -> Tensor:
    def mixed(x: Tensor) -> Tensor:
        return torch.where(x > threshold, x * x, 0.1 * x)

    def all_below(x: Tensor) -> Tensor:
        return 0.1 * x

    # One graph, but the choice of the branch still needs a number from the device.
    return torch.cond((x > threshold).any(), mixed, all_below, (x,))


def already_compiled(x: Tensor, threshold: float) -> Tensor:
    return torch.compile(activate_plain, backend="eager")(x, threshold)


def activate_plain(x: Tensor, threshold: float) -> Tensor:
    return torch.where(x > threshold, x * x, 0.1 * x)


def mask_arithmetic(x: Tensor, threshold: float) -> Tensor:
    above = (x > threshold).to(x.dtype)
    return above * (x * x) + (1 - above) * (0.1 * x)  # 0 * inf is nan


def entry_loop(x: Tensor, threshold: float) -> Tensor:
    entries = [torch.where(e > threshold, e * e, 0.1 * e) for e in x.flatten().unbind()]
    return torch.stack(entries).reshape(x.shape) if entries else x.clone()


def squares_the_lower_ones(x: Tensor, threshold: float) -> Tensor:
    return torch.where(x > threshold, 0.1 * x, x * x)


def without_gradient(x: Tensor, threshold: float) -> Tensor:
    x = x.detach()
    return torch.where(x > threshold, x * x, 0.1 * x)


def in_place(x: Tensor, threshold: float) -> Tensor:
    return x.mul_(torch.where(x > threshold, x, 0.1))
