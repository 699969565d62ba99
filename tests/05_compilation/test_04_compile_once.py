"""Grader of compile_once: one program for all factors and batch sizes."""

import torch

from torchkata import Case, EntryPoint, Function, Spec, normal, require, uniform
from torchkata.probes import DataflowRecorder, compiled_graphs

_SIZES, _FACTORS, _MOST = range(2, 12), 10, 2


def product_in_pieces(x, factor):
    rows = [row * factor for row in x]
    return torch.stack(rows) if rows else x.clone()


def scaled(kata, x, factor):
    """Call a new scaler twice, with other arguments first."""
    with compiled_graphs():
        scaler = kata.make_scaler()
        scaler(x.new_ones(3, 2), -4.25)
        return scaler(x, factor)


def watched(kata, xs, factors):
    """How often a scaler was compiled, and how many products came out of a compiled program."""
    flow, inside = DataflowRecorder(), []
    with compiled_graphs(flow.wrap) as graphs:
        scaler = kata.make_scaler()
        for x in xs:
            for factor in factors:
                flow.clear()
                scaler(x, factor)
                inside.append(flow.produced(x * factor))
    return {"compilations": len(graphs), "inside": sum(inside), "calls": len(inside)}


def on_meta(kata, x):
    """The device of a result, on a device without data where there is no other."""
    x = x.to("meta") if x.device.type == "cpu" else x
    return str(scaled(kata, x, 2.5).device), str(x.device)


SPEC = Spec(
    EntryPoint("make_scaler"),
    Function(
        "scaler",
        adapter=scaled,
        inputs={
            "x": normal("n d"),
            # A float32's value: to make a tensor of the factor costs no digits then.
            "factor": lambda s, g: uniform("", 0.5, 3.0, dtype=torch.float32)(s, g).item(),
        },
        naive=product_in_pieces,
        cases=(
            Case("no rows", n=0, d=3),
            Case("one entry", n=1, d=1),
            Case("one row", n=1, d=4),
            Case("one column", n=5, d=1),
            Case("many", n=30, d=7),
        ),
        gradient=("x",),
        device=False,
    ),
    stub_digest="4ed7f85d464f83fc",
    broken_axis="ops",
)


def test_device_of_the_input(submission, device):
    """The result lies where x lies."""
    x = torch.ones(4, 3)
    where = "cpu" if device.startswith("twin") else device  # compiled code does not run on the twin
    got, expected = submission.run(on_meta, x, device=where)
    require(got == expected, f"x lies on {expected}, but the result lies on {got}.")


def test_ops_compilations(submission, generator):
    """At least 1 and at most 2 compilations over 10 batch sizes and 10 factors."""
    xs = [torch.randn(n, 3, generator=generator) for n in _SIZES]
    factors = (1.5 + torch.rand(_FACTORS, generator=generator, dtype=torch.float64)).tolist()
    got = submission.run(watched, xs, factors)
    require(
        got["compilations"] >= 1,
        "Nothing was compiled: the scaler has to call a function made by torch.compile.",
        compilations=0,
    )
    require(
        got["compilations"] <= _MOST,
        f"{got['compilations']} compilations for {len(xs)} batch sizes and {_FACTORS} factors; at "
        f"most {_MOST} are allowed. Whatever the compiler takes for a constant (a size, a Python "
        "number) is compiled again as soon as it changes. (PyTorch stops at 8 for one function, "
        "and then runs it uncompiled.)",
        compilations=got["compilations"],
        compilations_allowed=_MOST,
    )
    require(
        got["inside"] == got["calls"],
        f"Only {got['inside']} of {got['calls']} products come out of the compiled program; the "
        "others were made outside it. Compile the multiplication itself.",
    )
