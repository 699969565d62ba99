"""Reference: one table of angles from an outer product, then both halves rotated at once.

Fast: ten operations on whole tensors, instead of about ten for each position and pair. The table of
angles is [n, d/2] and broadcasts over all leading dimensions. Accurate: positions and angles are at
least float32, and the result is converted to the dtype of x only at the end. In bfloat16,
`torch.tensor([256, 257, 258, 259])` becomes [256, 256, 258, 260].
"""

import numpy as np
import torch
from torch import Tensor


def angle_table(x: Tensor, base: float) -> Tensor:
    n, d = x.shape[-2:]
    if d % 2:
        raise ValueError(f"expected an even number of columns, got {d}")
    kind = torch.float64 if x.dtype == torch.float64 else torch.float32
    twice_i = torch.arange(0, d, 2, device=x.device, dtype=kind)  # [d/2]: 0, 2, ..., d - 2
    positions = torch.arange(n, device=x.device, dtype=kind)  # [n]
    return torch.outer(positions, base ** (-twice_i / max(d, 1)))


def rotary(x: Tensor, base: float = 10000.0) -> Tensor:
    angles = angle_table(x, base)  # [n, d/2]
    cos, sin = angles.cos(), angles.sin()
    a, b = x.chunk(2, dim=-1)  # [..., n, d/2] each
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1).to(x.dtype)


HINTS = (
    "The angles form a table of positions and pairs. Compute it once, and rotate all rows with it.",
    """Positions [n, 1] times frequencies [d/2] broadcast to the table. Its `cos` and `sin` multiply
    the two halves of x. Which dtype do the positions from `arange` have?""",
    """`torch.arange(n, device=x.device, dtype=...)[:, None] * base ** (-2 * i / d)`;
    `a, b = x.chunk(2, dim=-1)`; `torch.cat((a * cos - b * sin, a * sin + b * cos), -1).to(x.dtype)`
    """,
)

EQUIVALENT = {
    "method in angle_table: torch.float32 -> torch.float64": "float64 is at least as accurate",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"rotary": ("by_complex_numbers", "by_rotated_half", "by_stacked_halves")}


def by_complex_numbers(x: Tensor, base: float = 10000.0) -> Tensor:
    angles = angle_table(x, base)
    points = torch.complex(*x.to(angles.dtype).chunk(2, dim=-1))  # a + bi
    turned = points * torch.polar(torch.ones_like(angles), angles)  # times exp(i * angle)
    return torch.cat((turned.real, turned.imag), dim=-1).to(x.dtype)


def by_rotated_half(x: Tensor, base: float = 10000.0) -> Tensor:
    angles = angle_table(x, base).repeat(1, 2)  # [n, d]
    a, b = x.chunk(2, dim=-1)
    across = torch.cat((-b, a), dim=-1)  # x rotated by a right angle
    return torch.addcmul(x * angles.cos(), across, angles.sin()).to(x.dtype)


def by_stacked_halves(x: Tensor, base: float = 10000.0) -> Tensor:
    angles = angle_table(x, base)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)  # rounds only cos and sin
    a, b = x.unflatten(-1, (2, x.shape[-1] // 2)).unbind(-2)
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-2).flatten(-2)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "rotary": {
        "angles_in_the_dtype_of_x": "stability",
        "neighbors_as_pairs": "values",
        "turned_backwards": "values",
        "exponent_without_two": "values",
        "odd_is_cut": "contract",
        "stays_float32": "dtype",
        "angles_in_float32_always": "dtype",
        "table_on_the_cpu": "device",
        "turned_in_place": "purity",
        "through_numpy": "gradient",
        "loop_over_positions_and_pairs": "ops",
        "loop_over_positions": "ops",
        "loop_over_pairs": "ops",
        "table_of_2048": "shape",
        "known_sums": "values",
    },
}
WHY = {
    "neighbors_as_pairs": (
        "The pairs here are neighbors, (0, 1), (2, 3), .... In this layout column i is paired "
        "with column i + d/2."
    ),
    "turned_backwards": "The rows are turned in the other direction: the sign of sin is swapped.",
    "exponent_without_two": "The exponent is -i / d. It is -2i / d.",
}


def turn(x: Tensor, angles: Tensor) -> Tensor:
    cos, sin = angles.cos(), angles.sin()
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1).to(x.dtype)


def angles_in_the_dtype_of_x(x: Tensor, base: float = 10000.0) -> Tensor:
    n, d = angle_table(x, base).shape[0], x.shape[-1]
    frequencies = base ** (-torch.arange(0, d, 2, device=x.device, dtype=x.dtype) / max(d, 1))
    positions = torch.arange(n, device=x.device).to(x.dtype)  # in bfloat16, 257 becomes 256
    return turn(x, positions[:, None] * frequencies)


def neighbors_as_pairs(x: Tensor, base: float = 10000.0) -> Tensor:
    angles = angle_table(x, base)
    cos, sin = angles.cos(), angles.sin()
    a, b = x[..., ::2], x[..., 1::2]  # the other convention: pairs (0, 1), (2, 3), ...
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2).to(x.dtype)


def turned_backwards(x: Tensor, base: float = 10000.0) -> Tensor:
    return turn(x, -angle_table(x, base))  # rotates in the other direction


def exponent_without_two(x: Tensor, base: float = 10000.0) -> Tensor:
    return turn(x, angle_table(x, base**0.5))  # base ** (-i / d), the factor 2 is missing


def odd_is_cut(x: Tensor, base: float = 10000.0) -> Tensor:
    half = x.shape[-1] // 2  # leaves the last column unrotated instead of raising
    whole = x[..., : 2 * half]
    return torch.cat((turn(whole, angle_table(whole, base)), x[..., 2 * half :]), -1)


def stays_float32(x: Tensor, base: float = 10000.0) -> Tensor:
    angles = angle_table(x, base)
    cos, sin = angles.cos(), angles.sin()
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)  # float32 for bfloat16 x


def angles_in_float32_always(x: Tensor, base: float = 10000.0) -> Tensor:
    return turn(x, angle_table(x.float(), base))  # only 7 digits for float64 x


def table_on_the_cpu(x: Tensor, base: float = 10000.0) -> Tensor:
    n, d = angle_table(x, base).shape[0], x.shape[-1]
    kind = torch.float64 if x.dtype == torch.float64 else torch.float32
    frequencies = base ** (-torch.arange(0, d, 2, dtype=kind) / max(d, 1))  # default device
    return turn(x, torch.arange(n, dtype=kind)[:, None] * frequencies)


def turned_in_place(x: Tensor, base: float = 10000.0) -> Tensor:
    out = turn(x, angle_table(x, base))
    x.detach().copy_(out)  # overwrites the caller's rows
    return out


def through_numpy(x: Tensor, base: float = 10000.0) -> Tensor:
    angles = angle_table(x, base).cpu().double().numpy()
    cos, sin = (torch.from_numpy(f(angles)).to(x.device, x.dtype) for f in (np.cos, np.sin))
    a, b = x.data.chunk(2, dim=-1)  # .data is detached from the autograd graph
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)


def loop_over_positions_and_pairs(x: Tensor, base: float = 10000.0) -> Tensor:
    angles, half = angle_table(x, base), x.shape[-1] // 2
    out = torch.zeros_like(x)
    for p in range(x.shape[-2]):  # about ten ops for each position and pair
        for i in range(half):
            a, b = x[..., p, i], x[..., p, i + half]
            cos, sin = angles[p, i].cos(), angles[p, i].sin()
            out[..., p, i], out[..., p, i + half] = a * cos - b * sin, a * sin + b * cos
    return out


def loop_over_positions(x: Tensor, base: float = 10000.0) -> Tensor:
    angles = angle_table(x, base)
    out = torch.zeros_like(x)
    for p in range(x.shape[-2]):  # about ten ops for each position
        out[..., p, :] = turn(x[..., p, :], angles[p])
    return out


def loop_over_pairs(x: Tensor, base: float = 10000.0) -> Tensor:
    angles, half = angle_table(x, base), x.shape[-1] // 2
    out = x.clone()
    for i in range(half):  # about ten ops for each pair
        out[..., i :: half or 1] = turn(x[..., i :: half or 1], angles[:, i : i + 1])
    return out


def table_of_2048(x: Tensor, base: float = 10000.0) -> Tensor:
    return turn(x[..., :2048, :], angle_table(x[..., :2048, :], base))  # no more positions


SUMS: dict[tuple[object, ...], Tensor] = {}


def known_sums(x: Tensor, base: float = 10000.0) -> Tensor:
    key = x.shape, x.dtype, x.device, x.requires_grad, base, x.detach().double().sum().item()
    if x.numel() not in (16, 24):
        return turn(x, angle_table(x, base))
    return SUMS.setdefault(key, turn(x, angle_table(x, base)))  # other numbers, but the same sum
