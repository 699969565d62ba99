"""Grader of attention: the plain formula, without its table of scores."""

import torch

from torchkata import Case, Spec, Function, Memory, Tolerance, normal

DOUBLE = {torch.float64: Tolerance(rtol=1e-10, atol=1e-10)}
LARGE = {"n": 1024, "m": 1024, "d": 64}


def table_of_scores(q, k, v, causal):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    if causal:
        scores.masked_fill_(torch.ones_like(scores).tril() == 0, -torch.inf)
    return scores.softmax(-1) @ v


def given(q, k, *, causal=False):
    shapes = (q, k, k)
    return lambda sizes, generator: (
        *(torch.randn(shape, generator=generator, dtype=sizes.dtype) for shape in shapes),
        causal,
    )


def large_scores(causal):
    """Scores up to several hundreds; they are whole numbers, so that no digit of them is lost."""

    def make(sizes, generator):
        q, k = (torch.randint(-9, 10, s, generator=generator) for s in ((20, 16), (30, 16)))
        k[0] = -q[0].abs().clamp(min=1) * q[0].sign().where(q[0] != 0, 1)  # query 0 sees only
        q[0] = -k[0]  # this key; whatever hides the others has to be far below their score
        v = torch.randn(30, 16, generator=generator)
        return (q * 4).to(sizes.dtype), k.to(sizes.dtype), v.to(sizes.dtype), causal

    return make


SPEC = Spec(
    Function(
        "attention",
        inputs={
            "q": normal("n d"),
            "k": normal("m d"),
            "v": normal("m d"),
            "causal": lambda sizes, _generator: bool(sizes.causal),
        },
        naive=table_of_scores,
        cases=(
            Case("one of everything", n=1, m=1, d=1, causal=0),
            Case("one of everything, causal", n=1, m=1, d=1, causal=1),
            Case("one key", n=5, m=1, d=4, causal=1),
            Case("fewer queries than keys", n=7, m=12, d=8, causal=0),
            Case("fewer queries than keys, causal", n=7, m=12, d=8, causal=1),
            Case("more queries than keys", n=12, m=7, d=8, causal=0),
            Case("more queries than keys, causal", n=12, m=7, d=8, causal=1, gradient=True),
            Case("several blocks", n=200, m=150, d=3, causal=0),
            Case("several blocks, causal", n=150, m=200, d=3, causal=1),
            Case("batch", given=given((3, 6, 4), (3, 5, 4))),
            Case("batch and heads, causal", given=given((2, 3, 6, 4), (2, 3, 5, 4), causal=True)),
            Case("five dims, causal", given=given((2, 1, 3, 6, 4), (2, 1, 3, 9, 4), causal=True)),
            Case("empty batch", given=given((0, 6, 4), (0, 5, 4))),
            Case("large scores", given=large_scores(causal=False), axis="stability"),
            Case("large scores, causal", given=large_scores(causal=True), axis="stability"),
            Case("all digits of float64", axis="dtype", n=9, m=9, d=5, causal=0, tolerance=DOUBLE),
        ),
        budget=(
            Memory("0.5 * 4*n*m", at={**LARGE, "causal": 0}),
            Memory("0.5 * 4*n*m", at={**LARGE, "causal": 1}),
        ),
        tolerance=Tolerance(rtol=1e-5, atol=1e-5),
        variant_case="fewer queries than keys, causal",
    ),
    stub_digest="0e5b9c5356852169",
)
