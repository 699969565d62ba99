"""Grader of curve_fit_exact: a direct solution, faster than Adam, without losing accuracy."""

import torch

from torchkata import Case, Function, Spec, Speedup, Tolerance, _, normal, require, uniform


def features(x):
    return torch.stack((x * x, x, torch.ones_like(x)), 1)


def in_double(x, y):
    """Solve the normal equations in float64, which has enough digits."""
    f = features(x).double()
    return torch.linalg.solve(f.mT @ f, f.mT @ y.double()[:, None]).to(x.dtype)


def adam_fit_of_200_steps(x, y):
    f = torch.stack((x * x, x, torch.ones_like(x)), 1)
    w = torch.randn(3, 1, dtype=x.dtype, requires_grad=True)
    optimizer = torch.optim.Adam([w], lr=0.1)
    for _step in range(200):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss((f @ w).squeeze(1), y).backward()
        optimizer.step()
    return w.detach()


def points(n, dtype, generator, noise, low=-10.0, high=10.0):
    """Draw points near a parabola; the norm of its weights is between 3 and 11."""
    x = torch.rand(n, generator=generator, dtype=dtype) * (high - low) + low
    a, b, c = torch.rand(3, generator=generator, dtype=dtype) * 10 - 5
    y = (a + 3 * a.sign()) * x * x + b * x + c
    return x, y + noise * torch.randn(n, generator=generator, dtype=dtype)


def parabola(noise):
    return lambda sizes, generator: points(sizes.n, sizes.dtype, generator, noise)


SPEC = Spec(
    Function(
        "fit_exact",
        inputs={"x": uniform("n", -10, 10), "y": normal("n", std=10)},
        naive=in_double,
        cases=(
            Case("ten points of a parabola", given=parabola(0), n=10),
            Case("ten points with noise", given=parabola(1), n=10),
            Case("many points of a parabola", given=parabola(0), n=1000),
            Case("many points with noise", given=parabola(3), n=500),
            Case("5,000 points with noise", given=parabola(3), n=5000),
            Case("only noise", n=200),
        ),
        gradient=False,
        budget=(Speedup(100, over=adam_fit_of_200_steps, at={"n": 100}),),
        tolerance=Tolerance(rtol=0, atol=3e-3),  # at most 1e-3 of the norm of w
        variant_case="many points with noise",
    ),
    stub_digest="abc1626a62600fa1",
)
RULES = {
    "The distance": "stability[away from zero]",
    "Any solver": None,
    "not checked": None,
}


def call_fit_exact(kata, x, y):
    return kata.fit_exact(x, y).detach()


def worst_error(submission, generator, dtype, noise):
    """Return the largest relative error of w among five draws on [5, 10]."""
    errors = []
    for _draw in range(5):
        x, y = points(200, dtype, generator, noise, 5.0, 10.0)
        true = torch.linalg.lstsq(features(x).double(), y.double()[:, None]).solution
        w = submission.run(call_fit_exact, x, y).double().reshape(3, 1)
        errors.append(float((w - true).norm() / true.norm()))
    return max(errors)


def test_stability_away_from_zero(submission, generator):
    """On [5, 10], where the features are nearly parallel, w is accurate to 1e-3."""
    for noise in (0.0, 0.5):
        worst = worst_error(submission, generator, torch.float32, noise)
        require(
            worst <= 1e-3,
            _(
                "For x in [5, 10], the relative error of w is {error:.2g}; the limit is 1e-3, and "
                "a solver that works on the features F themselves reaches about 1e-4. Forming "
                "F^T F squares the condition number, which loses twice as many digits.",
                error=worst,
            ),
            error_share=worst,
        )


def test_dtype_float64_keeps_its_digits(submission, generator):
    """In float64, w is accurate to 1e-7, even on [5, 10]."""
    worst = worst_error(submission, generator, torch.float64, 0.5)
    require(
        worst <= 1e-7,
        _(
            "In float64, the relative error of w is {error:.2g}; the limit is 1e-7. Does the "
            "computation pass through float32?",
            error=worst,
        ),
        error_share=worst,
    )
