"""Grader of in_place: the same values in the memory of x, and in a new tensor."""

import torch

from torchkata import (
    Case,
    Function,
    Memory,
    Scale,
    Spec,
    _,
    arguments,
    equal,
    large_integers,
    normal,
    require,
    same,
    special,
)

INPUTS = {"x": normal("n d"), "scale": normal("d"), "shift": normal("n 1")}


def element_by_element(x, scale, shift):
    out = torch.zeros_like(x)
    scales, shifts = (torch.as_tensor(t, dtype=x.dtype).expand(x.shape) for t in (scale, shift))
    for at in torch.cartesian_prod(*map(torch.arange, x.shape)).view(-1, x.dim()).tolist():
        out[tuple(at)] = x[tuple(at)] * scales[tuple(at)] + shifts[tuple(at)]
    return out


CASES = (
    Case("one element", n=1, d=1),
    Case("one row", n=1, d=4),
    Case("no rows", n=0, d=3),
    Case("no columns", n=3, d=0),
    Case("a matrix", n=7, d=5),
    Case("7,000 rows", n=7000, d=3),
    Case("Python numbers", given=arguments(normal("3 4", dtype=torch.float32), 2.5, -1)),
    Case("whole Python numbers", given=arguments(normal("3 4"), -3, 2)),
    Case("a scale of 1", given=arguments(normal("3 4"), 1, 2)),
    Case("a shift of 0", given=arguments(normal("3 4"), 2, 0)),
    Case("0-d tensors", given=arguments(normal("3 4"), normal(""), normal(""))),
    Case("tensors of x's shape", given=arguments(normal("3 4"), normal("3 4"), normal("3 4"))),
    Case("a vector and a number", given=arguments(normal("6"), normal("6"), 5)),
    Case("nan and inf", given=arguments(special("4 5"), normal("5"), special("4 1"))),
    Case("large integers", given=arguments(large_integers("3 4"), 3, large_integers("4"))),
)
DTYPES = (torch.float32, torch.float64, torch.int64)

SPEC = Spec(
    Function(
        "scale_shift_",
        inputs=INPUTS,
        naive=element_by_element,
        cases=CASES,
        dtypes=DTYPES,
        scale=Scale(_("activations of 8,192 tokens in a large layer"), n=8_192, d=16_384),
        budget=(
            Memory(
                "0.5 * output",
                at={"n": 200, "d": 50},
                slack="A temporary of the size of scale or shift is fine.",
            ),
        ),
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
    stub_digest="8ba1ee546472c520",
    broken_axis="purity",
)


VIEWS = {
    "whole": (_("a matrix"), lambda base: base),
    "transposed": (_("a transposed matrix"), lambda base: base.T),
    "part": (_("a part of a larger matrix"), lambda base: base[1:4, ::2]),
}


def call_on_view(kata, base, view, mode, scale, shift):
    """Call scale_shift_ on a view of `base`; return what the caller sees afterwards."""
    from contextlib import nullcontext  # noqa: PLC0415 - probes import what they need

    modes = {"no_grad": torch.no_grad, "inference_mode": torch.inference_mode}
    x, others = VIEWS[view][1](base), [t.clone() for t in (scale, shift)]
    x.requires_grad_(mode == "no_grad")  # as parameters do, which optimizers change in place
    address, flag = x.data_ptr(), x.requires_grad
    with modes.get(mode, nullcontext)():
        result = kata.scale_shift_(x, scale, shift)
    return {
        "returns x": result is x,
        "same memory": x.data_ptr() == address,
        "base": base.detach(),
        "requires_grad": [flag, x.requires_grad],
        "others kept": all(t.equal(o) for t, o in zip((scale, shift), others, strict=True)),
    }


def results_on_views(targets, generator, device="cpu"):
    """Yield a description and what each target returns, for each view and mode."""
    for view, (name, part_of) in VIEWS.items():
        base = torch.randn(6, 6, generator=generator)
        scale, shift = torch.randn(2, *part_of(base).shape, generator=generator)
        for mode in ("plain", "no_grad", "inference_mode"):
            given = (base, view, mode, scale, shift)
            what = _("{view} ({mode})", view=name, mode=mode)
            yield what, base, [each.run(call_on_view, *given, device=device) for each in targets]


def gradients_in_place(kata, x, scale, shift):
    leaves = [t.requires_grad_() for t in (x, scale, shift)]
    y = kata.scale_shift_(x * 1, scale, shift)
    return torch.autograd.grad((y * y).sum(), leaves, allow_unused=True)


def test_contract_returns_x(submission, generator):
    """scale_shift_ returns the object x itself."""
    for layout, _base, (got,) in results_on_views([submission], generator):
        require(
            got["returns x"],
            _(
                "scale_shift_ on {layout} returns an object other than x. In-place functions "
                "return x itself, so that calls can be chained and the result is not mistaken for "
                "a copy.",
                layout=layout,
            ),
        )


def test_purity_writes_to_x(submission, reference, generator, device):
    """scale_shift_ writes to the memory of x, and leaves scale and shift unchanged."""
    targets = [submission, reference]
    for layout, base, (got, expected) in results_on_views(targets, generator, device):
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
        what = _("x.requires_grad before and after scale_shift_ on {layout}", layout=layout)
        equal(got["requires_grad"], expected["requires_grad"], what=what)


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
