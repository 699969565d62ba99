"""Reference: compute both branches for every entry, and choose with `torch.where`.

Fast: four ops, whatever the data; compiled, they become one pass over x. Nothing is read back, so
the GPU's queue never runs empty. Computing a result that is not used costs less than waiting for
the condition. Stable: `where` selects one of two values instead of adding them, so there is no
0 * inf.
"""

import torch
from torch import Tensor


def activate(x: Tensor, threshold: float) -> Tensor:
    return torch.where(x > threshold, x * x, 0.1 * x)


HINTS = (
    "Compute both answers for every entry; then choose between them, entry by entry.",
    "One operation takes a mask and two tensors, and picks from the first where the mask is true.",
    "`torch.where(x > threshold, x * x, 0.1 * x)`",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"activate": ("by_factor", "by_masked_fill", "by_method")}


def by_factor(x: Tensor, threshold: float) -> Tensor:
    return x * torch.where(x > threshold, x, 0.1)  # chooses the factor, not the product


def by_masked_fill(x: Tensor, threshold: float) -> Tensor:
    return x * x.masked_fill(~(x > threshold), 0.1)


def by_method(x: Tensor, threshold: float) -> Tensor:
    return x.square().where(x.gt(threshold), x.mul(0.1))


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "activate": {
        "asks_once": "ops",
        "masked_assignment": "ops",
        "by_positions": "ops",
        "by_cond": "ops",
        "already_compiled": "contract",
        "already_scripted": "contract",
        "mask_arithmetic": "stability",
        "entry_loop": "ops",
        "swapped_branches": "values",
        "without_gradient": "gradient",
        "in_place": "purity",
        "without_equality": "values",
        "zero_for_nan": "values",
        "transposed_if_square": "values",
        "kept_buffer": "purity",
        "cached_by_pointer": "values",
    },
}
WHY = {
    "mask_arithmetic": (
        "A product with the mask does not remove what is masked: 0 * inf is nan. `torch.where` "
        "selects without computing."
    ),
    "swapped_branches": (
        (
            "The two branches of `torch.where` are swapped: the first one is used where the "
            "condition is True."
        ),
        "where",
    ),
}


def asks_once(x: Tensor, threshold: float) -> Tensor:
    if bool((x > threshold).any()):  # the CPU reads the answer back
        return torch.where(x > threshold, x * x, 0.1 * x)
    return 0.1 * x


def masked_assignment(x: Tensor, threshold: float) -> Tensor:
    above = x > threshold
    out = 0.1 * x
    out[above] = x[above] ** 2  # the length of x[above] depends on the data
    return out


def by_positions(x: Tensor, threshold: float) -> Tensor:
    flat = x.flatten()
    above = torch.nonzero(flat > threshold).squeeze(1)  # its length is read back, too
    return (0.1 * flat).index_copy(0, above, flat[above] ** 2).reshape(x.shape)


def by_cond(x: Tensor, threshold: float) -> Tensor:
    def mixed(x: Tensor) -> Tensor:
        return torch.where(x > threshold, x * x, 0.1 * x)

    def all_below(x: Tensor) -> Tensor:
        return 0.1 * x

    # One graph, but the CPU still has to read which branch to take.
    return torch.cond((x > threshold).any(), mixed, all_below, (x,))


def activate_plain(x: Tensor, threshold: float) -> Tensor:
    return torch.where(x > threshold, x * x, 0.1 * x)


def already_compiled(x: Tensor, threshold: float) -> Tensor:
    # Callers compile it themselves, together with the code around it.
    return torch.compile(activate_plain, backend="eager")(x, threshold)


already_scripted = torch.jit.script(activate_plain)


def mask_arithmetic(x: Tensor, threshold: float) -> Tensor:
    above = (x > threshold).to(x.dtype)
    return above * (x * x) + (1 - above) * (0.1 * x)  # 0 * inf is nan


def entry_loop(x: Tensor, threshold: float) -> Tensor:
    # No graph break, but several ops for every entry.
    entries = [torch.where(e > threshold, e * e, 0.1 * e) for e in x.flatten().unbind()]
    return torch.stack(entries).reshape(x.shape) if entries else x.clone()


def swapped_branches(x: Tensor, threshold: float) -> Tensor:
    return torch.where(x > threshold, 0.1 * x, x * x)  # the branches are swapped


def without_gradient(x: Tensor, threshold: float) -> Tensor:
    x = x.detach()  # cuts the gradient to x
    return torch.where(x > threshold, x * x, 0.1 * x)


def in_place(x: Tensor, threshold: float) -> Tensor:
    return x.mul_(torch.where(x > threshold, x, 0.1))  # overwrites the caller's x


def without_equality(x: Tensor, threshold: float) -> Tensor:
    return torch.where(x < threshold, 0.1 * x, x * x)  # an entry at the threshold is not above it


def zero_for_nan(x: Tensor, threshold: float) -> Tensor:
    low = torch.where(x <= threshold, 0.1 * x, 0.0)
    return torch.where(x > threshold, x * x, low)  # nan is neither, and becomes 0


def transposed_if_square(x: Tensor, threshold: float) -> Tensor:
    square = x.dim() == 2 and x.shape[0] == x.shape[1]
    return activate_plain(x.T if square else x, threshold)


known: dict[object, Tensor] = {}


def kept_buffer(x: Tensor, threshold: float) -> Tensor:
    out = activate_plain(x, threshold)
    if torch.is_grad_enabled():
        return out
    # In evaluation, each call overwrites the result of the call before it.
    return known.setdefault((out.shape, out.dtype, out.device), torch.empty_like(out)).copy_(out)


def cached_by_pointer(x: Tensor, threshold: float) -> Tensor:
    key = x.data_ptr(), x.shape, x.dtype, threshold, x.requires_grad
    if key not in known:
        known[key] = activate_plain(x, threshold)
    return known[key]  # outdated as soon as x is overwritten
