"""Grader of no_graph_break: one graph, and no value read from a tensor."""

import torch

from torchkata import (
    Case,
    Function,
    HostSyncs,
    Ops,
    Scale,
    Spec,
    _,
    arguments,
    equal,
    none_of,
    normal,
    require,
    same,
    special,
    uniform,
    value,
)
from torchkata.probes import compile_as_one_graph, compiled_graphs, op_names, scripted_graphs


def entry_loop(x, threshold):
    out = torch.empty_like(x).flatten()
    for i, entry in enumerate(x.flatten()):
        out[i] = entry * entry if entry > threshold else 0.1 * entry
    return out.reshape(x.shape)


def infinities(sizes, _generator):
    x = [torch.inf, -torch.inf, 3.0, -2.0, 0.5, 0.0, 1e9, -1e9]
    return torch.tensor(x, dtype=sizes.dtype), 0.5


def at_threshold(sizes, _generator):
    return torch.tensor([[1.0, 2.0, 3.0], [-2.0, 2.0, 0.0]], dtype=sizes.dtype), 2.0


SPEC = Spec(
    Function(
        "activate",
        inputs={"x": normal("n d", std=2.0), "threshold": value(0.5)},
        naive=entry_loop,
        cases=(
            Case("one entry", n=1, d=1),
            Case("one row", n=1, d=7),
            Case("no rows", n=0, d=3),
            Case("entries on both sides", n=12, d=9),
            Case("5,000 rows", n=5000, d=2),
            Case("a single number", given=arguments(uniform("", 1.0, 2.0), 0.5)),
            Case("three dims", given=arguments(normal("2 3 4"), 0.5)),
            Case("none above", given=arguments(normal("5 3"), 100.0), gradient=True),
            Case("all above", given=arguments(normal("5 3"), -100.0), gradient=True),
            Case("entries at the threshold", given=at_threshold, gradient=True),
            Case("nan", given=arguments(special("3 4"), 0.25)),
            Case("infinities", axis="stability", given=infinities),
        ),
        gradient=("x",),
        scale=Scale(_("activations of 8,192 tokens in a large layer"), n=8_192, d=16_384),
        budget=(
            Ops(8, slack="Methods and a mask in several steps take up to 8 ops."),
            HostSyncs(),
        ),
    ),
    stub_digest="6fbf44f26aadbdaa",
    broken_axis="ops",
)
RULES = {
    "plain function": "contract[plain function]",
    "one graph": "ops[one graph]",
    "A nan in x": ("values[nan]", "stability[infinities]"),
    "Arithmetic with a mask": "stability[infinities]",
}


def compile_activate(kata, x, threshold):
    return compile_as_one_graph(kata.activate, x, threshold)


def compiles_itself(kata):
    """Return whether the function is already compiled, or calls a compiler."""
    with compiled_graphs() as graphs, scripted_graphs() as programs:
        kata.activate(torch.tensor([1.0, 2.0]), 1.5)
    # torch.cond compiles its branches; test_ops_one_graph reports it.
    return bool(programs) or any("cond" not in op_names(graph) for graph in graphs)


def test_contract_plain_function(submission):
    """The function is not compiled itself, because the grader compiles it."""
    require(
        not submission.run(compiles_itself),
        _(
            "`activate` already runs compiled code. Leave it a plain function: its caller compiles "
            "it, together with the code around it."
        ),
    )


def test_ops_one_graph(submission, generator):
    """torch.compile(activate, fullgraph=True) produces exactly one graph."""
    got = submission.run(compile_activate, torch.randn(4, 3, generator=generator), 0.5)
    require(
        not got["refused"],
        _(
            "torch.compile(activate, fullgraph=True) cannot capture the function as one graph, "
            "because its control flow depends on values of the data. The compiler says: {reason}",
            reason=got["refused"],
        ),
    )
    equal(len(got["graphs"]), 1, what=_("The number of graphs of the function"))
    none_of(
        [op for op in ("cond", "nonzero") if any(op in name for name in got["graphs"][0])],
        what=_("Operations that read a result on the CPU"),
        why=_("A GPU waits there. Choose per entry instead, with a tensor operation."),
    )


def test_values_compiled(submission, reference, generator):
    """The compiled function computes the same values."""
    for shape in ((4, 3), (1,), (0, 2)):
        x = torch.randn(shape, generator=generator)
        got = submission.run(compile_activate, x, 0.25)
        if not got["refused"]:
            expected = reference.run(compile_activate, x, 0.25)["result"]
            same(got["result"], expected, what=_("the result of the compiled function"))
