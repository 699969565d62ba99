"""Grader of horner: a polynomial, compared with the sum of its powers."""

import torch

from torchkata import (
    Case,
    Function,
    Ops,
    Scale,
    Spec,
    Speedup,
    _,
    arguments,
    normal,
    require,
    same,
    uniform,
)

FUSED = {"addcmul", "addcmul_"}
PRODUCTS = FUSED | {"mul", "mul_"}
SUMS = FUSED | {"add", "add_"}
INITIAL = {"zeros", "new_zeros", "zeros_like", "full", "new_full", "full_like", "zero_", "fill_"}
INITIAL |= {"empty", "new_empty", "empty_like", "ones_like", "clone", "copy_", "_to_copy"}
MOVES = {"flip", "roll", "repeat", "index", "index_select", "gather", "take", "cat", "stack"}
MOVES |= {"arange", "lift_fresh"}


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
            Case("cubic", k=3, n=4),
            Case("degree 8", k=8, n=50),
            Case("x is a matrix", given=arguments(normal("4"), normal("2 3")), gradient=True, k=3),
            Case("x is 0-d", given=arguments(normal("3"), normal("")), gradient=True, k=2),
            Case("degree 80", given=arguments(normal("81"), uniform("6", -1, 1)), k=80),
        ),
        scale=Scale(_("a hundred million points"), k=8, n=100_000_000),
        budget=(
            Ops("3*k + 4", slack="A product, a sum and a copy per degree are as good."),
            Speedup(3, over=sum_of_powers, at={"k": 8, "n": 100000}),
        ),
    ),
    stub_digest="5f28f156d804a838",
)


def test_ops_products_and_sums(submission, reference, generator):
    """At most k multiplications and k additions, or k fused ones."""
    for k in (12, 5, 1):
        arguments = torch.randn(k + 1, generator=generator), torch.randn(9, generator=generator)
        measured = submission.measure(call_polynomial, *arguments)
        count = measured.ops
        same(measured.value, reference.call("polynomial", *arguments))
        others = ", ".join(sorted(set(count.ops) - PRODUCTS - SUMS - INITIAL - MOVES))
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
                "as both).",
                k=k,
                ops=count.describe(5),
                products=products,
                sums=sums,
            ),
            products=products,
            sums=sums,
        )
