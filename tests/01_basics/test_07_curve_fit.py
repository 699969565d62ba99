"""Grader of curve_fit: the steps of Adam from a random start, the final error, and few ops."""

import torch

from torchkata import EntryPoint, Spec, Tolerance, _, none_of, require, same
from torchkata.probes import impure_without_gradients

CLOSE = Tolerance(rtol=0, atol=1e-8)  # for float64; the rounding error of float32 is 1e-7
SPEC = Spec(EntryPoint("fit"), stub_digest="72074346df0b07d9")
RULES = {
    "below 0.1%": "values[default settings]",
    "standard deviation": "values[of the start]",
    "same seed": "values[follow the seed]",
    "no warnings": "contract[no warning]",
}


def features(x):
    return torch.stack((x * x, x, torch.ones_like(x)), 1)


def adam(w, x, y, steps, lr):
    """Run Adam step by step, from the formulas of the paper."""
    f = features(x)
    m = v = torch.zeros_like(w)
    for t in range(1, steps + 1):
        g = 2 * f.mT @ (f @ w - y[:, None]) / len(x)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w = w - lr * m / (1 - 0.9**t) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
    return w


def points(generator, n, dtype=torch.float32):
    """Draw points of a parabola on [-10, 10]."""
    x = torch.rand(n, generator=generator, dtype=dtype) * 20 - 10
    a, b, c = torch.rand(3, generator=generator, dtype=dtype) * 8 - 4
    a += 2 * a.sign()  # curved enough: 2 <= |a| <= 6
    return x, a * x * x + b * x + c


def fit_after_seed(kata, x, y, seed, *settings):
    """Seed the global generator, then fit."""
    torch.manual_seed(seed)
    return kata.fit(x, y, *settings).detach()


def fits_from_generators(kata, x, y, seed):
    """Fit with two equal generators and a different one, while the global generator moves on."""
    results = []
    for generator_seed in (seed, seed, seed + 1):
        generator = torch.Generator(device=x.device).manual_seed(generator_seed)
        results.append(kata.fit(x, y, 2, 0.1, generator).detach())
        torch.rand(3)
    return results


def side_effects(kata, x, y):
    """Return warnings, whether the result requires grad, and whether x and y are unchanged."""
    import random  # noqa: PLC0415 - probes import what they need
    import warnings  # noqa: PLC0415

    before, state = (x.clone(), y.clone()), random.getstate()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        w = kata.fit(x, y, 2)
    unchanged = torch.equal(x, before[0]) and torch.equal(y, before[1])
    return {
        "reseeded": random.getstate() != state,
        "warnings": [str(warning.message) for warning in caught],
        "requires_grad": w.requires_grad,
        "unchanged": unchanged and not x.requires_grad and not y.requires_grad,
    }


def random_starts(kata, x, y, count):
    """Return the weights of fits of 0 steps, which draw one after the other: [count, 3, 1]."""
    torch.manual_seed(1)
    return torch.stack([kata.fit(x, y, 0).detach() for _fit in range(count)])


def later_fits(kata, data, seed):
    """Fit to slices of one buffer, which is overwritten before each fit."""
    buffer = torch.zeros(2, 2 * len(data[0][0]) + 3, dtype=data[0][0].dtype)
    x, y = buffer[:, 3::2]
    results = []
    for new_x, new_y in data:
        x.copy_(new_x)
        y.copy_(new_y)
        torch.manual_seed(seed)
        results.append(kata.fit(x, y, 3, 0.1))
    return [result.detach() for result in results]


def relative_error(w, x, y):
    """Return the mean squared error divided by the variance of y."""
    return float(((features(x) @ w.to(x))[:, 0] - y).square().mean() / y.var())


def test_contract_no_warning(submission, generator):
    """Calling fit raises no warnings."""
    warnings = submission.run(side_effects, *points(generator, 50))["warnings"]
    require(not warnings, _("fit raises a warning: {warning}", warning=(warnings or [""])[0]))


def test_shape_of_weights(submission, generator):
    """The result has the shape [3, 1]."""
    for n in (1, 50):
        shape = list(submission.run(fit_after_seed, *points(generator, n), 1, 1).shape)
        require(
            shape == [3, 1],
            _("The weights: expected shape [3, 1], got {shape}.", shape=shape),
        )


def test_dtype_of_weights(submission, generator):
    """The weights have the dtype of x."""
    for dtype in (torch.float32, torch.float64):
        end = submission.run(fit_after_seed, *points(generator, 50, dtype), 5, 2)
        require(
            end.dtype == dtype,
            _(
                "The weights: expected {expected} like x, got {dtype}.",
                expected=dtype,
                dtype=end.dtype,
            ),
        )


def test_values_default_settings(submission, generator):
    """By default, w follows Adam for 1,000 steps, and the error is below 0.1% of the variance."""
    x, y = points(generator, 60, torch.float64)
    for seed in (1, 2):  # one start in thousands is unlucky; two are not
        end = submission.run(fit_after_seed, x, y, seed)
        share = relative_error(end, x, y)
        if share < 1e-3:
            break
    require(
        share < 1e-3,
        _(
            "After fit(x, y), the mean squared error is {percent:.3g} % of the variance of y; it "
            "must be below 0.1%. (Predicting the mean of y gives about 100%.)",
            percent=100 * share,
        ),
        error_share=share,
    )
    start = submission.run(fit_after_seed, x, y, seed, 0)
    what = _(
        "w after fit(x, y), which makes {steps} steps of Adam with lr={lr}", steps=1000, lr=0.1
    )
    expected = adam(start.to(x), x, y, 1000, 0.1)
    same(end, expected, what=what, tolerance=Tolerance(rtol=0, atol=1e-6), dtype=False)


def test_values_follow_adam(submission, generator):
    """From its random start, w follows Adam for the given steps and lr, for any n."""
    x, y = points(generator, 50, torch.float64)
    start = submission.run(fit_after_seed, x, y, 5, 0)
    for n, steps, lr in (
        (50, 1, 0.1),
        (50, 1, 0.02),
        (50, 2, 0.1),
        (50, 12, 0.3),
        (1, 1010, 0.0001),
        (5000, 2, 0.1),
    ):
        if n != len(x):
            x, y = points(generator, n, torch.float64)
        end = submission.run(fit_after_seed, x, y, 5, steps, lr)
        if steps == 1:
            moved = (end - start).abs()
            require(
                (moved - lr).abs().max() < 1e-4 * lr,
                _(
                    "Adam's first step moves every weight by lr = {lr}. With the same seed, your "
                    "weights move by {moved}. Does fit use steps and lr, and is the optimizer "
                    "Adam?",
                    lr=lr,
                    moved=moved.flatten().tolist(),
                ),
            )
        what = _("w after Adam with n={n}, steps={steps}, lr={lr}", n=n, steps=steps, lr=lr)
        same(end, adam(start.to(x), x, y, steps, lr), what=what, tolerance=CLOSE, dtype=False)


def test_values_of_nan_and_infinity(submission, generator):
    """A nan in x or y, or an infinity in y, makes all weights nan, as Adam does."""
    for name, number in (("x", torch.nan), ("y", torch.nan), ("y", torch.inf)):
        given = dict(zip("xy", points(generator, 9), strict=True))
        given[name][4] = number
        end = submission.run(fit_after_seed, *given.values(), 5, 1)
        what = _("w after a step of Adam, if {name} contains {number}", name=name, number=number)
        same(end, torch.full((3, 1), torch.nan), what=what)


def test_values_of_the_mean(submission, generator):
    """The loss is the mean of the squares: with small gradients, Adam's eps shows its scale."""
    x, y = points(generator, 50, torch.float64)
    x = x / 10
    start = submission.run(fit_after_seed, x, y, 5, 0)
    y = (features(x) @ start.to(x))[:, 0] + 1e-8 * torch.randn(50, generator=generator).to(x)
    end = submission.run(fit_after_seed, x, y, 5, 1, 0.1)
    close = Tolerance(rtol=0, atol=1e-4)
    what = _(
        "w after a step with gradients near Adam's eps of {eps}, from the mean squared error",
        eps="1e-8",
    )
    same(end, adam(start.to(x), x, y, 1, 0.1), what=what, tolerance=close, dtype=False)


def test_values_of_later_fits(submission, generator):
    """Each fit depends on the present values of x and y alone, and returns a new tensor."""
    data = [points(generator, 20, torch.float64) for _fit in range(3)]
    start = submission.run(fit_after_seed, *data[0], 5, 0)
    ends = submission.run(later_fits, data, 5)
    for (x, y), end, turn in zip(data, ends, range(1, 4), strict=True):
        what = _("w of fit number {turn}, after x and y were overwritten", turn=turn)
        same(end, adam(start.to(x), x, y, 3, 0.1), what=what, tolerance=CLOSE, dtype=False)


def test_values_of_the_start(submission, generator):
    """The start is random, each weight by itself, with a standard deviation of about 1."""
    starts = submission.run(random_starts, *points(generator, 5), 12)[..., 0]  # [12, 3]
    spread = starts.std(0)
    require(
        spread.min() > 0.05 and spread.max() < 8,
        _(
            "Over 12 starts, the standard deviations of a, b and c are {spread}. Expected values "
            "between 0.1 and 5.",
            spread=[round(number, 3) for number in spread.tolist()],
        ),
    )
    largest = (starts.T.corrcoef() - torch.eye(3)).abs().max()
    require(
        largest < 0.95,
        _("The starting weights depend on each other. Draw a, b and c independently."),
    )


def test_values_follow_the_seed(submission, generator):
    """The same seed or generator gives the same weights; a different one gives others."""
    x, y = points(generator, 50)
    first, again, other = (submission.run(fit_after_seed, x, y, seed, 1) for seed in (3, 3, 4))
    same(first, again, what=_("w after the same torch.manual_seed"))
    require(
        not torch.equal(first, other),
        _("Two different seeds give the same w. Is the start random?"),
    )
    first, again, other = submission.run(fits_from_generators, x, y, 3)
    require(
        torch.equal(first, again),
        _("Two generators with the same seed give different w. Does fit use `generator`?"),
    )
    require(
        not torch.equal(first, other),
        _("Two generators with different seeds give the same w. Does fit use `generator`?"),
    )


def test_device_of_weights(submission, device, generator):
    """The fit runs on the device of x and y."""
    dtype = torch.float32 if "mps" in device else torch.float64
    x, y = points(generator, 50, dtype)
    start, end = (submission.run(fit_after_seed, x, y, 5, steps, device=device) for steps in (0, 3))
    actual = submission.run(lambda kata, x, y: str(kata.fit(x, y, 0).device), x, y, device=device)
    require(
        actual == device,
        _(
            "The weights: expected device {expected} like x, got {device}.",
            expected=device,
            device=actual,
        ),
    )
    close = CLOSE if dtype is torch.float64 else Tolerance(rtol=0, atol=1e-4)
    expected = adam(start.to(x), x, y, 3, 0.1)
    what = _("w after 3 steps on {device}", device=device)
    same(end, expected, what=what, tolerance=close, dtype=False)
    submission.run(fits_from_generators, x, y, 3, device=device)


def test_purity_points_stay(submission, generator):
    """Calling fit does not modify x and y, and sets no seed."""
    require(
        not submission.run(side_effects, *points(generator, 9))["reseeded"],
        _("fit sets the seed of Python's module random, on which other code relies."),
    )
    modes = submission.run(impure_without_gradients, "fit", *points(generator, 9), 0)
    none_of(
        modes, what=_("Modes in which a call with steps=0 modifies x or y, or keeps its result")
    )
    require(
        submission.run(side_effects, *points(generator, 50))["unchanged"],
        _("fit(x, y) changes the values or the requires_grad of x or y."),
    )


def test_gradient_weights_are_detached(submission, generator):
    """The weights do not require grad."""
    require(
        not submission.run(side_effects, *points(generator, 50))["requires_grad"],
        _("The weights still require grad; return them detached."),
    )


def test_ops_per_step(submission, generator):
    """At most 32 ops per step, not counting views, as the difference of 1 and 21 steps."""
    x, y = points(generator, 50, torch.float64)
    few, many = (submission.measure(fit_after_seed, x, y, 5, steps) for steps in (1, 21))
    unmeasured = submission.run(fit_after_seed, x, y, 5, 21)
    same(many.value, unmeasured, what=_("w of 21 steps whose ops are counted"), tolerance=CLOSE)
    per_step = (many.ops.computing - few.ops.computing) / 20
    require(
        per_step <= 32,
        _(
            "Each step runs {per_step:g} ops; the limit is 32, and the reference runs 18. 21 steps "
            "run {ops}. What can move before the loop? What runs one op per weight?",
            per_step=per_step,
            ops=many.ops.describe(5),
        ),
        ops=per_step,
        ops_allowed=32,
    )
