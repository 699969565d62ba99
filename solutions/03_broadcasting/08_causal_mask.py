"""Reference: positions compared with positions and with lengths, each along a dim of its own.

Fast: three comparisons and one `&`, whatever the batch and the size; broadcasting runs the loops
inside them. Portable: no number of `lengths` is ever read by Python, so a GPU is never waited for.
One test is saved by thinking: where j <= i and i < length, j < length holds by itself.
"""

import torch
from torch import Tensor

HINTS = (
    "Each condition compares two of the numbers b, i and j; write it as a comparison of tensors.",
    "Positions as [size, 1] and [size] compare to [size, size]. What shape must `lengths` have?",
    (
        "`at = torch.arange(size, device=lengths.device)`; then `at <= at[:, None]` is j <= i, and "
        "`at < lengths[:, None]` is i < lengths[b]. Give the second a last dim and join both by "
        "`&`."
    ),
)

TRAPS = {
    "causal_mask": {
        "row_loop": "speed",
        "square_per_sequence": "ops",
        "triangle_only": "values",
        "padding_of_keys_only": "values",
        "strictly_earlier": "values",
        "last_position_too": "values",
        "positions_on_the_cpu": "device",
        "ones_and_zeros": "dtype",
        "no_batch_of_one": "shape",
    },
}

ALTERNATIVES = {"causal_mask": ("by_tril", "by_last_allowed", "by_counting")}


def causal_mask(lengths: Tensor, size: int) -> Tensor:
    at = torch.arange(size, device=lengths.device)
    past = at <= at[:, None]  # [size, size]: j <= i
    real = at < lengths[:, None]  # [batch, size]: i < lengths[b]
    return past & real[:, :, None]  # [size, size] & [batch, size, 1] -> [batch, size, size]


def by_tril(lengths: Tensor, size: int) -> Tensor:
    real = torch.arange(size, device=lengths.device) < lengths.unsqueeze(1)
    return (real.unsqueeze(2) & real.unsqueeze(1)).tril()  # both real; the lower triangle of each


def by_last_allowed(lengths: Tensor, size: int) -> Tensor:
    at = torch.arange(size, device=lengths.device)
    last = torch.where(at < lengths[:, None], at, -1)  # [batch, size]: the last j of each row
    return at <= last[..., None]


def by_counting(lengths: Tensor, size: int) -> Tensor:
    triangle = torch.ones(size, size, dtype=torch.bool, device=lengths.device).tril()
    rows = torch.arange(size, device=lengths.device).view(1, size, 1)
    return (rows < lengths.view(-1, 1, 1)).logical_and(triangle)


def row_loop(lengths: Tensor, size: int) -> Tensor:
    mask = torch.zeros(len(lengths), size, size, dtype=torch.bool, device=lengths.device)
    for b in range(len(lengths)):
        for i in range(size):
            mask[b, i, : i + 1] = i < lengths[b]  # batch times size small ops
    return mask


def square_per_sequence(lengths: Tensor, size: int) -> Tensor:
    mask = torch.zeros(len(lengths), size, size, dtype=torch.bool, device=lengths.device)
    for b, length in enumerate(lengths.tolist()):  # the CPU waits for the device here
        n = min(length, size)
        mask[b, :n, :n] = torch.ones(n, n, dtype=torch.bool, device=lengths.device).tril()
    return mask


def triangle_only(lengths: Tensor, size: int) -> Tensor:
    at = torch.arange(size, device=lengths.device)
    return (at <= at[:, None]).expand(len(lengths), size, size)  # padding takes part


def padding_of_keys_only(lengths: Tensor, size: int) -> Tensor:
    at = torch.arange(size, device=lengths.device)
    return (at <= at[:, None]) & (at < lengths[:, None])[:, None, :]  # j is real, i need not be


def strictly_earlier(lengths: Tensor, size: int) -> Tensor:
    at = torch.arange(size, device=lengths.device)
    return (at < at[:, None]) & (at < lengths[:, None])[:, :, None]  # not even itself


def last_position_too(lengths: Tensor, size: int) -> Tensor:
    at = torch.arange(size, device=lengths.device)
    return (at <= at[:, None]) & (at <= lengths[:, None])[:, :, None]  # one position too many


def positions_on_the_cpu(lengths: Tensor, size: int) -> Tensor:
    at = torch.arange(size)  # lives on the CPU wherever lengths lives
    return (at <= at[:, None]) & (at < lengths[:, None])[:, :, None]


def ones_and_zeros(lengths: Tensor, size: int) -> Tensor:
    at = torch.arange(size, device=lengths.device)
    triangle = torch.ones(size, size, device=lengths.device).tril()  # ones are floats by default
    return triangle * (at < lengths[:, None])[:, :, None]


def no_batch_of_one(lengths: Tensor, size: int) -> Tensor:
    return by_tril(lengths, size).squeeze()  # drops every dim of size 1
