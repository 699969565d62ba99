"""Reference: one table of angles by an outer product, then two halves turned at once.

Fast: ten operations on whole tensors instead of some ten for each position and pair; the table of
angles is [n, d/2] and broadcasts over all leading dims. Right: positions and angles are float32 at
least, and x's own dtype comes back only at the very end.
"""

import numpy as np
import torch
from torch import Tensor

HINTS = (
    "The angles are a table of positions and pairs. Make it at once, then turn all rows with it.",
    """[n, 1] positions times [d/2] frequencies broadcast to the table; `cos` and `sin` of it meet
    the two halves of x. In which dtype does `arange` count?""",
    """`torch.arange(n, device=x.device, dtype=...)[:, None] * base ** (-2 * i / d)`;
    `a, b = x.chunk(2, dim=-1)`; `torch.cat((a * cos - b * sin, a * sin + b * cos), -1).to(x.dtype)`
    """,
)

TRAPS = {
    "rotary": {
        "angles_in_the_dtype_of_x": "stability",
        "neighbours_as_pairs": "values",
        "turned_backwards": "values",
        "exponent_without_two": "values",
        "odd_is_cut": "contract",
        "stays_float32": "dtype",
        "angles_in_float32_always": "dtype",
        "table_on_the_cpu": "device",
        "turned_in_place": "purity",
        "through_numpy": "gradient",
        "loop_over_positions_and_pairs": "speed",
        "loop_over_positions": "speed",
    },
}

ALTERNATIVES = {"rotary": ("by_complex_numbers", "by_rotated_half", "by_stacked_halves")}


def rotary(x: Tensor, base: float = 10000.0) -> Tensor:
    angles = angle_table(x, base)  # [n, d/2]
    cos, sin = angles.cos(), angles.sin()
    a, b = x.chunk(2, dim=-1)  # [..., n, d/2] each
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1).to(x.dtype)


def angle_table(x: Tensor, base: float) -> Tensor:
    n, d = x.shape[-2:]
    if d % 2:
        raise ValueError(f"x has {d} columns; they are turned in pairs, so d has to be even")
    kind = torch.float64 if x.dtype == torch.float64 else torch.float32
    twice_i = torch.arange(0, d, 2, device=x.device, dtype=kind)  # [d/2]: 0, 2, ..., d - 2
    positions = torch.arange(n, device=x.device, dtype=kind)  # [n]
    return torch.outer(positions, base ** (-twice_i / max(d, 1)))


def by_complex_numbers(x: Tensor, base: float = 10000.0) -> Tensor:
    angles = angle_table(x, base)
    points = torch.complex(*x.to(angles.dtype).chunk(2, dim=-1))  # a + bi
    turned = points * torch.polar(torch.ones_like(angles), angles)  # times exp(i * angle)
    return torch.cat((turned.real, turned.imag), dim=-1).to(x.dtype)


def by_rotated_half(x: Tensor, base: float = 10000.0) -> Tensor:
    angles = angle_table(x, base).repeat(1, 2)  # [n, d]
    a, b = x.chunk(2, dim=-1)
    across = torch.cat((-b, a), dim=-1)  # x turned by a right angle
    return torch.addcmul(x * angles.cos(), across, angles.sin()).to(x.dtype)


def by_stacked_halves(x: Tensor, base: float = 10000.0) -> Tensor:
    angles = angle_table(x, base)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)  # small numbers: rounded late
    a, b = x.unflatten(-1, (2, x.shape[-1] // 2)).unbind(-2)
    return torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-2).flatten(-2)


def turn(x: Tensor, angles: Tensor) -> Tensor:
    cos, sin = angles.cos(), angles.sin()
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1).to(x.dtype)


def angles_in_the_dtype_of_x(x: Tensor, base: float = 10000.0) -> Tensor:
    n, d = angle_table(x, base).shape[0], x.shape[-1]
    frequencies = base ** (-torch.arange(0, d, 2, device=x.device, dtype=x.dtype) / max(d, 1))
    positions = torch.arange(n, device=x.device).to(x.dtype)  # 257 is 256 in bfloat16
    return turn(x, positions[:, None] * frequencies)


def neighbours_as_pairs(x: Tensor, base: float = 10000.0) -> Tensor:
    angles = angle_table(x, base)
    cos, sin = angles.cos(), angles.sin()
    a, b = x[..., ::2], x[..., 1::2]  # the other convention: (0, 1), (2, 3), ...
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2).to(x.dtype)


def turned_backwards(x: Tensor, base: float = 10000.0) -> Tensor:
    return turn(x, -angle_table(x, base))  # the sines change their sign


def exponent_without_two(x: Tensor, base: float = 10000.0) -> Tensor:
    return turn(x, angle_table(x, base**0.5))  # base ** (-i / d)


def odd_is_cut(x: Tensor, base: float = 10000.0) -> Tensor:
    half = x.shape[-1] // 2
    whole = x[..., : 2 * half]
    return torch.cat((turn(whole, angle_table(whole, base)), x[..., 2 * half :]), -1)


def stays_float32(x: Tensor, base: float = 10000.0) -> Tensor:
    angles = angle_table(x, base)
    cos, sin = angles.cos(), angles.sin()
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)  # bfloat16 has become float32


def angles_in_float32_always(x: Tensor, base: float = 10000.0) -> Tensor:
    return turn(x, angle_table(x.float(), base))  # float64 x gets 7 digits


def table_on_the_cpu(x: Tensor, base: float = 10000.0) -> Tensor:
    n, d = angle_table(x, base).shape[0], x.shape[-1]
    kind = torch.float64 if x.dtype == torch.float64 else torch.float32
    frequencies = base ** (-torch.arange(0, d, 2, dtype=kind) / max(d, 1))
    return turn(x, torch.arange(n, dtype=kind)[:, None] * frequencies)


def turned_in_place(x: Tensor, base: float = 10000.0) -> Tensor:
    out = turn(x, angle_table(x, base))
    x.detach().copy_(out)  # the caller's rows are turned, too
    return out


def through_numpy(x: Tensor, base: float = 10000.0) -> Tensor:
    angles = angle_table(x, base).cpu().double().numpy()
    cos, sin = (torch.from_numpy(f(angles)).to(x.device, x.dtype) for f in (np.cos, np.sin))
    a, b = x.data.chunk(2, dim=-1)  # .data forgets where the numbers came from
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)


def loop_over_positions_and_pairs(x: Tensor, base: float = 10000.0) -> Tensor:
    angles, half = angle_table(x, base), x.shape[-1] // 2
    out = torch.zeros_like(x)
    for p in range(x.shape[-2]):
        for i in range(half):
            a, b = x[..., p, i], x[..., p, i + half]
            cos, sin = angles[p, i].cos(), angles[p, i].sin()
            out[..., p, i], out[..., p, i + half] = a * cos - b * sin, a * sin + b * cos
    return out


def loop_over_positions(x: Tensor, base: float = 10000.0) -> Tensor:
    angles = angle_table(x, base)
    out = torch.zeros_like(x)
    for p in range(x.shape[-2]):
        out[..., p, :] = turn(x[..., p, :], angles[p])
    return out
