"""Compilation 03: no graph break. Replace data-dependent control flow with a choice per entry.

Task
    `activate` squares the entries above a threshold and takes a tenth of the others: x*x where
    x > threshold, else 0.1*x. The code below computes that, but its `if` depends on a value in x.
    `torch.compile` does not know this value while it traces, so it splits the function into two
    graphs with Python between them (a graph break). On a GPU, the CPU also waits there until all
    earlier work is done. Rewrite the function so that it never reads a value from a tensor.

Shapes and units
    x            [...]    float32 or float64, any shape and device; may be empty or contain nan and
                          infinities
    threshold    a float
    return       [...]    the shape, dtype and device of x

Rules
    `activate` stays a plain function: the grader compiles it with
    `torch.compile(activate, fullgraph=True)`. The result is one graph, without a break.
    No host synchronization: no `.item()`, `bool(tensor)`, `nonzero` or `torch.cond`, and no
    indexing with a mask (the CPU has to read how many entries the mask selects).
    Gradients flow to x. A nan in x stays nan, and infinities stay correct. Arithmetic with a mask m
    of ones and zeros, such as `m * (x * x) + (1 - m) * (0.1 * x)`, turns inf into nan, because
    0 * inf is nan.

Budget
    An op is one call that reaches PyTorch's dispatcher.
    at most 8 ops, not counting views
    no host synchronization

Hints
    1. Compute both answers for every entry; then choose between them, entry by entry.
    Levels 2 and 3: `nox -s hint -- no_graph_break`.
"""

from torch import Tensor


def activate(x: Tensor, threshold: float) -> Tensor:
    above = x > threshold
    if above.any().item():  # TODO: reads a value from x, as does the mask indexing below
        out = 0.1 * x
        out[above] = x[above] * x[above]
        return out
    return 0.1 * x
