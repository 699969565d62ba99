"""Grader of rotary: an accurate table of angles, compared with a loop."""

import torch

from torchkata import Case, Function, Spec, _, arguments, normal, same_as_reference, value


def loop_over_positions_and_pairs(x, base):
    import math  # noqa: PLC0415 - the baseline is sent to a worker

    n, d = x.shape[-2:]
    out = torch.zeros_like(x)
    for p in range(n):
        for i in range(d // 2):
            angle = p * base ** (-2 * i / d)
            cos, sin = math.cos(angle), math.sin(angle)
            a, b = x[..., p, i], x[..., p, i + d // 2]
            out[..., p, i] = a * cos - b * sin
            out[..., p, i + d // 2] = a * sin + b * cos
    return out


def with_nan(sizes, generator):
    x = torch.randn(2, 5, 6, generator=generator).to(sizes.dtype)
    x[0, 2, 1] = x[1, 4] = torch.nan
    return x, BASE


BASE = 10000.0
RULES = {
    "No Python loop": ("ops[no loop over n]", "ops[no loop over d]"),
    "Angles are in radians": "values",
    "Compute them in float64": "dtype[float64]",
    "16-bit dtype": ("stability", "dtype[bfloat16]"),
}
SPEC = Spec(
    Function(
        "rotary",
        inputs={"x": normal("b n d"), "base": value(BASE)},
        naive=loop_over_positions_and_pairs,
        cases=(
            Case("one pair", b=1, n=1, d=2),
            Case("one position", b=2, n=1, d=6),
            Case("one pair, many positions", b=1, n=40, d=2),
            Case("no positions", b=2, n=0, d=4),
            Case("no columns", b=2, n=3, d=0),
            Case("an empty batch", b=0, n=3, d=4),
            Case("two dimensions", given=arguments(normal("7 10"), BASE)),
            Case("four dimensions", given=arguments(normal("2 3 5 4"), BASE)),
            # Of the sizes of the case before, so that no table is kept by shape.
            Case("another base", given=arguments(normal("2 3 5 4"), 49.9)),
            Case("several pairs and positions", b=3, n=20, d=12),
            Case("5,000 positions", b=1, n=5000, d=2),
            Case("a batch of 6,000", b=6000, n=1, d=4),
            Case("nan", given=with_nan),
            Case(
                "bfloat16, 600 positions",
                axis="stability",
                given=arguments(normal("1 600 8", dtype=torch.bfloat16), BASE),
            ),
            Case(
                "float16, 600 positions",
                axis="stability",
                given=arguments(normal("1 600 8", dtype=torch.float16), BASE),
            ),
            Case("odd d", b=2, n=3, d=5, raises=ValueError),
            Case("one column", b=1, n=2, d=1, raises=ValueError),
        ),
        dtypes=(torch.float32, torch.float64, torch.bfloat16, torch.float16),
        gradient=("x",),
        no_loop=("n", "d"),
        variant_case="several pairs and positions",
    ),
    stub_digest="86afecc7f63d2bb1",
)


def rearranged(kata, x):
    """Encode x, and its rows in another order, which have the same sum."""
    return kata.rotary(x), kata.rotary(x.flip(0))


def test_values_of_rearranged_rows(submission, reference, generator):
    """A result depends on every number, not on a sum or another digest of them."""
    x = torch.randint(-9, 10, (6, 4), generator=generator).float()
    what = _("the results for x and for its rows in reverse order")
    same_as_reference(submission, reference, rearranged, x, what=what)
