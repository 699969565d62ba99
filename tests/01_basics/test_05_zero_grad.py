"""Grader of zero_grad: the whole trajectory of gradient descent, and an untouched start."""

import torch

from torchkata import Case, Spec, Function, same_as_reference, normal, require


def by_forward_mode(loss_fn, w, lr, steps):
    """Each entry's slope by dual numbers; nothing is ever collected."""
    w = w.detach().clone()
    for _ in range(steps):
        slopes = torch.zeros_like(w)
        for place in range(w.numel()):
            direction = torch.zeros_like(w)
            direction.view(-1)[place] = 1
            slopes.view(-1)[place] = torch.func.jvp(loss_fn, (w,), (direction,))[1]
        w = w - lr * slopes
    return w


def given(loss_fn, shape, lr, steps):
    draw = normal(shape)
    return lambda sizes, generator: (loss_fn, draw(sizes, generator), lr, steps)


def bowl():
    return lambda w: ((w - 1) ** 2).sum()


def valley():
    return lambda w: (w.cos() + 0.1 * w**4).mean()


def slope():
    return lambda w: 2 * w.sum()


SPEC = Spec(
    Function(
        "sgd",
        inputs={"loss_fn": None, "w": None, "lr": None, "steps": None},
        naive=by_forward_mode,
        cases=(
            Case("no step", given=given(bowl(), "n", 0.1, 0), n=3),
            Case("one step", given=given(bowl(), "n", 0.1, 1), n=3),
            Case("two steps", given=given(bowl(), "n", 0.1, 2), n=3),
            Case("a single number, 5 steps", given=given(bowl(), "", 0.2, 5)),
            Case("no numbers", given=given(bowl(), "n", 0.1, 2), n=0),
            Case("one column", given=given(valley(), "n 1", 0.2, 6), n=3),
            Case(
                "an even slope, 3 steps",
                given=given(slope(), "n", 0.5, 3),
                why="Every step is as long as the first one there; steps that become longer tell "
                "of gradients that pile up in .grad.",
                n=1,
            ),
            Case("a matrix, 8 steps", given=given(valley(), "n m", 0.5, 8), n=3, m=4),
        ),
        gradient=False,
        variant_case="a matrix, 8 steps",
    ),
    stub_digest="ad8cd269df07caa1",
    broken_axis="values",
)


def from_parameter(kata, w, steps):
    """Descend from a parameter that has a gradient already."""
    w = w.clone().requires_grad_()
    w.grad = torch.full_like(w, 4.0)
    before = w.detach().clone()
    end = kata.sgd(lambda w: ((w - 1) ** 2).sum(), w, 0.1, steps)
    shared = end.untyped_storage().data_ptr() == w.untyped_storage().data_ptr()
    untouched = bool(w.requires_grad and (w == before).all() and (w.grad == 4).all())
    return {
        "end": end.detach(),
        "graph": end.requires_grad,
        "shared": shared,
        "untouched": untouched,
    }


def asked_once(kata, w):
    calls = []

    def loss_fn(w):
        calls.append(1)
        return (w * w).sum()

    kata.sgd(loss_fn, w, 0.1, 4)
    return len(calls)


def test_gradient_start_may_require_grad(submission, reference, generator):
    """From a parameter with a gradient of its own the same descent comes, detached."""
    w = torch.randn(3, generator=generator)
    for steps in (0, 1, 3):
        what = {"end": f"the end of {steps} steps from a parameter"}
        got = same_as_reference(submission, reference, from_parameter, w, steps, what=what)
        require(
            not got["graph"],
            "The result requires grad: whatever is computed from it would keep a graph. Return "
            "the plain numbers, detached.",
        )


def test_purity_start_stays(submission, generator):
    """The caller's w keeps its numbers, its grad and its memory."""
    for steps in (0, 3):
        got = submission.run(from_parameter, torch.randn(3, generator=generator), steps)
        require(
            got["untouched"],
            f"After {steps} steps the caller's w, its .grad or its requires_grad is another one. "
            "Descend on a detached copy.",
        )
        require(
            not got["shared"],
            f"After {steps} steps the result lies in the memory of w: whoever changes one changes "
            "both. `detach()` shares memory; `clone()` copies.",
        )


def test_contract_one_pass_per_step(submission, generator):
    """Each step evaluates the loss once."""
    calls = submission.run(asked_once, torch.randn(3, generator=generator))
    require(calls == 4, f"4 steps evaluate the loss {calls} times; once per step is enough.")
