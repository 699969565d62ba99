"""Grader of fit_line: gradient descent on any module, with one read of the loss."""

import torch

from torchkata import (
    Case,
    EntryPoint,
    Function,
    HostSyncs,
    Spec,
    Tolerance,
    _,
    none_of,
    require,
    same,
    uniform,
    value,
)
from torchkata.probes import module_changes


class Line(torch.nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.a, self.b = torch.nn.Parameter(a.clone()), torch.nn.Parameter(b.clone())

    def forward(self, x):
        return self.a * x + self.b


class Parabola(Line):
    def __init__(self, a, b):
        super().__init__(a, b)
        self.bend = torch.nn.Parameter(torch.zeros_like(a))

    def forward(self, x):
        return super().forward(x) + self.bend * x * x


class Idle(Line):
    """A line with a parameter whose gradient is 0."""

    def __init__(self, a, b):
        super().__init__(a, b)
        self.idle = torch.nn.Parameter(torch.ones_like(a))

    def forward(self, x):
        return super().forward(x) + 0 * self.idle


def parameters_after_fit(kata, a, b, x, y, steps, lr=0.01, kind="line", stale=0.0):
    """Fit a line or a parabola whose .grad are filled with `stale`; return its parameters."""
    net = {"line": Line, "parabola": Parabola, "idle": Idle}[kind](a, b)
    for parameter in net.parameters() if stale else ():
        parameter.grad = torch.full_like(parameter, stale)
    kata.fit(net, x, y, steps=steps, lr=lr)
    return dict(net.state_dict())


def by_formula(a, b, x, y, steps, lr=0.01, kind="line", *_stale):
    """Descend by the formula of the gradient, and read the loss in each step."""
    bend, idle, losses = torch.zeros_like(a), torch.ones_like(a), []
    for _step in range(steps):
        curve = bend * x * x if kind == "parabola" else 0
        error = a * x + b + curve - y
        losses.append(error.square().mean().item())
        slope = 2 * error / len(x)
        a, b = a - lr * (slope * x).sum(), b - lr * slope.sum()
        bend = bend - lr * (slope * x * x).sum() if kind == "parabola" else bend
    others = {"parabola": {"bend": bend}, "idle": {"idle": idle}}
    return {"a": a, "b": b, **others.get(kind, {})}


def start_and_data(generator, n=100, dtype=torch.float32):
    """Draw initial a and b, and data x and y."""
    a, b = torch.rand(2, 1, generator=generator, dtype=dtype)
    x = torch.arange(n, dtype=dtype) / n
    return a, b, x, 5 * x + 3 + 0.3 * torch.rand(n, generator=generator, dtype=dtype)


def fit_case(name, *settings, n=100, outlier=0.0, shift=0.0, **options):
    def draw(sizes, generator):
        a, b, x, y = start_and_data(generator, n, sizes.dtype)
        y[-1] += outlier
        x[-1] += shift
        return a, b, x, y, *settings

    return Case(name, given=draw, **options)


SPEC = Spec(
    EntryPoint("fit"),
    Function(
        "parameters after fit",
        adapter=parameters_after_fit,
        inputs={"a": uniform("1"), "b": uniform("1"), "x": uniform("n"), "y": uniform("n")}
        | {"steps": value("s"), "lr": value("lr")},
        naive=by_formula,
        cases=(
            fit_case("1 step, lr=0.01", 1, 0.01),
            fit_case("1 step, lr=0.1", 1, 0.1),
            fit_case("1 step, lr=0.05, 7 points", 1, 0.05, n=7),
            fit_case("1 step, lr=0.02, 1 point", 1, 0.02, n=1),
            fit_case("2 steps", 2),
            fit_case("30 steps", 30),
            fit_case("2 steps, far from y", 2, outlier=1e6),
            fit_case("1 step, nan in y", 1, outlier=torch.nan),
            fit_case("1 step, infinity in y", 1, outlier=torch.inf),
            fit_case("1 step, nan in x", 1, shift=torch.nan),
            fit_case("1 step, infinity in x", 1, shift=torch.inf),
            fit_case("1 step, 21,000 points", 1, 0.1, n=21000),
            fit_case(
                "3 steps in float64, with a parameter whose gradient is 0",
                *(3, 0.1, "idle"),
                tolerance={torch.float64: Tolerance(rtol=1e-12, atol=1e-13)},
                why="Plain gradient descent has no momentum and no weight decay.",
            ),
            fit_case("2 steps with gradients left over from earlier", 2, 0.01, "line", 7.0),
            fit_case("20 steps of a module with the parameters a, b, bend", 20, 0.01, "parabola"),
            Case("5 steps", n=100, s=5, lr=0.01),
        ),
        dtypes=(torch.float32,),
        layouts=("strided", "offset"),
        gradient=False,
        tolerance=Tolerance(rtol=1e-3, atol=1e-4),
        budget=(HostSyncs(1),),
    ),
    stub_digest="3258f73d46ba5ad6",
)
RULES = {
    "Train all parameters": "values",
    "Ignore gradients": "values[*left over*]",
}


def loss_and_parameters(kata, a, b, x, y, steps):
    """Return the result of fit, and the parameters after it."""
    net = Line(a, b)
    loss = kata.fit(net, x, y, steps=steps)
    return {"loss": loss, "a": net.a.detach(), "b": net.b.detach()}


def parameters_after_default_fit(kata, a, b, x, y):
    net = Line(a, b)
    kata.fit(net, x, y)
    return dict(net.state_dict())


def in_plain_numbers(a, b, x, y, steps, lr):
    """Do the same in Python floats, which is faster for a few points."""
    a, b, x, y = a.item(), b.item(), x.tolist(), y.tolist()
    for _step in range(steps):
        slopes = [2 * (a * u + b - v) / len(x) for u, v in zip(x, y, strict=True)]
        a -= lr * sum(slope * u for slope, u in zip(slopes, x, strict=True))
        b -= lr * sum(slopes)
    return {
        name: torch.tensor([number], dtype=torch.float64) for name, number in (("a", a), ("b", b))
    }


def test_contract_returns_a_float(submission, generator):
    """The loss is returned as a Python float."""
    loss = submission.run(loss_and_parameters, *start_and_data(generator), 3)["loss"]
    require(
        isinstance(loss, float),
        _(
            "fit: expected the last loss as a float, got {type}: {loss}. Convert the loss to a "
            "number once, after the loop.",
            type="torch.Tensor" if torch.is_tensor(loss) else type(loss).__name__,
            loss=loss,
        ),
    )


def test_contract_trains_in_place(submission, generator):
    """The caller's net is trained."""
    a, b, x, y = start_and_data(generator)
    after = submission.run(loss_and_parameters, a, b, x, y, 3)
    require(
        after["a"].tolist() != a.tolist() and after["b"].tolist() != b.tolist(),
        _(
            "After 3 steps, the parameters of the net have not changed. Train the net that was "
            "passed, not a copy, and update its parameters in place."
        ),
    )


def changes_of_the_net(kata, a, b, x, y):
    """Return what fit leaves changed in a net besides the values of its parameters."""
    net = Line(a, b)
    with module_changes(net) as changed:
        kata.fit(net, x, y, steps=2)
    kinds = ("requires_grad", "mode", "hooks")
    return [name or "net" for kind in kinds for name in changed[kind]]


def test_purity_of_the_net(submission, generator):
    """After fit, the net can be trained on: its mode, hooks and requires_grad are as before."""
    none_of(
        submission.run(changes_of_the_net, *start_and_data(generator)),
        what=_("Parts of the net whose mode, hooks or requires_grad fit changes"),
    )


def test_values_default_settings(submission, generator):
    """By default, fit makes 10,000 steps with lr=0.01."""
    a, b, _x, _y = start_and_data(generator, dtype=torch.float64)
    x, y = torch.tensor([[0.0, 0.05], [3.0, 4.0]], dtype=torch.float64)  # a needs 1e5 steps
    got = submission.run(parameters_after_default_fit, a, b, x, y)
    expected = in_plain_numbers(a, b, x, y, 10000, 0.01)
    what = _(
        "the parameters after fit(net, x, y), {steps} steps with lr={lr}", steps=10000, lr=0.01
    )
    same(got, expected, what=what, tolerance=Tolerance(rtol=1e-8, atol=1e-8))


def test_values_loss(submission, reference, generator):
    """The returned loss is the mean squared error at the last step."""
    for steps, n in ((1, 100), (5, 100), (50, 100), (5, 1)):
        data = start_and_data(generator, n)
        got = submission.run(loss_and_parameters, *data, steps)["loss"]
        require(
            isinstance(got, float),
            _("The value of the loss cannot be checked because it is not a float."),
        )
        before = reference.run(loss_and_parameters, *data, steps)["loss"]
        after = reference.run(loss_and_parameters, *data, steps + 1)["loss"]
        require(
            any(abs(got - right) <= 1e-3 * right for right in (before, after)),
            _(
                "fit with steps={steps}: expected the loss of the last step, {before:.5g} before "
                "its update or {after:.5g} after it, got {loss:.5g}.",
                steps=steps,
                before=before,
                after=after,
                loss=got,
            ),
        )
