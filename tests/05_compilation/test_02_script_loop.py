"""Grader of script_loop: an expression without a loop, and a compiled loop."""

import torch

from torchkata import Case, EntryPoint, Function, Spec, Speedup, _, normal, require
from torchkata.probes import compiled_graphs, op_names, scripted_graphs, uncompiled_reasons

_FEW, _MANY = 4, 8


def element_loop(x):
    highest, gap = x[0], torch.zeros_like(x[0])
    for value in x:
        highest = torch.maximum(highest, value)
        gap = torch.maximum(gap, highest - value)
    return gap


def call_scripted(kata, x):
    """Call `scripted`, with a fast backend instead of the one that it names."""
    with compiled_graphs():
        return kata.scripted(x)


def compiled_parts(kata, x):
    """Count the ops that torch.compile captures, TorchScript programs, and compiled loops."""
    with compiled_graphs() as graphs, scripted_graphs() as programs:
        kata.scripted(x)
    captured = [name for graph in graphs for name in op_names(graph)]
    loops = sum("while_loop" in name or "scan" in name for name in captured)
    loops += sum(program.count("prim::Loop") for program in programs)
    # If the loop has an `if` on an element, the compiler chooses to run it uncompiled.
    loops += sum(
        "graph break in loop" in reason and "Data-dependent" in reason
        for reason in uncompiled_reasons()
    )
    return {"captured": len(captured), "programs": len(programs), "loops": loops}


def sorted_elements(n, *, descending):
    return lambda sizes, generator: (
        normal(str(n))(sizes, generator).sort(descending=descending).values,
    )


def drop_between_extremes(_sizes, generator):
    """Make an x whose largest drop neither starts at the maximum nor ends at the minimum."""
    return (torch.tensor([0.0, 7.0, 1.0, 9.0, 8.0]) + 0.1 * torch.rand(5, generator=generator),)


SPEC = Spec(
    Function(
        "cumulative_max_gap",
        inputs={"x": normal("n")},
        naive=element_loop,
        cases=(
            Case("one element", n=1),
            Case("two elements", n=2),
            Case("three elements", n=3),
            Case("40 elements", n=40),
            Case("500 elements", n=500),
            Case("ascending", given=sorted_elements(30, descending=False)),
            Case("descending", given=sorted_elements(30, descending=True), gradient=True),
            Case("largest drop excludes maximum and minimum", given=drop_between_extremes),
        ),
        budget=(Speedup(300, over=element_loop, at={"n": 2000}),),
    ),
    EntryPoint("scripted"),
    Function(
        "call of scripted",
        adapter=call_scripted,
        inputs={"x": normal("n")},
        naive=element_loop,
        cases=(
            Case("one element", n=1),
            Case("two elements", n=2),
            Case("five elements", n=5),
            Case("eight elements", n=8),
            Case("ascending", given=sorted_elements(4, descending=False)),
            Case("descending", given=sorted_elements(6, descending=True)),
        ),
        check_variants=False,
    ),
    stub_digest="3d0eb40f409f4406",
)


def test_contract_scripted_is_a_compiled_loop(submission, generator):
    """`scripted` runs a loop that was compiled by torch.jit.script or torch.compile."""
    few, many = (
        submission.run(compiled_parts, torch.randn(n, generator=generator)) for n in (_FEW, _MANY)
    )
    require(
        many["captured"] or many["programs"] or many["loops"],
        _(
            "A call of `scripted` runs no compiled code, neither from torch.compile nor from "
            "torch.jit.script. Decorate the function that contains the loop."
        ),
    )
    require(
        many["loops"] or many["captured"] - few["captured"] >= _MANY - _FEW,
        _(
            "The compiled code of `scripted` contains no loop over the elements. Typical reasons: "
            "it is a trace, which repeats the steps of its example input; it is the expression "
            "without a loop; or x.tolist() has moved the loop out of the compiled code. Decorate "
            "the function that contains the `for` loop."
        ),
    )
