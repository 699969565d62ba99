"""Grader of masked_softmax: masks of many shapes, and no influence of masked-out scores."""

import torch

from torchkata import Case, Function, Spec, Tolerance, normal, value


def naive(scores, mask, dim=-1):
    """Compute row by row in float64, from the entries that are not masked out."""
    moved = scores.double().movedim(dim, -1)
    rows = moved.reshape(-1, scores.shape[dim])
    kept = mask.expand(scores.shape).movedim(dim, -1).reshape(rows.shape)
    out = torch.zeros(rows.shape, dtype=torch.float64)
    for i in range(len(rows)):
        if kept[i].any():
            weights = 2.718281828459045 ** (rows[i][kept[i]] - rows[i][kept[i]].max())
            out[i, kept[i]] = weights / weights.sum()
    return out.reshape(moved.shape).movedim(-1, dim).to(scores.dtype)


def random_mask(sizes, generator):
    return torch.rand(sizes.a, sizes.b, sizes.c, generator=generator) < 0.6


def mask_of_shape(*shape, dim=-1):
    """Draw scores [3, 4, 5], and a mask of another shape that broadcasts."""

    def draw(sizes, generator):
        scores = torch.randn(3, 4, 5, generator=generator).to(sizes.dtype)
        mask = torch.rand(shape, generator=generator) < 0.6
        if dim == 0:
            mask[:2] = torch.tensor([False, True])
        return scores, mask, dim

    return draw


def extreme(masked_out, dim=-1):
    """Draw scores with these values where masked out; rows 0 and 3 are masked out entirely."""

    def draw(sizes, generator):
        scores = torch.randn(6, 5, generator=generator).to(sizes.dtype)
        mask = torch.rand(6, 5, generator=generator) < 0.6
        mask[0] = mask[3] = False
        mask[1, 0], mask[1, 1:], mask[2], mask[4, :2] = True, False, True, False
        fill = torch.tensor(masked_out, dtype=sizes.dtype).repeat(30)[:30].reshape(6, 5)
        scores = torch.where(mask, scores, fill)
        return (scores, mask, -1) if dim == -1 else (scores.T.contiguous(), mask.T.contiguous(), 0)

    return draw


def far_from_zero(sizes, generator):
    """Draw rows of scores near 1000, -1000 or 90, most of them partly masked out."""
    scores = torch.randn(6, 5, generator=generator).to(sizes.dtype)
    scores += torch.tensor([1000.0, -1000.0, 90.0]).repeat(2)[:, None]
    mask = torch.rand(6, 5, generator=generator) < 0.6
    mask[0], mask[1] = True, torch.arange(5) < 3
    return scores, mask


def edge(name, given, tolerance=None):
    return Case(name, axis="stability", given=given, gradient=True, tolerance=tolerance)


NAN, INF = torch.nan, torch.inf
# In float32, rounding changes a score of 1000 by up to 3e-5, and its exp by the same ratio.
LOOSE = Tolerance(rtol=0.0, atol=1e-4)
RULES = {
    "sums to 1": ("values", "stability", "gradient"),
    "masked-out entries are 0": "gradient",
    "A large masked-out score": "stability[large scores masked out]",
    "You may use": None,
}
SPEC = Spec(
    Function(
        "masked_softmax",
        inputs={"scores": normal("a b c", std=3), "mask": random_mask, "dim": value("dim")},
        naive=naive,
        cases=(
            Case("one entry", a=1, b=1, c=1, dim=-1),
            Case("one row", a=1, b=1, c=6, dim=-1),
            Case("rows of size 1", a=2, b=3, c=1, dim=2),
            Case("no rows", a=0, b=2, c=3, dim=-1),
            Case("first dim", a=5, b=1, c=4, dim=0),
            Case("middle dim", a=3, b=7, c=4, dim=-2),
            Case("last dim", a=4, b=3, c=20, dim=-1),
            Case("5,000 rows", a=5000, b=1, c=5, dim=-1),
            Case("default dim", given=lambda s, g: mask_of_shape(3, 4, 5)(s, g)[:2]),
            Case("one mask for all rows", given=mask_of_shape(5)),
            Case("a mask of whole rows", given=mask_of_shape(4, 1), gradient=True),
            Case("a mask along another dim", given=mask_of_shape(3, 1, 5, dim=1)),
            edge("one mask for all rows, whole columns masked out", mask_of_shape(5, dim=0)),
            Case("a mask of one value", given=mask_of_shape()),
            edge("rows masked out entirely", extreme([0.0])),
            edge("columns masked out entirely", extreme([0.0], dim=0)),
            edge("nan and inf masked out", extreme([NAN, INF, -INF, 7.0])),
            edge("large scores masked out", extreme([200.0, 1000.0])),
            edge("large scores not masked out", far_from_zero, LOOSE),
        ),
        dtypes=(torch.float32, torch.float64, torch.float16, torch.bfloat16),
        gradient=("scores",),
    ),
    stub_digest="6b037e6e546f1dfb",
)
