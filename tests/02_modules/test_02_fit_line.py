"""Grader of fit_line: gradient descent on any module, with one read of the loss."""

import torch

from torchkata import Entry, Exercise, Tolerance, require, same

EXERCISE = Exercise(Entry("fit"), shipped="97c07fc0e22627b5")
CLOSE = Tolerance(rtol=1e-3, atol=1e-4)


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


def drawn(generator, n=100):
    """A start a, b, and data x, y."""
    a, b = torch.rand(2, 1, generator=generator)
    x = torch.arange(n) / n
    return a, b, x, 5 * x + 3 + 0.3 * torch.rand(n, generator=generator)


def fitted(kata, a, b, x, y, options, net=Line, stale=0.0):
    """The parameters after a fit, what fit returns, and whether x and y are unharmed."""
    net, data = net(a, b), (x.clone(), y.clone())
    for parameter in net.parameters() if stale else ():
        parameter.grad = torch.full_like(parameter, stale)
    loss = kata.fit(net, x, y, **options)
    untouched = bool((x == data[0]).all()) and bool((y == data[1]).all())
    devices = {str(parameter.device) for parameter in net.parameters()}
    return dict(net.state_dict()), loss, untouched, devices == {str(x.device)}


def close(got, expected, when):
    """Compare parameter by parameter."""
    for name, value in expected.items():
        same(got[name], value, what=f"`{name}` {when}", tolerance=CLOSE)


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
    loss = submission.run(fitted, *drawn(generator), {"steps": 3})[1]
    kind = "a tensor" if torch.is_tensor(loss) else type(loss).__name__
    require(
        isinstance(loss, float),
        f"fit has to return the last loss as a float, but {kind} came: {loss}. Turn the loss into "
        "a number once, after the loop.",
    )


def test_contract_trains_in_place(submission, generator):
    """The caller's net is trained."""
    a, b, x, y = drawn(generator)
    after = submission.run(fitted, a, b, x, y, {"steps": 3})[0]
    require(
        after["a"].tolist() != a.tolist() and after["b"].tolist() != b.tolist(),
        "After 3 steps the parameters of the net are still what they were before. Train the very "
        "net that was passed, not a copy, and let each step change its parameters in place.",
    )


def test_values_first_step(submission, reference, generator):
    """One step goes by lr times the gradient of the mean squared error, for any n."""
    for n, lr in ((100, 0.01), (100, 0.1), (7, 0.05), (1, 0.02)):
        given = (*drawn(generator, n), {"steps": 1, "lr": lr})
        got, expected = submission.run(fitted, *given)[0], reference.run(fitted, *given)[0]
        close(got, expected, f"after 1 step (n={n}, lr={lr})")


def test_values_trajectory(submission, reference, generator):
    """The parameters follow the path of gradient descent."""
    for steps in (2, 30, 600):
        given = (*drawn(generator), {"steps": steps})
        got, expected = submission.run(fitted, *given)[0], reference.run(fitted, *given)[0]
        close(got, expected, f"after {steps} steps")


def test_values_stale_gradients(submission, reference, generator):
    """Gradients that were in net before do not count."""
    given = (*drawn(generator), {"steps": 2})
    got, expected = submission.run(fitted, *given, Line, 7.0)[0], reference.run(fitted, *given)[0]
    close(got, expected, "after 2 steps of a net whose .grad were full of sevens before")


def test_values_other_module(submission, reference, generator):
    """Every parameter of a module is trained, whatever its name."""
    given = (*drawn(generator), {"steps": 20}, Curve)
    got, expected = submission.run(fitted, *given)[0], reference.run(fitted, *given)[0]
    close(got, expected, "of a module with the parameters a, b, bend, after 20 steps")


def test_values_loss(submission, reference, generator):
    """The returned loss is the mean squared error at the last step."""
    data = drawn(generator)
    for steps in (1, 5, 50):
        got = submission.run(fitted, *data, {"steps": steps})[1]
        require(isinstance(got, float), "Its value cannot be judged: the loss is not a float.")
        before = reference.run(fitted, *data, {"steps": steps})[1]
        after = reference.run(fitted, *data, {"steps": steps + 1})[1]
        require(
            any(abs(got - right) <= 1e-3 * right for right in (before, after)),
            f"For {steps} steps fit returns the loss {got:.5g}; the mean squared error of the last "
            f"step is {before:.5g} before its update and {after:.5g} after it.",
        )


def test_purity_data(submission, generator):
    """The data stay as they are."""
    kept = submission.run(fitted, *drawn(generator), {"steps": 3})[2]
    require(kept, "fit changes x or y in place; whoever passed them still needs the old values.")


def test_device_follows(submission, reference, device, generator):
    """The fit runs where the net and the data live."""
    given = (*drawn(generator), {"steps": 5})
    got, expected = submission.run(fitted, *given, device=device), reference.run(fitted, *given)
    require(got[3], f"The parameters were on {device}, but are elsewhere after the fit.")
    close(got[0], expected[0], f"after 5 steps on {device}")


def test_ops_host_synchronisations(submission, generator):
    """The CPU waits for the device once at most, however many steps there are."""
    steps = 300

    def only_fits(kata, a, b, x, y):
        kata.fit(Line(a, b), x, y, steps=steps)

    reads = submission.measure(only_fits, *drawn(generator), device="twin:0").synchronisations
    named = ", ".join(f"{op} (line {line})" for op, line in dict.fromkeys(reads))
    require(
        len(reads) <= 1,
        f"In {steps} steps the CPU has to wait for the device {len(reads)} times: {named}. At most "
        "1 is allowed: on a GPU each such read stops the queue of work. Read after the loop.",
        synchronisations=len(reads),
        synchronisations_allowed=1,
    )
