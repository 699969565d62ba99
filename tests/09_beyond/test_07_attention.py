"""Grader of attention: the results of the plain formula, without its matrix of scores."""

import torch

from torchkata import Case, Function, Memory, Scale, Spec, Tolerance, _, arguments, normal

DOUBLE = {torch.float64: Tolerance(rtol=1e-10, atol=1e-10)}
BLOCKS = "Blocks of queries or keys of any size up to a third are fine."
LARGE = {"n": 1024, "m": 1024, "d": 64}


def plain_formula(q, k, v, causal):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    if causal:
        scores.masked_fill_(torch.ones_like(scores).tril() == 0, -torch.inf)
    return scores.softmax(-1) @ v


def of_shapes(q, k, *, causal=False):
    return arguments(normal(q), normal(k), normal(k), causal)


def transposed_heads(sizes, generator):
    """Draw q, k and v with the heads behind the positions in memory, as models compute them."""
    shapes = (2, 6, 3, 4), (2, 5, 3, 4), (2, 5, 3, 4)
    drawn = (torch.randn(shape, generator=generator).to(sizes.dtype) for shape in shapes)
    return *(x.transpose(1, 2) for x in drawn), True


def large_scores(causal):
    """Draw scores up to several hundred; as whole numbers, they are exact."""

    def make(sizes, generator):
        q, k = (torch.randint(-9, 10, s, generator=generator) for s in ((20, 16), (30, 16)))
        # If causal, query 0 sees only key 0, whose score is far below 0: a mask that replaces the
        # other scores by a constant such as -100 is not enough.
        k[0] = -q[0].abs().clamp(min=1) * q[0].sign().where(q[0] != 0, 1)
        q[0] = -k[0]
        v = torch.randn(30, 16, generator=generator)
        return (q * 4).to(sizes.dtype), k.to(sizes.dtype), v.to(sizes.dtype), causal

    return make


RULES = {
    "in float32, even if": ("values", "stability"),
    "in float64": "dtype[accuracy in float64]",
    "The budget does not include": None,
    "Stay in PyTorch": "memory",
}
SPEC = Spec(
    Function(
        "attention",
        inputs={
            "q": normal("n d"),
            "k": normal("m d"),
            "v": normal("m d"),
            "causal": lambda sizes, _generator: bool(sizes.causal),
        },
        naive=plain_formula,
        cases=(
            Case("all sizes 1", n=1, m=1, d=1, causal=0),
            Case("all sizes 1, causal", n=1, m=1, d=1, causal=1),
            Case("one key", n=5, m=1, d=4, causal=1),
            Case("fewer queries than keys", n=7, m=12, d=8, causal=0),
            Case("fewer queries than keys, causal", n=7, m=12, d=8, causal=1),
            Case("more queries than keys", n=12, m=7, d=8, causal=0),
            Case("more queries than keys, causal", n=12, m=7, d=8, causal=1, gradient=True),
            Case("several blocks", n=200, m=150, d=3, causal=0),
            Case("several blocks, causal", n=150, m=200, d=3, causal=1),
            Case("a batch", given=of_shapes("3 6 4", "3 5 4")),
            Case(
                "a batch with heads, causal",
                given=of_shapes("2 3 6 4", "2 3 5 4", causal=True),
                gradient=True,
            ),
            Case("transposed heads, causal", given=transposed_heads),
            Case("five dims, causal", given=of_shapes("2 1 3 6 4", "2 1 3 9 4", causal=True)),
            Case("an empty batch", given=of_shapes("0 6 4", "0 5 4")),
            Case("5,000 queries, causal", n=5000, m=3, d=2, causal=1),
            Case("5,000 keys", n=3, m=5000, d=2, causal=0),
            Case("large scores", given=large_scores(causal=False), axis="stability"),
            Case("large scores, causal", given=large_scores(causal=True), axis="stability"),
            Case("accuracy in float64", axis="dtype", n=9, m=9, d=5, causal=0, tolerance=DOUBLE),
        ),
        scale=Scale(_("attention over a book"), n=1_000_000, m=1_000_000, d=128, causal=0),
        budget=(
            Memory("0.5 * 4*n*m", at={**LARGE, "causal": 0}, slack=BLOCKS),
            Memory("0.5 * 4*n*m", at={**LARGE, "causal": 1}, slack=BLOCKS),
        ),
        # On the CPU, scaled_dot_product_attention is wrong for overlapping rows.
        layouts=("transposed", "strided", "offset", "expanded"),
        tolerance=Tolerance(rtol=3e-5, atol=3e-5),
        variant_case="fewer queries than keys, causal",
    ),
    stub_digest="aa5ae068f9afcefa",
)
