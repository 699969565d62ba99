"""Grader of in_place: the same values in the memory of x, and in a new tensor."""

import torch

from torchkata import Case, Function, Memory, Spec, _, normal, require, same

INPUTS = {"x": normal("n d"), "scale": normal("d"), "shift": normal("n 1")}


def element_by_element(x, scale, shift):
    out = torch.zeros_like(x)
    scales, shifts = (torch.as_tensor(t, dtype=x.dtype).expand(x.shape) for t in (scale, shift))
    for at in torch.cartesian_prod(*map(torch.arange, x.shape)).view(-1, x.dim()).tolist():
        out[tuple(at)] = x[tuple(at)] * scales[tuple(at)] + shifts[tuple(at)]
    return out


def of_shapes(*shapes):
    """Make tensors of these shapes; a number is passed as it is."""
    return lambda _sizes, generator: tuple(
        torch.randn(s, generator=generator) if isinstance(s, tuple) else s for s in shapes
    )


CASES = (
    Case("one element", n=1, d=1),
    Case("one row", n=1, d=4),
    Case("no rows", n=0, d=3),
    Case("no columns", n=3, d=0),
    Case("a matrix", n=7, d=5),
    Case("Python numbers", given=of_shapes((3, 4), 2.5, -1)),
    Case("0-d tensors", given=of_shapes((3, 4), (), ())),
    Case("tensors of x's shape", given=of_shapes((3, 4), (3, 4), (3, 4))),
    Case("a vector and a number", given=of_shapes((6,), (6,), 0.5)),
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
        gradient=False,  # in-place ops do not work on a leaf; see test_gradient_in_place
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


def call_on_view(kata, base, transposed, scale, shift):
    """Call scale_shift_ on a view of `base`; return what the caller sees afterwards."""
    x, others = (base.T if transposed else base), [t.clone() for t in (scale, shift)]
    address = x.data_ptr()
    result = kata.scale_shift_(x, scale, shift)
    return {
        "returns x": result is x,
        "same memory": x.data_ptr() == address,
        "base": base,
        "others kept": all(t.equal(o) for t, o in zip((scale, shift), others, strict=True)),
    }


def gradients_in_place(kata, x, scale, shift):
    leaves = [t.requires_grad_() for t in (x, scale, shift)]
    y = kata.scale_shift_(x * 1, scale, shift)
    return torch.autograd.grad((y * y).sum(), leaves, allow_unused=True)


def layouts(generator):
    """Yield (name, base, whether x is the transpose of base) for the tensors to write to."""
    yield _("a matrix"), torch.randn(4, 6, generator=generator), False
    yield _("a transposed matrix"), torch.randn(6, 4, generator=generator), True


def test_contract_returns_x(submission, generator):
    """scale_shift_ returns the object x itself."""
    for layout, base, transposed in layouts(generator):
        scale, shift = torch.tensor(2.0), torch.tensor(1.0)
        require(
            submission.run(call_on_view, base, transposed, scale, shift)["returns x"],
            _(
                "scale_shift_ on {layout} returns an object other than x. In-place functions "
                "return x itself, so that calls can be chained and the result is not mistaken for "
                "a copy.",
                layout=layout,
            ),
        )


def test_purity_writes_to_x(submission, reference, generator, device):
    """scale_shift_ writes to the memory of x, and leaves scale and shift unchanged."""
    for layout, base, transposed in layouts(generator):
        scale, shift = torch.randn(2, 4, 6, generator=generator)
        arguments = (base, transposed, scale, shift)
        got = submission.run(call_on_view, *arguments, device=device)
        expected = reference.run(call_on_view, *arguments)
        require(
            got["same memory"] and not got["base"].equal(base),
            _(
                "After scale_shift_ on {layout}, the memory of x still holds the old values: the "
                "result is in other memory. `x = x * scale` and reshape create new tensors; "
                "`x *= scale` writes to x.",
                layout=layout,
            ),
        )
        what = _("the memory of x after scale_shift_ on {layout}", layout=layout)
        same(got["base"], expected["base"], what=what)
        require(
            got["others kept"],
            _("scale_shift_ modifies scale or shift; it must write only to x."),
        )


def test_gradient_in_place(submission, reference, generator):
    """Gradients flow through scale_shift_ to the input of x, to scale and to shift."""
    arguments = [torch.randn(s, generator=generator) for s in ((4, 6), (6,), (4, 1))]
    got, expected = (
        subject.run(gradients_in_place, *arguments) for subject in (submission, reference)
    )
    for name, mine, theirs in zip(("x", "scale", "shift"), got, expected, strict=True):
        require(
            mine is not None,
            _(
                "No gradient reaches {name} through scale_shift_: the change bypasses autograd.",
                name=name,
            ),
        )
        same(mine, theirs, what=_("the gradient of {name} through scale_shift_", name=name))
