"""Grader of horner: a polynomial, compared with the sum of its powers."""

import torch

from torchkata import Case, Function, Ops, Spec, Speedup, _, normal, require

FUSED = {"addcmul", "addcmul_"}
PRODUCTS = FUSED | {"mul", "mul_"}
SUMS = FUSED | {"add", "add_"}
INITIAL = {"zeros", "new_zeros", "zeros_like", "full", "new_full", "full_like", "zero_", "fill_"}
INITIAL |= {"empty", "new_empty", "empty_like", "ones_like", "clone", "copy_", "_to_copy"}


def sum_of_powers(coefficients, x):
    return sum(coefficients[i] * x**i for i in range(len(coefficients))) + torch.zeros_like(x)


def call_polynomial(kata, coefficients, x):
    return kata.polynomial(coefficients, x)


SPEC = Spec(
    Function(
        "polynomial",
        inputs={"coefficients": normal("k+1"), "x": normal("n")},
        naive=sum_of_powers,
        cases=(
            Case("a constant", k=0, n=3),
            Case("one element", k=1, n=1),
            Case("no elements", k=2, n=0),
            Case("cubic", k=3, n=7),
            Case("degree 8", k=8, n=50),
            Case(
                "x is a matrix",
                given=lambda _s, g: (torch.randn(4, generator=g), torch.randn(2, 3, generator=g)),
                k=3,
            ),
            Case(
                "x is 0-d",
                given=lambda _s, g: (torch.randn(3, generator=g), torch.randn((), generator=g)),
                k=2,
            ),
        ),
        budget=(
            Ops("2*k + k + 4"),
            Speedup(3, over=sum_of_powers, at={"k": 8, "n": 100000}),
        ),
    ),
    stub_digest="ae167f52d16ada30",
)


def test_ops_products_and_sums(submission, generator):
    """At most k multiplications and k additions, or k fused ones."""
    for k in (12, 5, 1):
        arguments = torch.randn(k + 1, generator=generator), torch.randn(9, generator=generator)
        count = submission.measure(call_polynomial, *arguments).ops
        others = ", ".join(sorted(set(count.ops) - PRODUCTS - SUMS - INITIAL))
        require(
            not others,
            _(
                "For degree {k}, polynomial runs {ops}. Horner's rule needs only multiplications "
                "and additions; remove {others}.",
                k=k,
                ops=count.describe(5),
                others=others,
            ),
        )
        products = sum(count.ops.get(name, 0) for name in PRODUCTS)
        sums = sum(count.ops.get(name, 0) for name in SUMS)
        require(
            products <= k and sums <= k,
            _(
                "For degree {k}, polynomial runs {ops}. These contain {products} multiplications "
                "and {sums} additions, but Horner's rule needs only {k} of each (a fused op counts "
                "as both). Is each power computed from scratch?",
                k=k,
                ops=count.describe(5),
                products=products,
                sums=sums,
            ),
            products=products,
            sums=sums,
        )
