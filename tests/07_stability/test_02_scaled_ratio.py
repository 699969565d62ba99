"""Grader of scaled_ratio: the relative error of each entry, over the whole range of a dtype."""

import torch

from torchkata import Case, Function, Spec, _, arguments, normal, require, uniform
from torchkata.probes import with_gradients

BOUNDS = {torch.float32: (37, 5e-6), torch.float64: (306, 1e-13)}  # power of 10; relative error


def exact(x, y, z):
    """Compute the ratio in float64 from mantissas between 0.5 and 1, and add up the exponents."""
    (x, ex), (y, ey), (z, ez) = (torch.frexp(t.double()) for t in (x, y, z))
    powers = (ex + ey - ez).clamp(-2000, 2000).flatten().tolist()
    first = torch.tensor([2.0 ** (e // 2) for e in powers], dtype=x.dtype)
    second = torch.tensor([2.0 ** (e - e // 2) for e in powers], dtype=x.dtype)
    return x * y / z * first * second


def naive(x, y, z):
    return torch.tensor(
        [a * b / c for a, b, c in zip(*(t.flatten().tolist() for t in (x, y, z)), strict=True)],
        dtype=x.dtype,
    ).reshape(x.shape)


def extreme(dtype, generator, count=20_000):
    """Draw arguments of all magnitudes and signs, some x = 0, whose ratio is within the bounds."""
    limit = BOUNDS[dtype][0]
    power, sign = torch.rand(2, 3, count, generator=generator, dtype=torch.float64)
    x, y, z = (10 ** (limit * (2 * power - 1)) * torch.where(sign < 0.5, -1, 1)).to(dtype)
    x[::50] = 0
    kept = within(exact(x, y, z), x, limit)
    return x[kept], y[kept], z[kept]


def within(t, x, limit):
    return ((t == 0) & (x == 0)) | ((t.abs() > 10.0**-limit) & (t.abs() < 10.0**limit))


def require_close(got, expected, arguments, what):
    """Fail unless each entry within the bounds has a small relative error."""
    limit, most = BOUNDS[arguments[0].dtype]
    require(
        got.shape == expected.shape,
        _(
            "Expected shape {expected} for {what}, got {shape}.",
            expected=list(expected.shape),
            what=what,
            shape=list(got.shape),
        ),
    )
    error = ((got.double() - expected).abs() / expected.abs().clamp(min=10.0**-limit)).nan_to_num(
        torch.inf, torch.inf
    )
    error = torch.where(within(expected, arguments[0], limit), error, 0.0)
    worst = int(error.argmax())
    x, y, z = (t[worst].item() for t in arguments)
    require(
        error[worst] <= most,
        _(
            "For x = {x:.4g}, y = {y:.4g}, z = {z:.4g} in {dtype}, {what} should be "
            "{expected:.8g}, but is {got:.8g}. {count} of {total} entries have a relative error "
            "above {limit:g}.",
            x=x,
            y=y,
            z=z,
            dtype=str(arguments[0].dtype).removeprefix("torch."),
            what=what,
            expected=expected[worst].item(),
            got=got[worst].item(),
            count=int((error > most).sum()),
            total=len(error),
            limit=most,
        ),
        relative_error=min(float(error[worst]), 1e300),
    )


RULES = {
    "its relative error": "stability[over the whole range]",
    "every gradient": "gradient[over the whole range]",
}
SPEC = Spec(
    Function(
        "scaled_ratio",
        inputs={"x": normal("n m"), "y": normal("n m"), "z": uniform("n m", -3, -0.3)},
        naive=naive,
        cases=(
            Case("one entry", n=1, m=1),
            Case("one row", n=1, m=7),
            Case("one column", n=6, m=1),
            Case("no rows", n=0, m=3),
            Case("0-d tensors", given=arguments(normal(""), normal(""), uniform("", -3, -0.3))),
            Case("many", n=20, m=30),
        ),
    ),
    stub_digest="faa520f6b6673eb6",
    broken_axis="stability",
)


def test_stability_over_the_whole_range(submission, generator):
    """Results within the bounds are accurate."""
    for dtype in BOUNDS:
        arguments = extreme(dtype, generator)
        got = submission.call("scaled_ratio", *arguments)
        require_close(got, exact(*arguments), arguments, _("the result"))


def test_gradient_over_the_whole_range(submission, generator):
    """Gradients are accurate if they and the result are within the bounds."""
    for dtype in BOUNDS:
        x, y, z = extreme(dtype, generator)
        _result, gradients = submission.run(with_gradients, "scaled_ratio", (x, y, z), (0, 1, 2))
        one, result = torch.ones_like(x), exact(x, y, z)
        expected = (exact(one, y, z), exact(one, x, z), -exact(one, result, z))
        for name, got, truth in zip("xyz", gradients, expected, strict=True):
            require(torch.is_tensor(got), _("No gradient reaches {name}.", name=name))
            require_close(got, truth, (x, y, z), _("the gradient of {name}", name=name))
