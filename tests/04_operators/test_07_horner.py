"""Grader of horner: a polynomial, against the sum of its powers."""

import torch

from torchkata import Case, Exercise, Function, Ops, Speedup, normal, require


def sum_of_powers(coefficients, x):
    return sum(coefficients[i] * x**i for i in range(len(coefficients))) + torch.zeros_like(x)


def horner(kata, coefficients, x):
    return kata.polynomial(coefficients, x)


EXERCISE = Exercise(
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
    shipped="1f32b246e66eb2dd",
)


def test_ops_products_and_sums(submission, generator):
    """At most k multiplications and k additions, or k fused ones."""
    for k in (1, 5, 12):
        arguments = torch.randn(k + 1, generator=generator), torch.randn(9, generator=generator)
        ops = submission.measure(horner, *arguments).ops.ops
        fused = sum(ops.get(name, 0) for name in ("addcmul", "addcmul_", "lerp", "lerp_"))
        products = fused + sum(
            ops.get(name, 0) for name in ("mul", "mul_", "pow", "pow_", "square")
        )
        sums = fused + sum(ops.get(name, 0) for name in ("add", "add_", "sub", "sub_", "sum"))
        require(
            products <= k and sums <= k,
            f"For degree {k} it makes {products} multiplications and {sums} additions; Horner's "
            f"rule needs {k} of each, and no powers.",
            products=products,
            sums=sums,
        )
