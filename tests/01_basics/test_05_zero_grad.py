"""Grader of zero_grad: the result of several steps, and a start that is not modified."""

import torch

from torchkata import Case, Function, Spec, _, none_of, normal, require, same_as_reference
from torchkata.probes import impure_without_gradients


def by_forward_mode(loss_fn, w, lr, steps):
    """Differentiate entry by entry with dual numbers: nothing accumulates."""
    w = w.detach().clone()
    for _step in range(steps):
        gradient = torch.zeros_like(w)
        for i in range(w.numel()):
            direction = torch.zeros_like(w)
            direction.view(-1)[i] = 1
            gradient.view(-1)[i] = torch.func.jvp(loss_fn, (w,), (direction,))[1]
        w = w - lr * gradient
    return w


def descent(loss_fn, shape, lr, steps):
    make = normal(shape)
    return lambda sizes, generator: (loss_fn, make(sizes, generator), lr, steps)


def bowl():
    return lambda w: ((w - 1) ** 2).sum()


def valley():
    return lambda w: (w.cos() + 0.1 * w**4).mean()


def constant_slope(slope=2):
    return lambda w: slope * w.sum()


def root():
    return lambda w: w.sqrt().sum()


def one_step(loss_fn, start):
    """Make arguments for a step from one number, such as one where the root has no slope."""
    return lambda sizes, _generator: (loss_fn, torch.tensor([start], dtype=sizes.dtype), 0.1, 1)


SPEC = Spec(
    Function(
        "sgd",
        inputs={"loss_fn": None, "w": None, "lr": None, "steps": None},
        naive=by_forward_mode,
        cases=(
            Case("no steps", given=descent(bowl(), "n", 0.1, 0), n=3),
            Case("one step", given=descent(bowl(), "n", 0.1, 1), n=3),
            Case("two steps", given=descent(bowl(), "n n", 0.1, 2), n=3),
            Case("a single number, 5 steps", given=descent(bowl(), "", 0.2, 5)),
            Case("an empty w", given=descent(bowl(), "n", 0.1, 2), n=0),
            Case("one column", given=descent(valley(), "n 1", 0.2, 6), n=3),
            Case(
                "a constant slope, 3 steps",
                given=descent(constant_slope(), "n", 0.5, 3),
                why="All steps should have the same length here. Steps that grow are a sign of "
                "gradients that accumulate in .grad.",
                n=1,
            ),
            Case("a steep slope, 2 steps", given=descent(constant_slope(1e5), "n", 1e-4, 2), n=2),
            Case("a slight slope, 2 steps", given=descent(constant_slope(1e-5), "n", 1e4, 2), n=2),
            Case("a slope of nan", given=one_step(root(), -1.0)),
            Case("an infinite slope", given=one_step(root(), 0.0)),
            Case("w is nan", given=one_step(bowl(), torch.nan)),
            Case("w is infinite", given=one_step(bowl(), torch.inf)),
            Case("a matrix, 8 steps", given=descent(valley(), "n m", 0.5, 8), n=3, m=4),
        ),
        gradient=False,
        variant_case="a matrix, 8 steps",
    ),
    stub_digest="d974e97a529e3c37",
    broken_axis="values",
)
RULES = {
    "shares no memory": "purity[start stays]",
    "once per step": "contract[one evaluation*]",
}


def from_parameter(kata, w, steps):
    """Descend from a parameter that already has a gradient."""
    w = w.clone().requires_grad_()
    w.grad = torch.full_like(w, 4.0)
    before = w.detach().clone()
    end = kata.sgd(lambda w: ((w - 1) ** 2).sum(), w, 0.1, steps)
    shared = end.untyped_storage().data_ptr() == w.untyped_storage().data_ptr()
    same_grad = w.grad is not None and torch.equal(w.grad, torch.full_like(w, 4.0))
    untouched = w.requires_grad and torch.equal(w, before) and same_grad
    return {
        "end": end.detach(),
        "requires_grad": end.requires_grad,
        "shared": shared,
        "untouched": untouched,
    }


def from_result(kata, w, steps):
    """Descend from the result of an operation on a parameter."""
    w = w.clone().requires_grad_()
    end = kata.sgd(lambda w: ((w - 1) ** 2).sum(), w * 2, 0.1, steps)
    return {"end": end.detach(), "grad": w.grad}


def loss_evaluations(kata, w, steps):
    calls = []

    def loss_fn(w):
        calls.append(1)
        return (w * w).sum()

    kata.sgd(loss_fn, w, 0.1, steps)
    return len(calls)


def after_many_steps(kata, w):
    return kata.sgd(lambda w: ((w - 1) ** 2).sum(), w, 0.0004, 1200)


def test_values_after_many_steps(submission, reference, generator):
    """No step and no number of a long w is left out."""
    w = torch.randn(1100, generator=generator)
    what = _("the result of {steps} steps with a w of {count} numbers", steps=1200, count=1100)
    same_as_reference(submission, reference, after_many_steps, w, what=what)


def test_gradient_start_may_require_grad(submission, reference, generator):
    """A start that requires grad and has a gradient leads to the same, detached result."""
    w = torch.randn(3, generator=generator)
    for steps in (0, 1, 3):
        what = {"end": _("the result from a parameter, steps={steps}", steps=steps)}
        got = same_as_reference(submission, reference, from_parameter, w, steps, what=what)
        require(
            not got["requires_grad"],
            _(
                "The result requires grad, so everything computed from it would be recorded in a "
                "graph. Return a detached tensor."
            ),
        )


def test_gradient_start_may_be_computed(submission, reference, generator):
    """A start that is the result of an operation is detached, and no gradient flows back."""
    w = torch.randn(3, generator=generator)
    whats = {
        "end": _("the result from a start that was computed from a parameter"),
        "grad": _("the .grad of the parameter from which the start was computed"),
    }
    same_as_reference(submission, reference, from_result, w, 3, what=whats)


def test_purity_start_stays(submission, generator):
    """The caller's w keeps its values, its grad and its own memory."""
    w = torch.randn(3, generator=generator)
    modes = submission.run(impure_without_gradients, "sgd", torch.sum, w, 0.1, 0)
    none_of(modes, what=_("Modes in which a call with steps=0 modifies w or keeps its result"))
    for steps in (0, 3):
        got = submission.run(from_parameter, w, steps)
        require(
            got["untouched"],
            _(
                "With steps={steps}, the call changes the caller's w, its .grad or its "
                "requires_grad. Descend on a detached copy.",
                steps=steps,
            ),
        )
        require(
            not got["shared"],
            _(
                "With steps={steps}, the result shares memory with w: modifying one changes the "
                "other. `detach()` shares memory; `clone()` copies.",
                steps=steps,
            ),
        )


def test_contract_one_evaluation_per_step(submission, generator):
    """Each step evaluates the loss once."""
    calls = submission.run(loss_evaluations, torch.randn(3, generator=generator), 4)
    require(
        calls == 4,
        _("4 steps: expected 4 evaluations of the loss, got {calls}.", calls=calls),
    )
