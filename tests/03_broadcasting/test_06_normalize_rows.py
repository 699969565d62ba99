"""Grader of normalize_rows: each norm divides its own row."""

import torch

from torchkata import (
    Case,
    Function,
    Scale,
    Spec,
    Speedup,
    _,
    arguments,
    normal,
    require,
    same,
    same_as_reference,
    special,
    value,
)


def loop_over_rows(x, eps=1e-12):
    flat = x.reshape(-1, x.shape[-1])
    out = torch.zeros_like(flat)
    for i in range(flat.shape[0]):
        out[i] = flat[i] / flat[i].norm().clamp(min=eps)
    return out.reshape(x.shape)


SPEC = Spec(
    Function(
        "normalize_rows",
        inputs={"x": normal("n d"), "eps": value(1e-12)},
        naive=loop_over_rows,
        cases=(
            # Of one number, whose gradient is 0 up to rounding, only the values are judged.
            Case("one number", given=arguments(normal("1 1"))),
            Case("one row", n=1, d=5),
            Case("one column", given=arguments(normal("6 1"))),
            Case("no rows", n=0, d=4),
            Case("square", n=6, d=6),
            Case("tall", n=60, d=7),
            Case("wide", n=4, d=90),
            Case("7,000 rows", n=7000, d=3),
            Case("a vector", given=arguments(normal("8"))),
            Case("three dims", given=arguments(normal("3 4 5"))),
            Case("four dims, some of size 1", given=arguments(normal("2 1 3 1"))),
            Case(
                "norms around eps",
                given=arguments(normal("40 4", std=0.15), 0.3),
                gradient=("x",),
            ),
            Case("nan and inf", given=arguments(special("9 3"))),
        ),
        gradient=("x",),
        no_loop=("n", "d"),
        scale=Scale(_("embeddings of a million documents"), n=1_000_000, d=768),
        budget=(Speedup(20, over=loop_over_rows, at={"n": 500, "d": 64}),),
    ),
    stub_digest="527d047d44351e90",
)


def result_and_gradient(kata, x):
    x = x.clone().requires_grad_()
    y = kata.normalize_rows(x)
    weights = torch.linspace(-1, 2, y.numel(), device=y.device).reshape(y.shape)
    return {"result": y.detach(), "gradient": torch.autograd.grad((y * weights).sum(), x)[0]}


def test_values_row_of_zeros(submission, reference, generator):
    """A row of zeros stays a row of zeros."""
    x = torch.randn(5, 3, generator=generator)
    x[2] = 0
    what = {"result": _("the result")}
    same_as_reference(submission, reference, result_and_gradient, x, what=what)


def test_gradient_row_of_zeros(submission, reference, generator):
    """A row of zeros has a finite gradient, and does not change those of other rows."""
    x = torch.randn(5, 3, generator=generator)
    x[2] = 0
    got, expected = (
        subject.run(result_and_gradient, x)["gradient"] for subject in (submission, reference)
    )
    require(
        bool(got.isfinite().all()),
        _(
            "The gradient of a row of zeros is not finite. The derivative of sqrt is infinite at "
            "0, and a clamp after it multiplies that by 0, which gives nan. Use a norm, or clamp "
            "before the square root."
        ),
    )
    others = [0, 1, 3, 4]
    same(got[others], expected[others], what=_("the gradient of the nonzero rows"))
