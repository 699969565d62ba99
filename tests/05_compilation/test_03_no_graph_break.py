"""Grader of no_graph_break: one graph, and no question to the data."""

import torch

from torchkata import Case, Function, HostSyncs, Ops, Spec, normal, require, same, uniform, value
from torchkata.probes import compile_as_one_graph, compiled_graphs, op_names


def entry_loop(x, threshold):
    out = torch.empty_like(x).flatten()
    for i, entry in enumerate(x.flatten()):
        out[i] = entry * entry if entry > threshold else 0.1 * entry
    return out.reshape(x.shape)


def infinite(sizes, _generator):
    x = [torch.inf, -torch.inf, 3.0, -2.0, 0.5, 0.0, 1e9, -1e9]
    return torch.tensor(x, dtype=sizes.dtype), 0.5


def at_threshold(sizes, _generator):
    return torch.tensor([[1.0, 2.0, 3.0], [-2.0, 2.0, 0.0]], dtype=sizes.dtype), 2.0


def threshold_at(threshold):
    return lambda sizes, generator: (normal("5 3")(sizes, generator), threshold)


SPEC = Spec(
    Function(
        "activate",
        inputs={"x": normal("n d", std=2.0), "threshold": value(0.5)},
        naive=entry_loop,
        cases=(
            Case("one entry", n=1, d=1),
            Case("one row", n=1, d=7),
            Case("no rows", n=0, d=3),
            Case("mixed", n=12, d=9),
            Case("a single number", given=lambda s, g: (uniform("", 1.0, 2.0)(s, g), 0.5)),
            Case("none above", given=threshold_at(100.0)),
            Case("all above", given=threshold_at(-100.0)),
            Case("entries at the threshold", given=at_threshold),
            Case("infinities", axis="stability", given=infinite),
        ),
        gradient=("x",),
        budget=(Ops(8), HostSyncs()),
    ),
    stub_digest="c6029414428cf781",
    broken_axis="ops",
)


def compiled(kata, x, threshold):
    return compile_as_one_graph(kata.activate, x, threshold)


def compiles_itself(kata):
    """Whether the function is compiled already, or calls a compiler."""
    with compiled_graphs() as graphs:
        kata.activate(torch.tensor([1.0, 2.0]), 1.5)
    return any("cond" not in op_names(graph) for graph in graphs)  # cond does so, and is told of


def test_contract_plain_function(submission):
    """The function is left uncompiled: the grader compiles it."""
    require(
        not submission.run(compiles_itself),
        "`activate` runs compiled code already. Leave it a plain function: whoever uses it "
        "compiles it, together with what stands before and after it.",
    )


def test_ops_one_graph(submission, generator):
    """torch.compile(activate, fullgraph=True) makes one graph of it."""
    got = submission.run(compiled, torch.randn(4, 3, generator=generator), 0.5)
    require(
        not got["refused"],
        "torch.compile(activate, fullgraph=True) cannot record the function as one graph, for what "
        "it does next depends on numbers that only the data know. The compiler says: "
        f"{got['refused']}",
    )
    require(
        len(got["graphs"]) == 1,
        f"torch.compile makes {len(got['graphs'])} graphs of the function; it has to be 1.",
        graphs=len(got["graphs"]),
    )
    asking = [w for w in ("cond", "nonzero") if any(w in name for name in got["graphs"][0])]
    require(
        not asking,
        f"The graph holds {' and '.join(asking)}, whose answer the CPU has to read before it can "
        "go on: on a GPU it waits there. Choose entry by entry instead, in a tensor operation.",
    )


def test_values_compiled(submission, reference, generator):
    """Compiled, the function computes the same."""
    for shape in ((4, 3), (1,), (0, 2)):
        x = torch.randn(shape, generator=generator)
        got = submission.run(compiled, x, 0.25)
        if not got["refused"]:
            expected = reference.run(compiled, x, 0.25)["result"]
            same(got["result"], expected, what="the compiled function's result")
