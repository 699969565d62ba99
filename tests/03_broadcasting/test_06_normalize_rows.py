"""Grader of normalize_rows: lengths that meet their own rows."""

import torch

from torchkata import Case, Spec, Function, Speedup, normal, require, same, value


def loop_over_rows(x, eps=1e-12):
    flat = x.reshape(-1, x.shape[-1])
    out = torch.zeros_like(flat)
    for i in range(flat.shape[0]):
        out[i] = flat[i] / flat[i].norm().clamp(min=eps)
    return out.reshape(x.shape)


def drawn(*shape, std=1.0, **more):
    def given(sizes, generator):
        x = torch.randn(shape, generator=generator, dtype=sizes.dtype) * std
        return (x, *more.values())

    return given


SPEC = Spec(
    Function(
        "normalize_rows",
        inputs={"x": normal("n d"), "eps": value(1e-12)},
        naive=loop_over_rows,
        cases=(
            Case("one number", n=1, d=1),
            Case("one row", n=1, d=5),
            Case("one column", n=6, d=1),
            Case("no rows", n=0, d=4),
            Case("square", n=6, d=6),
            Case("tall", n=60, d=7),
            Case("wide", n=4, d=90),
            Case("a single row without a leading dim", given=drawn(8)),
            Case("three dims", given=drawn(3, 4, 5)),
            Case("four dims, some of size 1", given=drawn(2, 1, 3, 1)),
            Case("rows around eps", given=drawn(40, 4, std=0.25, eps=0.5)),
        ),
        gradient=("x",),
        budget=(Speedup(20, over=loop_over_rows, at={"n": 500, "d": 64}),),
    ),
    stub_digest="511ec8c3d63bddc3",
)


def slopes(kata, x):
    x = x.clone().requires_grad_()
    y = kata.normalize_rows(x)
    weights = torch.linspace(-1, 2, y.numel(), device=y.device).reshape(y.shape)
    return y.detach(), torch.autograd.grad((y * weights).sum(), x)[0]


def test_values_row_of_zeros(submission, reference, generator):
    """A row of zeros stays a row of zeros."""
    x = torch.randn(5, 3, generator=generator)
    x[2] = 0
    same(submission.run(slopes, x)[0], reference.run(slopes, x)[0], what="the result")


def test_gradient_row_of_zeros(submission, reference, generator):
    """A row of zeros has a finite gradient, and does not disturb the others'."""
    x = torch.randn(5, 3, generator=generator)
    x[2] = 0
    got, expected = submission.run(slopes, x)[1], reference.run(slopes, x)[1]
    require(
        bool(got.isfinite().all()),
        "The gradient of a row of zeros is not finite. sqrt has an infinite slope at 0, and a "
        "clamp after it multiplies that by 0: nan. Use a norm, or set the floor before the root.",
    )
    others = [0, 1, 3, 4]
    same(got[others], expected[others], what="the gradient of the rows that are not zero")
