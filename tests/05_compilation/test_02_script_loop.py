"""Grader of script_loop: an expression against the element loop, and the compiled loop itself."""

import torch

from torchkata import Case, EntryPoint, Function, Spec, Speedup, normal, require
from torchkata.probes import compiled_graphs, op_names, scripted_graphs, uncompiled_reasons

_FEW, _MANY = 4, 8


def element_loop(x):
    highest, gap = x[0], torch.zeros_like(x[0])
    for value in x:
        highest = torch.maximum(highest, value)
        gap = torch.maximum(gap, highest - value)
    return gap


def compiled_call(kata, x):
    """Call `scripted`; whatever backend it names, a quick one stands in for it."""
    with compiled_graphs():
        return kata.scripted(x)


def compiled_parts(kata, x):
    """How many operations torch.compile captured, and TorchScript's programs and their loops."""
    with compiled_graphs() as graphs, scripted_graphs() as programs:
        kata.scripted(x)
    captured = [name for graph in graphs for name in op_names(graph)]
    loops = sum("while_loop" in name or "scan" in name for name in captured)
    loops += sum(program.count("prim::Loop") for program in programs)
    # An `if` on an element makes the compiler run the whole loop uncompiled: its own choice.
    loops += sum(
        "graph break in loop" in why and "Data-dependent" in why for why in uncompiled_reasons()
    )
    return {"captured": len(captured), "programs": len(programs), "loops": loops}


def ordered(n, *, descending):
    return lambda sizes, generator: (
        normal(str(n))(sizes, generator).sort(descending=descending).values,
    )


def inside(_sizes, generator):
    """The largest drop ends at neither the lowest nor begins at the highest value."""
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
            Case("some", n=40),
            Case("many", n=500),
            Case("only rising", given=ordered(30, descending=False)),
            Case("only falling", given=ordered(30, descending=True), gradient=True),
            Case("neither highest nor lowest takes part", given=inside),
        ),
        budget=(Speedup(300, over=element_loop, at={"n": 2000}),),
    ),
    EntryPoint("scripted"),
    Function(
        "call of scripted",
        adapter=compiled_call,
        inputs={"x": normal("n")},
        naive=element_loop,
        cases=(
            Case("one element", n=1),
            Case("two elements", n=2),
            Case("five elements", n=5),
            Case("eight elements", n=8),
            Case("only rising", given=ordered(4, descending=False)),
            Case("only falling", given=ordered(6, descending=True)),
        ),
        check_variants=False,
    ),
    stub_digest="3d0eb40f409f4406",
)


def test_contract_scripted_is_a_compiled_loop(submission, generator):
    """`scripted` runs a loop that torch.jit.script or torch.compile has compiled."""
    few, many = (
        submission.run(compiled_parts, torch.randn(n, generator=generator)) for n in (_FEW, _MANY)
    )
    require(
        many["captured"] or many["programs"] or many["loops"],
        "A call of `scripted` runs nothing that was compiled, neither by torch.compile nor by "
        "torch.jit.script. Put a compiler's decorator above the function with the loop.",
    )
    require(
        many["loops"] or many["captured"] - few["captured"] >= _MANY - _FEW,
        "What is compiled in `scripted` holds no loop over the elements: a trace, which repeats "
        "the steps of its example, or the expression without a loop, or next to nothing because "
        "x.tolist() took the numbers out. Put the decorator above the `for` loop itself.",
    )
