"""Grader of in_place: the same numbers in the memory of x, and beside it."""

import torch

from torchkata import Case, Spec, Function, Memory, normal, require, same

INPUTS = {"x": normal("n d"), "scale": normal("d"), "shift": normal("n 1")}


def element_by_element(x, scale, shift):
    out = torch.zeros_like(x)
    scales, shifts = (torch.as_tensor(t, dtype=x.dtype).expand(x.shape) for t in (scale, shift))
    for at in torch.cartesian_prod(*map(torch.arange, x.shape)).view(-1, x.dim()).tolist():
        out[tuple(at)] = x[tuple(at)] * scales[tuple(at)] + shifts[tuple(at)]
    return out


def given(*shapes):
    """Make tensors of these shapes; a number stands for itself."""

    def make(sizes, generator):
        drawn = (torch.randn(s, generator=generator) if isinstance(s, tuple) else s for s in shapes)
        return tuple(drawn)

    return make


CASES = (
    Case("one element", n=1, d=1),
    Case("one row", n=1, d=4),
    Case("no rows", n=0, d=3),
    Case("no columns", n=3, d=0),
    Case("a matrix", n=7, d=5),
    Case("numbers", given=given((3, 4), 2.5, -1)),
    Case("0-d tensors", given=given((3, 4), (), ())),
    Case("tensors of x's shape", given=given((3, 4), (3, 4), (3, 4))),
    Case("a vector and a number", given=given((6,), (6,), 0.5)),
)
DTYPES = (torch.float32, torch.float64, torch.int64)

SPEC = Spec(
    Function(
        "scale_shift_",
        inputs=INPUTS,
        naive=element_by_element,
        cases=CASES,
        dtypes=DTYPES,
        budget=(Memory("0.5 * output", at={"n": 200, "d": 50}),),
        gradient=False,  # x itself may not be a leaf; judged below
        purity=False,
        variant_case="a matrix",
    ),
    Function(
        "scale_shift",
        inputs=INPUTS,
        naive=element_by_element,
        cases=CASES,
        dtypes=DTYPES,
        variant_case="a matrix",
    ),
    stub_digest="c9f52b341092e772",
    broken_axis="purity",
)


def observed(kata, base, turn, scale, shift):
    """The object, its memory and what its owner sees after a call on a view of `base`."""
    x, others = (base.T if turn else base), [t.clone() for t in (scale, shift)]
    before = x.data_ptr()
    got = kata.scale_shift_(x, scale, shift)
    kept = all(t.equal(other) for t, other in zip((scale, shift), others, strict=True))
    return got is x, x.data_ptr() == before, base, kept


def through(kata, x, scale, shift):
    leaves = [t.requires_grad_() for t in (x, scale, shift)]
    y = kata.scale_shift_(x * 1, scale, shift)
    return torch.autograd.grad((y * y).sum(), leaves, allow_unused=True)


def layouts(generator):
    """Matrices to be written into: (words, base, whether x is its transpose)."""
    yield "a matrix", torch.randn(4, 6, generator=generator), False
    yield "a transposed matrix", torch.randn(6, 4, generator=generator), True


def test_contract_same_object(submission, generator):
    """scale_shift_ returns the very x that it was given."""
    for words, base, turn in layouts(generator):
        is_x = submission.run(observed, base, turn, torch.tensor(2.0), torch.tensor(1.0))[0]
        require(
            is_x,
            f"scale_shift_ on {words} returns another object than x. In-place functions return x "
            "itself, so that calls can be chained and nobody mistakes the result for a copy.",
        )


def test_purity_writes_into_x(submission, reference, generator, device):
    """After scale_shift_ the old memory of x holds the new numbers; scale and shift are kept."""
    for words, base, turn in layouts(generator):
        scale, shift = torch.randn(2, 4, 6, generator=generator)
        given = (base, turn, scale, shift)
        _, same_memory, got, kept = submission.run(observed, *given, device=device)
        expected = reference.run(observed, *given)[2]
        require(
            same_memory and not got.equal(base),
            f"After scale_shift_ on {words} the memory of x still holds the old numbers: the "
            "result is somewhere else. `x = x * scale` and reshape make new tensors; `x *= scale` "
            "writes into x.",
        )
        same(got, expected, what=f"the memory of x after scale_shift_ on {words}")
        require(kept, "scale_shift_ changes scale or shift; only x is to be written into.")


def test_gradient_in_place(submission, reference, generator):
    """Gradients flow through scale_shift_ to what x was made of, to scale and to shift."""
    arguments = [torch.randn(s, generator=generator) for s in ((4, 6), (6,), (4, 1))]
    got, expected = submission.run(through, *arguments), reference.run(through, *arguments)
    for name, mine, theirs in zip(("x", "scale", "shift"), got, expected, strict=True):
        require(
            mine is not None,
            f"No gradient reaches {name} through scale_shift_: autograd did not see the change.",
        )
        same(mine, theirs, what=f"the gradient of {name} through scale_shift_")
