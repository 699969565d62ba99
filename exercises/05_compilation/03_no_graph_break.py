"""Compilation 03: no graph break. Replace a question to the data by a choice in the graph.

Task
    `activate` squares the entries above a threshold and takes a tenth of the others:
    x*x where x > threshold, else 0.1*x. The code below computes that, but it asks the data and
    waits for the answer. A compiler cannot know the answer while it records the program, so the
    program falls into two pieces with Python between them (a graph break), and on a GPU the CPU
    has to wait until all earlier work is done. Rewrite it without the question.
    The grader compiles it by `torch.compile(activate, fullgraph=True)`; leave it a plain function.

Shapes and units
    x            [...]    floats, any device and shape, also empty; infinities are possible
    threshold    a float
    return       [...]    the shape, dtype and device of x

Rules
    One graph, without a break. No host synchronisation: no `.item()`, `bool(tensor)` or `nonzero`,
    no indexing by a mask (how many entries it picks has to be read back), and no `torch.cond`,
    which chooses for the whole tensor, by a number that the CPU has to fetch.
    A mask times a value is no choice either: 0 * inf is nan. So
    `m * (x * x) + (1 - m) * (0.1 * x)` with m = 1 or 0 turns inf into nan:
        >>> x = torch.tensor([torch.inf]); m = (x > 0).float()
        >>> m * (x * x) + (1 - m) * (0.1 * x)
        tensor([nan])

Budget
    at most 8 ops
    no host synchronisation

Hints
    1. Compute both answers for every entry; then choose between them, entry by entry.
    Levels 2 and 3: `nox -s hint -- no_graph_break`.
"""

from torch import Tensor


def activate(x: Tensor, threshold: float) -> Tensor:
    above = x > threshold
    if above.any().item():  # TODO: do without asking; the next lines ask once more
        out = 0.1 * x
        out[above] = x[above] * x[above]
        return out
    return 0.1 * x
