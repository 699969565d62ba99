"""Grader of derivative: first and second derivatives, without side effects."""

import torch

from torchkata import Case, EntryPoint, Function, Spec, Uses, _, equal, none_of, require, same
from torchkata.probes import impure_without_gradients


def by_forward_mode(f, x):
    """Differentiate with dual numbers instead of a backward pass."""
    return torch.func.jvp(f, (x,), (torch.ones_like(x),))[1]


def twice_by_forward_mode(f, x):
    return by_forward_mode(lambda x: by_forward_mode(f, x), x)


def at_random_x(f, shape):
    def draw(sizes, generator):
        size = [sizes[letter] for letter in shape.split()]
        return f, torch.rand(size, generator=generator, dtype=sizes.dtype) * 4 - 2

    return draw


def result_depends_on_weight_only(sizes, generator):
    weight = torch.rand(sizes.n, generator=generator).requires_grad_()
    return lambda x: weight.to(x).expand_as(x) * 2, torch.rand(sizes.n, generator=generator)


def at_limits_of_the_root(sizes, _generator):
    """Differentiate x.sqrt() where it is undefined, where it is infinite, and at 4."""
    return torch.sqrt, torch.tensor([-1.0, 0.0, 4.0], dtype=sizes.dtype)


def not_finite(sizes, _generator):
    inf, nan = torch.inf, torch.nan
    return torch.sin, torch.tensor([nan, inf, 1.0, -inf], dtype=sizes.dtype)


def with_gradients_enabled(name):
    """Make a probe that calls an entry point with gradients, in whatever mode it runs."""

    def call(kata, f, x):
        with torch.inference_mode(mode=False), torch.enable_grad():
            return getattr(kata, name)(f, x)

    return call


def differentiator(name, naive):
    cases = (
        Case("x*x at one number", given=at_random_x(lambda x: x * x, "")),
        Case("g(u(x)) with u = x*x and g = -u", given=at_random_x(lambda x: -(x * x), "n"), n=5),
        Case("a straight line", given=at_random_x(lambda x: 3 * x + 1, "n"), n=4),
        Case("x itself", given=at_random_x(lambda x: x, "n"), n=3),
        Case("a constant", given=at_random_x(lambda x: torch.ones_like(x) * 7, "n"), n=4),
        Case("a constant with a graph", given=result_depends_on_weight_only, n=4),
        Case("a kink", given=at_random_x(lambda x: x.relu(), "n"), n=6),
        Case("an empty x", given=at_random_x(lambda x: x**3, "n"), n=0),
        Case("one row", given=at_random_x(lambda x: x.exp(), "n d"), n=1, d=3),
        Case("one column", given=at_random_x(lambda x: x**4, "n d"), n=3, d=1),
        Case("nan and infinity", given=at_limits_of_the_root),
        Case("x is not finite", given=not_finite),
        Case("a square matrix", given=at_random_x(lambda x: x.sin(), "n d"), n=4, d=4),
        Case("a matrix", given=at_random_x(lambda x: x.sin() * x.exp(), "n d"), n=5, d=7),
        Case("three dims", given=at_random_x(lambda x: x.tanh(), "a n d"), a=2, n=3, d=4),
        Case("21,000 numbers", given=at_random_x(lambda x: x.sin(), "n"), n=21000),
    )
    return Function(
        f"{name}(f, x)",
        {"f": None, "x": None},
        naive,
        cases,
        gradient=False,
        variant_case="a matrix",
        adapter=with_gradients_enabled(name),
    )


NAMES = ("derivative", "second_derivative")
SPEC = Spec(
    *map(EntryPoint, NAMES),
    differentiator("derivative", by_forward_mode),
    differentiator("second_derivative", twice_by_forward_mode),
    stub_digest="f8cca30eed74b3af",
    source_rules=(Uses(("autograd.grad",)),),
)
RULES = {
    "autograd.grad": "contract[uses*]",
    "runs f once": "contract[one forward*]",
    "No side effects": "purity[no side effects]",
}


def side_effects(kata, name, x, requires_grad):
    """Return what a call leaves on x and on a weight that f uses."""
    x = x.clone().requires_grad_(requires_grad)
    x.grad = torch.full_like(x, 4.0) if requires_grad else None
    weight = torch.ones_like(x).requires_grad_()
    getattr(kata, name)(lambda x: weight * x**3, x)
    return {"requires_grad": x.requires_grad, "x.grad": x.grad, "weight.grad": weight.grad}


def passes_through_f(kata, name, x):
    """Return how often f runs, and how often a gradient flows back through its result."""
    calls, gradients = [], []

    def f(x):
        calls.append(1)
        y = x.sin() * x
        if y.requires_grad:
            y.register_hook(gradients.append)
        return y

    getattr(kata, name)(f, x)
    return [len(calls), len(gradients)]


def at_computed_x(kata, name, x):
    """Differentiate at an x that is computed from a parameter."""
    start = x.clone().requires_grad_()
    result = getattr(kata, name)(lambda x: x**3, start * 2)
    return {"result": result.detach(), "start.grad": start.grad}


def test_values_of_the_composition(submission):
    """The derivative of -(x*x) is -2x."""
    got = submission.run(lambda kata: kata.derivative(lambda x: -(x * x), torch.tensor(1.0)))
    require(
        got.shape == () and got.tolist() == -2,
        _(
            "The derivative of g(u(x)) with u = x*x and g = -u at 1.0: expected -2, got {value}.",
            value=got.tolist(),
        ),
    )


def test_contract_one_forward_and_one_backward_pass(submission, generator):
    """Each call runs f once; `derivative` runs one backward pass."""
    x = torch.randn(4, generator=generator)
    once = _("Keep y = f(x), and differentiate the sum of y.")
    for name in NAMES:
        calls, gradients = submission.run(passes_through_f, name, x)
        equal(calls, 1, what=_("Calls of f by `{name}`", name=name), why=once)
        if name == "derivative":
            equal(
                gradients, 1, what=_("Backward passes through f by `{name}`", name=name), why=once
            )


def test_purity_without_gradients(submission, generator):
    """A call without gradients does not modify x, and returns a new tensor."""
    for name in NAMES:
        x = torch.randn(4, generator=generator)
        modes = submission.run(impure_without_gradients, name, torch.sin, x)
        none_of(modes, what=_("Modes in which `{name}` modifies x or keeps its result", name=name))


def test_purity_no_side_effects(submission, reference, generator):
    """x, x.grad and the tensors that f uses are the same after the call."""
    x = torch.randn(4, generator=generator)
    for name in NAMES:
        for requires_grad in (False, True):
            got, expected = (
                subject.run(side_effects, name, x, requires_grad)
                for subject in (submission, reference)
            )
            require(
                got["weight.grad"] is None,
                _(
                    "`{name}` leaves a gradient on a tensor that f uses: `.backward()` adds to the "
                    ".grad of every leaf in the graph, and the next training step would use the "
                    "sum. torch.autograd.grad returns gradients without storing them.",
                    name=name,
                ),
            )
            require(
                got["requires_grad"] is requires_grad,
                _(
                    "`{name}` changes x.requires_grad to {flag}. Work on a detached x.",
                    name=name,
                    flag=not requires_grad,
                ),
            )
            same(got["x.grad"], expected["x.grad"], what=_("x.grad after the call"))


def test_values_at_a_computed_x(submission, reference, generator):
    """The argument x may be the result of a computation."""
    x = torch.randn(4, generator=generator)
    for name in NAMES:
        got, expected = (subject.run(at_computed_x, name, x) for subject in (submission, reference))
        what = _("the result of `{name}` at a computed x", name=name)
        same(got["result"], expected["result"], what=what)
        what = _("the .grad of the tensor from which x was computed")
        same(got["start.grad"], expected["start.grad"], what=what)
