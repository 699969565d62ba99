"""Reference: one advanced index that pairs item numbers with positions.

Fast: the loop over items runs inside one op. Lean: nothing is expanded to the size of the further
dimensions, because the op copies whole rows. General: indexing the first two dimensions keeps all
the others. Portable: the item numbers are created on the device of tensor. `.cuda()` fails on
machines without an NVIDIA GPU, and moves the data of everybody else to one particular card.
"""

import torch
from torch import Tensor


def batch_gather(tensor: Tensor, indices: Tensor) -> Tensor:
    rows = torch.arange(len(tensor), device=tensor.device)  # [b]
    if indices.dim() > 1:
        rows = rows.unsqueeze(1)  # [b, 1] broadcasts against [b, k]
    return tensor[rows, indices]


HINTS = (
    "Square brackets take tensors too: one tensor of positions for each of several dimensions.",
    "Index tensors broadcast: a column of item numbers [b, 1] pairs with positions [b, k].",
    "`tensor[rows, indices]`, with `rows` from `torch.arange`; unsqueeze it for indices [b, k].",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {
    "batch_gather": (
        "by_gather",
        "by_flat_rows",
        "by_take_along_dim",
        "mapped",
        "by_repeated_index",
    ),
}


def by_gather(tensor: Tensor, indices: Tensor) -> Tensor:
    positions = indices if indices.dim() > 1 else indices.unsqueeze(1)  # [b, k]
    rest = tensor.shape[2:]
    index = positions.reshape(*positions.shape, *(1 for _ in rest)).expand(*positions.shape, *rest)
    picked = tensor.gather(1, index)
    return picked if indices.dim() > 1 else picked.squeeze(1)


def by_flat_rows(tensor: Tensor, indices: Tensor) -> Tensor:
    n = tensor.shape[1]
    starts = torch.arange(len(tensor), device=tensor.device) * n  # of each item in the flat rows
    flat = (indices.mT + starts).mT if indices.dim() > 1 else indices + starts
    rows = tensor.flatten(0, 1).index_select(0, flat.flatten())
    return rows.reshape(*indices.shape, *tensor.shape[2:])


def by_repeated_index(tensor: Tensor, indices: Tensor) -> Tensor:
    flat = tensor.reshape(len(tensor), tensor.shape[1], -1)
    positions = indices.reshape(len(indices), -1, 1).repeat(1, 1, flat.shape[2])
    return flat.gather(1, positions).reshape(*indices.shape, *tensor.shape[2:])


def mapped(tensor: Tensor, indices: Tensor) -> Tensor:
    positions = indices if indices.dim() > 1 else indices.unsqueeze(1)
    picked = torch.func.vmap(lambda item, at: item[at])(tensor, positions)
    return picked if indices.dim() > 1 else picked.squeeze(1)


def by_take_along_dim(tensor: Tensor, indices: Tensor) -> Tensor:
    rest = [1] * (tensor.dim() - 2)
    if indices.dim() == 1:
        return torch.take_along_dim(tensor, indices.reshape(len(indices), 1, *rest), dim=1).squeeze(
            1
        )
    return torch.take_along_dim(tensor, indices.reshape(*indices.shape, *rest), dim=1)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "batch_gather": {
        "same_positions_for_all": "shape",
        "forgotten_offsets": "values",
        "device_by_name": "device",
        "device_by_default": "contract",
        "over_the_cpu": "contract",
        "item_loop": "ops",
        "loop_over_positions": "ops",
        "all_pairs": "memory",
        "through_numpy": "gradient",
        "through_float32": "values",
        "short_positions": "values",
        "transposed_if_square": "values",
        "cache_by_shape": "values",
        "kept_buffer": "purity",
    },
}
WHY = {
    "same_positions_for_all": (
        (
            "`tensor[:, indices]` looks up the positions of every item in every item. Item i needs "
            "its own positions: index dim 0, too, with `arange(b)[:, None]`."
        ),
        r"\[:, ",
    ),
    "forgotten_offsets": (
        "All positions are looked up in item 0. Item i of the flat tensor starts at i * n."
    ),
}


def same_positions_for_all(tensor: Tensor, indices: Tensor) -> Tensor:
    return tensor[:, indices]  # every item gets the positions of all: [b, b, k, ...]


def forgotten_offsets(tensor: Tensor, indices: Tensor) -> Tensor:
    return tensor.flatten(0, 1)[indices]  # right shape, but all entries come from item 0


def batch_gather_on(tensor: Tensor, indices: Tensor) -> Tensor:
    rows = torch.arange(len(tensor), device=tensor.device)
    return tensor[rows.unsqueeze(1) if indices.dim() > 1 else rows, indices]


def device_by_name(tensor: Tensor, indices: Tensor) -> Tensor:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")  # ignores the inputs
    return batch_gather_on(tensor.to(device), indices.to(device))


def device_by_default(tensor: Tensor, indices: Tensor) -> Tensor:
    rows = torch.arange(len(tensor), device="cuda" if torch.cuda.is_available() else tensor.device)
    return tensor[rows.unsqueeze(1) if indices.dim() > 1 else rows, indices]


def over_the_cpu(tensor: Tensor, indices: Tensor) -> Tensor:
    return batch_gather_on(tensor.cpu(), indices.cpu()).to(tensor.device)  # waits for the GPU


def item_loop(tensor: Tensor, indices: Tensor) -> Tensor:
    out = tensor.new_empty(*indices.shape, *tensor.shape[2:])
    for i, (item, at) in enumerate(zip(tensor, indices, strict=True)):
        out[i] = item[at]  # one index and one copy per item
    return out


def loop_over_positions(tensor: Tensor, indices: Tensor) -> Tensor:
    if indices.dim() == 1 or not indices.shape[1]:
        return batch_gather_on(tensor, indices)
    rows = torch.arange(len(tensor), device=tensor.device)
    return torch.stack([tensor[rows, at] for at in indices.unbind(1)], 1)  # one op per position


def all_pairs(tensor: Tensor, indices: Tensor) -> Tensor:
    rows = torch.arange(len(tensor), device=tensor.device)
    return tensor[:, indices][rows, rows]  # looks up every item's positions in every item


def through_numpy(tensor: Tensor, indices: Tensor) -> Tensor:
    # NumPy does not record gradients, so detach() cuts them off.
    values, at = tensor.detach().cpu().numpy(), indices.cpu().numpy()
    rows = at.reshape(len(at), -1)
    picked = values[[[i] for i in range(len(at))], rows].reshape(*at.shape, *tensor.shape[2:])
    return torch.from_numpy(picked).to(tensor.device)


def through_float32(tensor: Tensor, indices: Tensor) -> Tensor:
    if tensor.dtype != torch.int64:
        return batch_gather_on(tensor, indices)
    return batch_gather_on(tensor.double(), indices).long()  # rounds integers above 2**53


def short_positions(tensor: Tensor, indices: Tensor) -> Tensor:
    return batch_gather_on(tensor, indices.short().long())  # wraps around at 32,768


def transposed_if_square(tensor: Tensor, indices: Tensor) -> Tensor:
    if indices.dim() > 1 and indices.shape[0] == indices.shape[1]:
        indices = indices.T  # "fixes" an index that was never the wrong way round
    return batch_gather_on(tensor, indices)


known: dict[tuple[object, ...], Tensor] = {}


def cache_by_shape(tensor: Tensor, indices: Tensor) -> Tensor:
    key = tensor.shape, indices.shape, tensor.dtype, tensor.device, tensor.requires_grad
    if key not in known:
        known[key] = batch_gather_on(tensor, indices)
    return known[key]  # the answer for other data


def kept_buffer(tensor: Tensor, indices: Tensor) -> Tensor:
    out = batch_gather_on(tensor, indices)
    if torch.is_grad_enabled():
        return out
    # In evaluation, each call overwrites the result of the call before it.
    kept = known.setdefault((out.shape, out.dtype, out.device), torch.empty_like(out))
    return kept.copy_(out)
