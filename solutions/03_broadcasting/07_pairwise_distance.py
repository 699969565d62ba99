"""Reference: center the points, expand the square, then clamp negative entries to 0.

Fast: the work is one matrix product. Small: two or three [n, m] tables, never one of [n, m, d].
Accurate: subtracting the same center from both sets changes no distance, and makes the squares
about as small as the distances, so little cancels.
"""

import torch
from torch import Tensor


def expanded(a: Tensor, b: Tensor) -> Tensor:
    # a^2 + b^2 - 2ab: [n, 1] + [m] - [n, m]
    return a.square().sum(1, keepdim=True) + b.square().sum(1) - 2 * (a @ b.mT)


def pairwise_sqdist(a: Tensor, b: Tensor) -> Tensor:
    center = b.mean(dim=0).detach()  # it cancels, so it needs no gradient
    return expanded(a - center, b - center).clamp(min=0)


HINTS = (
    "Expand the square to avoid a third dimension, but first move all points near the origin.",
    "Subtract the same center from a and b: no distance changes. `a @ b.mT` has ab for every pair.",
    "c = b.mean(0); a, b = a - c, b - c; then a^2 as a column, b^2 as a row, and `clamp(min=0)`.",
)

EQUIVALENT = {
    "nan filtered in pairwise_sqdist: a": "the numbers are finite",
    "infinity limited in pairwise_sqdist: a": "the numbers are finite",
    "nan filtered in pairwise_sqdist: b": "the numbers are finite",
    "infinity limited in pairwise_sqdist: b": "the numbers are finite",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"pairwise_sqdist": ("exact_library", "coordinate_by_coordinate")}


def exact_library(a: Tensor, b: Tensor) -> Tensor:
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist").square()


def coordinate_by_coordinate(a: Tensor, b: Tensor) -> Tensor:
    out = a.new_zeros(a.shape[0], b.shape[0])
    for p, q in zip(a.unbind(1), b.unbind(1), strict=True):  # a loop over d, not over points
        out = out + (p.unsqueeze(1) - q).square()
    return out


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "pairwise_sqdist": {
        "far_from_home": "stability",
        "library_default": "stability",
        "below_zero": "stability",
        "table_of_differences": "memory",
        "double_loop": "ops",
        "separate_centers": "values",
        "distance_itself": "values",
        "fixed_points": "gradient",
        "loop_over_b": "ops",
        "root_then_square": "gradient",
    },
}
WHY = {
    "separate_centers": (
        "Subtracting different means from a and b changes the distances between them. Subtract "
        "the same point from both."
    ),
    "distance_itself": "These are the distances. The result is their square.",
}


def far_from_home(a: Tensor, b: Tensor) -> Tensor:
    return expanded(a, b).clamp(min=0)  # subtracts numbers around 640,000


def library_default(a: Tensor, b: Tensor) -> Tensor:
    return torch.cdist(a, b).square()  # also expands the square above 25 points


def below_zero(a: Tensor, b: Tensor) -> Tensor:
    center = b.mean(dim=0)
    return expanded(a - center, b - center)  # -1e-5 for equal points: the root is nan


def table_of_differences(a: Tensor, b: Tensor) -> Tensor:
    return (a.unsqueeze(1) - b).square().sum(-1)  # accurate, but [n, m, d] is d times larger


def double_loop(a: Tensor, b: Tensor) -> Tensor:
    # several ops per pair of points
    rows = [torch.stack([(p - q).square().sum() for q in b]) for p in a if len(b)]
    return torch.stack(rows) if rows else a.new_zeros(len(a), len(b))


def separate_centers(a: Tensor, b: Tensor) -> Tensor:
    return expanded(a - a.mean(0), b - b.mean(0)).clamp(min=0)  # shifts each set differently


def distance_itself(a: Tensor, b: Tensor) -> Tensor:
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")  # not squared


def fixed_points(a: Tensor, b: Tensor) -> Tensor:
    center = b.mean(dim=0)
    return expanded(a - center, (b - center).detach()).clamp(min=0)  # b gets no gradient


def loop_over_b(a: Tensor, b: Tensor) -> Tensor:
    # fast enough for a few points, but m steps in Python
    columns = [(a - point).square().sum(1) for point in b]
    return torch.stack(columns, 1) if columns else a.new_zeros(len(a), 0)


def root_then_square(a: Tensor, b: Tensor) -> Tensor:
    center = b.mean(dim=0)
    distance = expanded(a - center, b - center).clamp(min=0).sqrt()
    return distance.square()  # the slope of the root is infinite for equal points
