"""Reference: move all points to the origin, then expand the square, then cut off what is negative.

Fast: the work is one matrix product. Small: two or three tables [n, m], never one [n, m, d].
Accurate: subtracting one centre from both sets changes no distance, and makes the squares as small
as the distances themselves, so that little cancels.
"""

import torch
from torch import Tensor

HINTS = (
    "Expand the square, so that no table needs a third dim; but first bring the points home.",
    "Subtract one and the same centre from a and b. The product a @ b.mT has every pair's -2ab.",
    "c = b.mean(0); a, b = a - c, b - c; then a^2 as a column, b^2 as a row, and `clamp(min=0)`.",
)

TRAPS = {
    "pairwise_sqdist": {
        "far_from_home": "stability",
        "library_default": "stability",
        "below_zero": "stability",
        "table_of_differences": "memory",
        "double_loop": "speed",
        "a_centre_each": "values",
        "distance_itself": "values",
        "fixed_points": "gradient",
    },
}

ALTERNATIVES = {"pairwise_sqdist": ("exact_library", "coordinate_by_coordinate")}


def expanded(a: Tensor, b: Tensor) -> Tensor:
    """a^2 - 2ab + b^2: a column, a table and a row."""
    return a.square().sum(1, keepdim=True) + b.square().sum(1) - 2 * (a @ b.mT)


def pairwise_sqdist(a: Tensor, b: Tensor) -> Tensor:
    centre = b.mean(dim=0).detach()  # any point near by will do; it cancels, so no gradient needed
    return expanded(a - centre, b - centre).clamp(min=0)


def exact_library(a: Tensor, b: Tensor) -> Tensor:
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist").square()


def coordinate_by_coordinate(a: Tensor, b: Tensor) -> Tensor:
    out = a.new_zeros(a.shape[0], b.shape[0])
    for p, q in zip(a.unbind(1), b.unbind(1), strict=True):  # a loop over d, not over points
        out = out + (p.unsqueeze(1) - q).square()
    return out


def far_from_home(a: Tensor, b: Tensor) -> Tensor:
    return expanded(a, b).clamp(min=0)  # around 100 it subtracts 640,000 from 640,000


def library_default(a: Tensor, b: Tensor) -> Tensor:
    return torch.cdist(a, b).square()  # expands the square too, above 25 points


def below_zero(a: Tensor, b: Tensor) -> Tensor:
    centre = b.mean(dim=0)
    return expanded(a - centre, b - centre)  # about -0.00001 for equal points; its root is nan


def table_of_differences(a: Tensor, b: Tensor) -> Tensor:
    return (a.unsqueeze(1) - b).square().sum(-1)  # [n, m, d]: exact, and d times too large


def double_loop(a: Tensor, b: Tensor) -> Tensor:
    rows = [torch.stack([(p - q).square().sum() for q in b]) for p in a if len(b)]
    return torch.stack(rows) if rows else a.new_zeros(len(a), len(b))


def a_centre_each(a: Tensor, b: Tensor) -> Tensor:
    return expanded(a - a.mean(0), b - b.mean(0)).clamp(min=0)  # moves the two sets apart


def distance_itself(a: Tensor, b: Tensor) -> Tensor:
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")  # its square was asked


def fixed_points(a: Tensor, b: Tensor) -> Tensor:
    centre = b.mean(dim=0)
    return expanded(a - centre, (b - centre).detach()).clamp(min=0)  # b is learned no more
