"""Grader of derivative: first and second derivatives, with nothing left behind."""

import torch

from torchkata import Case, Spec, Function, require, same


def by_forward_mode(f, x):
    """Dual numbers instead of a backward pass: another way to the same derivative."""
    return torch.func.jvp(f, (x,), (torch.ones_like(x),))[1]


def twice_by_forward_mode(f, x):
    return by_forward_mode(lambda x: by_forward_mode(f, x), x)


def given(f, shape):
    def draw(sizes, generator):
        size = [sizes[letter] for letter in shape.split()]
        return f, torch.rand(size, generator=generator, dtype=sizes.dtype) * 4 - 2

    return draw


def weight_alone(sizes, generator):
    weight = torch.rand(sizes.n, generator=generator).requires_grad_()
    return lambda x: weight.expand_as(x) * 2, torch.rand(sizes.n, generator=generator)


def differentiator(name, naive):
    cases = (
        Case("x*x at one number", given=given(lambda x: x * x, "")),
        Case("g(u(x)) with u = x*x and g = -u", given=given(lambda x: -(x * x), "n"), n=5),
        Case("a straight line", given=given(lambda x: 3 * x + 1, "n"), n=4),
        Case("x itself", given=given(lambda x: x, "n"), n=3),
        Case("a constant", given=given(lambda x: torch.ones_like(x) * 7, "n"), n=4),
        Case("a constant with a graph", given=weight_alone, n=4),
        Case("a kink", given=given(lambda x: x.relu(), "n"), n=6),
        Case("no numbers", given=given(lambda x: x**3, "n"), n=0),
        Case("one row", given=given(lambda x: x.exp(), "n d"), n=1, d=3),
        Case("one column", given=given(lambda x: x**4, "n d"), n=3, d=1),
        Case("a matrix", given=given(lambda x: x.sin() * x.exp(), "n d"), n=5, d=7),
        Case("three dims", given=given(lambda x: x.tanh(), "a n d"), a=2, n=3, d=4),
    )
    return Function(name, {"f": None, "x": None}, naive, cases, gradient=False, usual="a matrix")


SPEC = Spec(
    differentiator("derivative", by_forward_mode),
    differentiator("second_derivative", twice_by_forward_mode),
    stub_digest="6bbbe6b35ffef513",
)


def traces(kata, name, x, needs_grad):
    """What a call leaves behind on x and on a weight that f uses."""
    x = x.clone().requires_grad_(needs_grad)
    x.grad = torch.full_like(x, 4.0) if needs_grad else None
    weight = torch.ones_like(x).requires_grad_()
    getattr(kata, name)(lambda x: weight * x**3, x)
    return {"requires_grad": x.requires_grad, "x.grad": x.grad, "weight.grad": weight.grad}


def chained(kata, name, x):
    """At an x that is itself computed from a parameter."""
    start = x.clone().requires_grad_()
    result = getattr(kata, name)(lambda x: x**3, start * 2)
    return result.detach(), start.grad


def test_values_of_the_chain(submission):
    """The derivative of -(x*x) is -2x."""
    got = submission.run(lambda kata: kata.derivative(lambda x: -(x * x), torch.tensor(1.0)))
    require(
        got.shape == () and float(got) == -2,
        f"The derivative of g(u(x)), u = x*x, g = -u, at 1.0 is -2; {got.tolist()} came.",
    )


def test_purity_leaves_no_trace(submission, reference, generator):
    """x, x.grad and the tensors that f uses are the same after the call."""
    x = torch.randn(4, generator=generator)
    for name in SPEC.names:
        for needs_grad in (False, True):
            got, expected = (
                who.run(traces, name, x, needs_grad) for who in (submission, reference)
            )
            require(
                got["weight.grad"] is None,
                f"`{name}` leaves a gradient in a tensor that f uses: `.backward()` adds to the "
                ".grad of everything on its way, and the next training step counts that too. "
                "torch.autograd.grad hands the gradient to you and to nobody else.",
            )
            require(
                got["requires_grad"] is needs_grad,
                f"`{name}` changes x.requires_grad to {not needs_grad}. Work on a detached x.",
            )
            same(got["x.grad"], expected["x.grad"], what="the field x.grad after the call")


def test_values_where_x_has_a_history(submission, reference, generator):
    """The argument may be the result of a computation."""
    x = torch.randn(4, generator=generator)
    for name in SPEC.names:
        got, expected = (who.run(chained, name, x) for who in (submission, reference))
        same(got[0], expected[0], what=f"the result of `{name}` at a computed x")
        same(got[1], expected[1], what="the .grad of the tensor that x was computed from")
