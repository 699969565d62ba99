"""Reference: compare positions with positions and with lengths, each along its own dimension.

Fast: two comparisons and one `&` for any batch and size; broadcasting runs the loops inside them.
No synchronization: Python never reads a value of `lengths`, so the CPU never waits for a GPU. The
third comparison is unnecessary: j <= i and i < length imply j < length.
"""

import torch
from torch import Tensor


def causal_mask(lengths: Tensor, size: int) -> Tensor:
    at = torch.arange(size, device=lengths.device)
    past = at <= at[:, None]  # [size, size]: j <= i
    real = at < lengths[:, None]  # [batch, size]: i < lengths[b]
    return past & real[:, :, None]  # [size, size] & [batch, size, 1] -> [batch, size, size]


HINTS = (
    "Each condition compares two of i, j and lengths[b]; write it as a comparison of tensors.",
    "[size, 1] positions compared with [size] give [size, size]. Which shape must `lengths` have?",
    (
        "`at = torch.arange(size, device=lengths.device)`; then `at <= at[:, None]` is j <= i, and "
        "`at < lengths[:, None]` is i < lengths[b]. Add a last dimension to the second and combine "
        "both with `&`."
    ),
)

EQUIVALENT = {
    "float32 detour in causal_mask: lengths": (
        "float32 rounds lengths above 2**24 alone, and a mask of this size takes 35 TB"
    ),
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"causal_mask": ("by_tril", "by_last_allowed", "by_counting")}


def by_tril(lengths: Tensor, size: int) -> Tensor:
    real = torch.arange(size, device=lengths.device) < lengths.unsqueeze(1)
    return (real.unsqueeze(2) & real.unsqueeze(1)).tril()  # lower triangles of the real pairs


def by_last_allowed(lengths: Tensor, size: int) -> Tensor:
    at = torch.arange(size, device=lengths.device)
    last = torch.where(at < lengths[:, None], at, -1)  # [batch, size]: last allowed j per row
    return at <= last[..., None]


def by_counting(lengths: Tensor, size: int) -> Tensor:
    triangle = torch.ones(size, size, dtype=torch.bool, device=lengths.device).tril()
    rows = torch.arange(size, device=lengths.device).view(1, size, 1)
    return (rows < lengths.view(-1, 1, 1)).logical_and(triangle)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

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
        "loop_over_sequences": "ops",
        "small_positions": "values",
        "from_a_table": "values",
        "kept_by_shape": "values",
    },
}
WHY = {
    "padding_of_keys_only": (
        "Only the columns j are compared with lengths. The rows of the padding, i >= lengths[b], "
        "must be all False, too."
    ),
    "triangle_only": (
        "The triangle includes the padding: rows and columns from lengths[b] on must be False."
    ),
    "last_position_too": (
        "Position lengths[b] is the first one of the padding, so `<=` allows one too many.",
        "<=",
    ),
    "strictly_earlier": (
        "Position i may see itself: `<` leaves out j = i.",
        "<",
    ),
}


def row_loop(lengths: Tensor, size: int) -> Tensor:
    mask = torch.zeros(len(lengths), size, size, dtype=torch.bool, device=lengths.device)
    for b in range(len(lengths)):
        for i in range(size):
            mask[b, i, : i + 1] = i < lengths[b]  # batch * size small ops
    return mask


def square_per_sequence(lengths: Tensor, size: int) -> Tensor:
    mask = torch.zeros(len(lengths), size, size, dtype=torch.bool, device=lengths.device)
    for b, length in enumerate(lengths.tolist()):  # synchronizes with the device
        n = min(length, size)
        mask[b, :n, :n] = torch.ones(n, n, dtype=torch.bool, device=lengths.device).tril()
    return mask


def triangle_only(lengths: Tensor, size: int) -> Tensor:
    at = torch.arange(size, device=lengths.device)
    return (at <= at[:, None]).expand(len(lengths), size, size)  # includes the padding


def padding_of_keys_only(lengths: Tensor, size: int) -> Tensor:
    at = torch.arange(size, device=lengths.device)
    return (at <= at[:, None]) & (at < lengths[:, None])[:, None, :]  # checks j, but not i


def strictly_earlier(lengths: Tensor, size: int) -> Tensor:
    at = torch.arange(size, device=lengths.device)
    return (at < at[:, None]) & (at < lengths[:, None])[:, :, None]  # excludes j == i


def last_position_too(lengths: Tensor, size: int) -> Tensor:
    at = torch.arange(size, device=lengths.device)
    return (at <= at[:, None]) & (at <= lengths[:, None])[:, :, None]  # off by one


def positions_on_the_cpu(lengths: Tensor, size: int) -> Tensor:
    at = torch.arange(size)  # always on the CPU, even if lengths is on a GPU
    return (at <= at[:, None]) & (at < lengths[:, None])[:, :, None]


def ones_and_zeros(lengths: Tensor, size: int) -> Tensor:
    at = torch.arange(size, device=lengths.device)
    triangle = torch.ones(size, size, device=lengths.device).tril()  # float by default, not bool
    return triangle * (at < lengths[:, None])[:, :, None]


def no_batch_of_one(lengths: Tensor, size: int) -> Tensor:
    return by_tril(lengths, size).squeeze()  # removes all dimensions of size 1


def loop_over_sequences(lengths: Tensor, size: int) -> Tensor:
    at = torch.arange(size, device=lengths.device)
    triangle = at <= at[:, None]
    masks = [triangle & (at < length)[:, None] for length in lengths]  # a few ops per sequence
    return torch.stack(masks) if masks else triangle.expand(0, size, size)


def small_positions(lengths: Tensor, size: int) -> Tensor:
    at = torch.arange(size, dtype=torch.int8, device=lengths.device)  # 128 becomes -128
    return (at <= at[:, None]) & (at < lengths[:, None])[:, :, None]


LARGEST = 1024
TRIANGLE = torch.ones(LARGEST, LARGEST, dtype=torch.bool).tril()


def from_a_table(lengths: Tensor, size: int) -> Tensor:
    at = torch.arange(size, device=lengths.device)
    triangle = torch.zeros(size, size, dtype=torch.bool, device=lengths.device)
    triangle[:LARGEST, :LARGEST] = TRIANGLE[:size, :size].to(lengths.device)  # no more positions
    return triangle & (at < lengths[:, None])[:, :, None]


MASKS: dict[tuple[object, ...], Tensor] = {}


def kept_by_shape(lengths: Tensor, size: int) -> Tensor:
    key = (len(lengths), size, lengths.device)  # other lengths give another mask
    if key not in MASKS:
        MASKS[key] = by_tril(lengths, size)
    return MASKS[key].clone()
