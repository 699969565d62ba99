"""Grader of script_loop: an expression without a loop, and a compiled loop."""

import torch

from torchkata import (
    Case,
    EntryPoint,
    Function,
    Scale,
    Spec,
    Speedup,
    _,
    arguments,
    integers,
    none_of,
    normal,
    require,
    special,
)
from torchkata.probes import compiled_graphs, op_names, scripted_graphs, uncompiled_reasons

_FEW, _MANY = 4, 8


def element_loop(x):
    highest, gap = x[0], torch.zeros_like(x[0])
    for value in x:
        highest = torch.maximum(highest, value)
        gap = torch.maximum(gap, highest - value)
    return gap


def earlier_peak(sizes, generator):
    """Draw a series with a small rise between its peak and its lowest element."""
    series = torch.tensor([0.0, 5, 1, 3, -1, 2, -0.5, 1])
    return ((series + 0.1 * torch.rand(8, generator=generator)).to(sizes.dtype),)


def call_scripted(kata, x):
    """Call `scripted`, with a fast backend instead of the one that it names."""
    with compiled_graphs():
        return kata.scripted(x)


def call_uncompiled(kata, x):
    """Call `scripted` without torch.compile, so that every op can be seen."""
    with torch.compiler.set_stance("force_eager"):
        return kata.scripted(x)


def compiled_calls(kata, x):
    """Count the programs of either compiler that `cumulative_max_gap` runs."""
    with compiled_graphs() as graphs, scripted_graphs() as programs:
        kata.cumulative_max_gap(x)
    return len(graphs) + len(programs)


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


def drop_at_the_end(sizes, generator):
    x = normal("5000")(sizes, generator)
    x[-1] -= 20
    return (x,)


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
            Case("5,000 elements", given=drop_at_the_end),
            Case("ascending", given=sorted_elements(30, descending=False)),
            Case("descending", given=sorted_elements(30, descending=True), gradient=True),
            Case("largest drop excludes maximum and minimum", given=drop_between_extremes),
            Case("equal elements", given=arguments(integers("40", 0, 4, dtype=torch.float32))),
            Case("nan", given=arguments(special("9"))),
        ),
        variant_case="40 elements",
        no_loop=("n",),
        scale=Scale(_("a recording of 20 minutes"), n=50_000_000),
        budget=(Speedup(150, over=element_loop, at={"n": 2000}),),
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
            Case("eight elements", n=8),
            # The same shapes again, so that no result can be stored by shape.
            Case("ascending", given=sorted_elements(8, descending=False)),
            Case("descending", given=sorted_elements(8, descending=True)),
            Case("largest drop from an earlier peak", given=earlier_peak),
        ),
        check_variants=False,
    ),
    stub_digest="f2f8781ee5f5380e",
)
RULES = {
    "no loop, no compiler": (
        "ops[*no loop over n]",
        "contract[no compiler in cumulative max gap]",
        "device[cumulative_max_gap*]",
    ),
    "contains nan": "values[cumulative_max_gap: nan]",
    "`scripted`: a loop": "contract[scripted is*]",
    "plain function": None,
    "only its values": "values[call of scripted*]",
}


def test_contract_no_compiler_in_cumulative_max_gap(submission, generator):
    """`cumulative_max_gap` calls no compiled code."""
    require(
        not submission.run(compiled_calls, torch.randn(5, generator=generator)),
        _(
            "`cumulative_max_gap` runs compiled code. Write it without a compiler: it needs no "
            "loop that one could compile."
        ),
    )


def test_contract_scripted_is_the_loop(submission, generator):
    """`scripted` computes its result in the loop, not with a cumulative operation."""
    ops = submission.measure(call_uncompiled, torch.randn(_FEW, generator=generator)).ops.ops
    none_of(
        [name for name in ops if any(part in name for part in ("cummax", "cummin"))],
        what=_("Cumulative operations in `scripted`"),
        why=_("Remember the highest value so far in a variable of the loop."),
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
