"""Grader of compile_once: one program for all factors and batch sizes."""

import torch

from torchkata import (
    Case,
    EntryPoint,
    Function,
    Spec,
    _,
    at_most,
    equal,
    none_of,
    normal,
    require,
    uniform,
)
from torchkata.probes import DataflowRecorder, compiled_graphs

_LARGE = 150
_SIZES, _FACTORS, _LIMIT = (*range(2, 12), _LARGE), 10, 2


def row_by_row(x, factor):
    rows = [row * factor for row in x]
    return torch.stack(rows) if rows else x.clone()


def second_call(kata, x, factor):
    """Call a new scaler with other arguments, then with these."""
    with compiled_graphs():
        scaler = kata.make_scaler()
        scaler(x.new_ones(3, 2), -4.25)
        return scaler(x, factor)


def compilations(kata, xs, factors):
    """Count the compilations of a scaler, and the products that a compiled program computes.

    Between the calls, x is overwritten in place; the last call repeats the first factor.
    """
    recorder, inside, right = DataflowRecorder(), [], []
    with compiled_graphs(recorder.wrap) as graphs:
        scaler = kata.make_scaler()
        for x in xs:
            used = factors if len(x) < _LARGE else factors[:2]
            for factor in (*used, used[0]):
                recorder.clear()
                result, expected = scaler(x, factor), x * factor
                inside.append(recorder.produced(expected))
                right.append(torch.allclose(result, expected))
                x.add_(1)
    counts = {"inside": sum(inside), "right": sum(right), "calls": len(inside)}
    return {"compilations": len(graphs), **counts}


def changes_without_gradients(kata, x, factor):
    """Return what two calls of one scaler change, without gradients."""
    changed = []
    for mode in (torch.no_grad, torch.inference_mode):
        with compiled_graphs(), mode():
            scaler, given = kata.make_scaler(), x.clone()
            first = scaler(given, factor)
            copy = first.clone()
            scaler(given + 1, factor)
        changed += [f"x ({mode.__name__})"] * (not given.equal(x))
        changed += [f"result ({mode.__name__})"] * (not first.equal(copy))
    return changed


def devices(kata, x):
    """Return the devices of x and of the result; uses the meta device if x is on the CPU."""
    x = x.to("meta") if x.device.type == "cpu" else x
    return {"x": str(x.device), "result": str(second_call(kata, x, 2.5).device)}


SPEC = Spec(
    EntryPoint("make_scaler"),
    Function(
        "scaler(x, factor)",
        adapter=second_call,
        inputs={
            "x": normal("n d"),
            # A value of float32, so that a tensor of the factor is exact.
            "factor": lambda s, g: uniform("", 0.5, 3.0, dtype=torch.float32)(s, g).item(),
        },
        naive=row_by_row,
        cases=(
            Case("no rows", n=0, d=3),
            Case("one row", n=1, d=4),
            Case("many", n=30, d=7),
        ),
        layouts=("transposed", "strided"),
        gradient=("x",),
        device=False,
        repeated=False,  # each call would compile anew; see the tests below
    ),
    stub_digest="b5ac4506b9f09f64",
    broken_axis="ops",
)
RULES = {
    "compilations over": "ops[compilations]",
    "passed to the backend": "ops[compilations]",
    "inside the compiled program": "ops[compilations]",
    "any backend": None,
    "The grader replaces": None,
}


def test_device_of_the_input(submission, device):
    """The result is on the device of x."""
    x = torch.ones(4, 3)
    device = "cpu" if device.startswith("twin") else device  # the twin cannot run compiled code
    got = submission.run(devices, x, device=device)
    equal(got["result"], got["x"], what=_("The device of the result"))


def test_purity_without_gradients(submission, generator):
    """Without gradients, too, a call changes neither x nor an earlier result."""
    none_of(
        submission.run(changes_without_gradients, torch.randn(5, 3, generator=generator), 2.5),
        what=_("What two calls of one scaler change"),
        why=_("Return a new tensor from each call."),
    )


def test_ops_compilations(submission, generator):
    """At least 1 and at most 2 compilations over many batch sizes and factors."""
    xs = [torch.randn(n, 3, generator=generator) for n in _SIZES]
    factors = (1.5 + torch.rand(_FACTORS, generator=generator, dtype=torch.float64)).tolist()
    got = submission.run(compilations, xs, factors)
    require(
        got["compilations"] >= 1,
        _("Nothing is compiled. The scaler must call a function that torch.compile returns."),
        compilations=0,
    )
    at_most(
        got["compilations"],
        _LIMIT,
        what=_("Compilations for 11 batch sizes and 10 factors"),
        why=_(
            "The compiler compiles again whenever something changes that it treats as a constant, "
            "such as a size or a Python number. (After 8 compilations of a function, PyTorch runs "
            "it uncompiled.)"
        ),
        metric="compilations",
    )
    equal(
        got["inside"],
        got["calls"],
        what=_("Products that the compiled program computes"),
        why=_("Compile the multiplication itself, for every batch size."),
    )
    equal(got["right"], got["calls"], what=_("Calls of one scaler with a correct result"))
