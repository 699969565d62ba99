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

ALTERNATIVES = {"batch_gather": ("by_gather", "by_flat_rows", "by_take_along_dim")}


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
        "item_loop": "speed",
        "mapped": "speed",
        "through_numpy": "gradient",
    },
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


def item_loop(tensor: Tensor, indices: Tensor) -> Tensor:
    out = tensor.new_empty(*indices.shape, *tensor.shape[2:])
    for i, (item, at) in enumerate(zip(tensor, indices, strict=True)):
        out[i] = item[at]  # one index and one copy per item
    return out


def mapped(tensor: Tensor, indices: Tensor) -> Tensor:
    # The Python overhead of vmap outweighs a single small operation.
    positions = indices if indices.dim() > 1 else indices.unsqueeze(1)
    if not len(tensor):  # vmap does not accept an empty batch
        return tensor.new_empty(*indices.shape, *tensor.shape[2:])
    picked = torch.func.vmap(lambda item, at: item[at])(tensor, positions)
    return picked if indices.dim() > 1 else picked.squeeze(1)


def through_numpy(tensor: Tensor, indices: Tensor) -> Tensor:
    # NumPy does not record gradients, so detach() cuts them off.
    values, at = tensor.detach().cpu().numpy(), indices.cpu().numpy()
    picked = [value[position] for value, position in zip(values, at, strict=True)]
    if not picked:
        return tensor.new_empty(*indices.shape, *tensor.shape[2:])
    return torch.stack([torch.as_tensor(item) for item in picked]).to(tensor.device)
