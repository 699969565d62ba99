"""Grader of fit_line: gradient descent on any module, with one read of the loss."""

import torch

from torchkata import Case, EntryPoint, Spec, Function, HostSyncs, Tolerance, require, uniform, value


class Line(torch.nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.a, self.b = torch.nn.Parameter(a.clone()), torch.nn.Parameter(b.clone())

    def forward(self, x):
        return self.a * x + self.b


class Curve(Line):
    def __init__(self, a, b):
        super().__init__(a, b)
        self.bend = torch.nn.Parameter(torch.zeros_like(a))

    def forward(self, x):
        return super().forward(x) + self.bend * x * x


def fitted(kata, a, b, x, y, steps, lr=0.01, kind="line", stale=0.0):
    """The parameters after a fit of a line or a curve, whose .grad were full of `stale` before."""
    net = {"line": Line, "curve": Curve}[kind](a, b)
    for parameter in net.parameters() if stale else ():
        parameter.grad = torch.full_like(parameter, stale)
    kata.fit(net, x, y, steps=steps, lr=lr)
    return dict(net.state_dict())


def by_formula(a, b, x, y, steps, lr=0.01, kind="line", *_stale):
    bend = torch.zeros_like(a)
    for _ in range(steps):
        slope = 2 * (a * x + b + bend * x * x - y) / len(x)
        a, b = a - lr * (slope * x).sum(), b - lr * slope.sum()
        bend = bend - lr * (slope * x * x).sum() if kind == "curve" else bend
    return {"a": a, "b": b, "bend": bend} if kind == "curve" else {"a": a, "b": b}


def drawn(generator, n=100):
    """A start a, b, and data x, y."""
    a, b = torch.rand(2, 1, generator=generator)
    x = torch.arange(n) / n
    return a, b, x, 5 * x + 3 + 0.3 * torch.rand(n, generator=generator)


def fit(name, *how, n=100):
    return Case(name, given=lambda _, generator: (*drawn(generator, n), *how))


SPEC = Spec(
    EntryPoint("fit"),
    Function(
        "parameters after fit",
        adapter=fitted,
        inputs={"a": uniform("1"), "b": uniform("1"), "x": uniform("n"), "y": uniform("n")}
        | {"steps": value("s"), "lr": value("lr")},
        naive=by_formula,
        cases=(
            fit("1 step of 0.01", 1, 0.01),
            fit("1 step of 0.1", 1, 0.1),
            fit("1 step of 0.05, 7 points", 1, 0.05, n=7),
            fit("1 step of 0.02, 1 point", 1, 0.02, n=1),
            fit("2 steps", 2),
            fit("30 steps", 30),
            fit("600 steps", 600),
            fit("2 steps of a net whose .grad were full of sevens", 2, 0.01, "line", 7.0),
            fit("20 steps of a module with the parameters a, b, bend", 20, 0.01, "curve"),
            Case("5 steps", n=100, s=5, lr=0.01),
        ),
        dtypes=(torch.float32,),
        layouts=(),
        gradient=False,
        tolerance=Tolerance(rtol=1e-3, atol=1e-4),
        budget=(HostSyncs(1),),
    ),
    stub_digest="304bbadee646fad7",
)


def returned(kata, a, b, x, y, steps):
    """What fit returns, and the parameters after it."""
    net = Line(a, b)
    return kata.fit(net, x, y, steps=steps), net.a.detach(), net.b.detach()


def defaults(kata):
    import inspect  # noqa: PLC0415 - probes import where they run

    found = inspect.signature(kata.fit).parameters
    return [found[name].default for name in ("steps", "lr")]


def test_contract_defaults(submission):
    """10,000 steps of 0.01, unless the caller says otherwise."""
    got = submission.run(defaults)
    require(got == [10000, 0.01], f"steps and lr default to {got}; keep the stub's 10000 and 0.01.")


def test_contract_returns_a_float(submission, generator):
    """The loss comes back as a Python float."""
    loss = submission.run(returned, *drawn(generator), 3)[0]
    kind = "a tensor" if torch.is_tensor(loss) else type(loss).__name__
    require(
        isinstance(loss, float),
        f"fit has to return the last loss as a float, but {kind} came: {loss}. Turn the loss into "
        "a number once, after the loop.",
    )


def test_contract_trains_in_place(submission, generator):
    """The caller's net is trained."""
    a, b, x, y = drawn(generator)
    _, *after = submission.run(returned, a, b, x, y, 3)
    require(
        after[0].tolist() != a.tolist() and after[1].tolist() != b.tolist(),
        "After 3 steps the parameters of the net are still what they were before. Train the very "
        "net that was passed, not a copy, and let each step change its parameters in place.",
    )


def test_values_loss(submission, reference, generator):
    """The returned loss is the mean squared error at the last step."""
    data = drawn(generator)
    for steps in (1, 5, 50):
        got = submission.run(returned, *data, steps)[0]
        require(isinstance(got, float), "Its value cannot be judged: the loss is not a float.")
        before = reference.run(returned, *data, steps)[0]
        after = reference.run(returned, *data, steps + 1)[0]
        require(
            any(abs(got - right) <= 1e-3 * right for right in (before, after)),
            f"For {steps} steps fit returns the loss {got:.5g}; the mean squared error of the last "
            f"step is {before:.5g} before its update and {after:.5g} after it.",
        )
