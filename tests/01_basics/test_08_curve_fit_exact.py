"""Grader of curve_fit_exact: least squares at once, against Adam and against lost digits."""

import torch

from torchkata import Case, Spec, Function, Speedup, Tolerance, normal, require, uniform


def in_double(x, y):
    """The normal equations, with digits enough."""
    f = torch.stack((x * x, x, torch.ones_like(x)), 1).double()
    return torch.linalg.solve(f.mT @ f, f.mT @ y.double()[:, None]).to(x.dtype)


def adam_fit_of_200_steps(x, y):
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)
    w = torch.randn(3, 1, dtype=x.dtype, requires_grad=True)
    optimizer = torch.optim.Adam([w], lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss((f @ w).squeeze(1), y).backward()
        optimizer.step()
    return w.detach()


def points(n, dtype, generator, noise, low=-10.0, high=10.0):
    """Points near a parabola whose weights have a length of 3 to 11."""
    x = torch.rand(n, generator=generator, dtype=dtype) * (high - low) + low
    a, b, c = torch.rand(3, generator=generator, dtype=dtype) * 10 - 5
    y = (a + 3 * a.sign()) * x * x + b * x + c
    return x, y + noise * torch.randn(n, generator=generator, dtype=dtype)


def curve(noise):
    return lambda sizes, generator: points(sizes.n, sizes.dtype, generator, noise)


SPEC = Spec(
    Function(
        "fit_exact",
        inputs={"x": uniform("n", -10, 10), "y": normal("n", std=10)},
        naive=in_double,
        cases=(
            Case("ten points of a parabola", given=curve(0), n=10),
            Case("ten points with noise", given=curve(1), n=10),
            Case("many points of a parabola", given=curve(0), n=1000),
            Case("many points with noise", given=curve(3), n=500),
            Case("noise alone", n=200),
        ),
        gradient=False,
        budget=(Speedup(100, over=adam_fit_of_200_steps, at={"n": 100}),),
        tolerance=Tolerance(rtol=0, atol=3e-3),  # 1e-3 of the length of w, or less
        variant_case="many points with noise",
    ),
    stub_digest="89f05f9368777433",
)


def fitted(kata, x, y):
    return kata.fit_exact(x, y).detach()


def worst_error(submission, generator, dtype, noise):
    """The largest error among five draws on [5, 10], as a share of the length of w."""
    errors = []
    for _ in range(5):
        x, y = points(200, dtype, generator, noise, 5.0, 10.0)
        f = torch.stack((x * x, x, torch.ones_like(x)), 1).double()
        true = torch.linalg.lstsq(f, y.double()[:, None]).solution
        w = submission.run(fitted, x, y).double().reshape(3, 1)
        errors.append(float((w - true).norm() / true.norm()))
    return max(errors)


def test_stability_away_from_zero(submission, generator):
    """On [5, 10], where the features look alike, w is right to 1e-3."""
    for noise in (0.0, 0.5):
        worst = worst_error(submission, generator, torch.float32, noise)
        require(
            worst <= 1e-3,
            f"For x in [5, 10] w is off by {worst:.2g} of its length; at most 1e-3 is allowed, a "
            "solver that works on the features themselves reaches about 1e-4. Products such as "
            "F^T F square the numbers, and half of the digits are lost.",
            error_share=worst,
        )


def test_dtype_float64_keeps_its_digits(submission, generator):
    """In float64, w is right to 1e-7, even on [5, 10]."""
    worst = worst_error(submission, generator, torch.float64, 0.5)
    require(
        worst <= 1e-7,
        f"For float64 w is off by {worst:.2g} of its length; at most 1e-7 is allowed. Is there a "
        "float32 on the way?",
        error_share=worst,
    )
