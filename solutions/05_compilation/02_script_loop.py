"""Reference: a running maximum, a subtraction and a maximum, and the same as a compiled loop.

Fast: three passes over x, each a single op. The element loop pays for Python and the dispatcher
several thousand times. Compiling does not repair that: TorchScript still dispatches ops for each
element, and `torch.compile` unrolls the loop into a separate program for each length. Compilers
fuse expressions such as this one, but they do not find the running maximum for you.

The backend "aot_eager" runs the captured program with PyTorch's own ops. The default is "inductor",
which generates and compiles C++ or Triton code, and takes longer with every unrolled element.
"""

import math

import torch
from torch import Tensor


def cumulative_max_gap(x: Tensor) -> Tensor:
    return (x.cummax(0).values - x).max()  # [n] -> []; at a maximum the drop is 0


@torch.compile(backend="aot_eager")
def scripted(x: Tensor) -> Tensor:
    highest, gap = x[0], torch.zeros_like(x[0])
    for value in x:
        highest = torch.maximum(highest, value)
        gap = torch.maximum(gap, highest - value)
    return gap


HINTS = (
    "At each element, the deepest fall that ends there begins at the highest value so far.",
    "The highest values so far are a cumulative operation; a decorator compiles a plain loop.",
    "`(x.cummax(0).values - x).max()`; and `@torch.compile` above the loop with `torch.maximum`.",
)

EQUIVALENT = {
    "detached for n == 1 in cumulative_max_gap: x": "the gradient of one element is 0",
    "detached for n == 1 in scripted: x": "only the values of scripted count",
    "at most 1000 rows in scripted: x": "scripted gets at most 8 elements",
    "detached result in scripted: result": "only the values of scripted count",
    "result on the CPU in scripted: result": "only the values of scripted count",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {
    "cumulative_max_gap": ("from_the_end", "negated"),
    "scripted": (
        "by_torchscript",
        "wrapped_script",
        "by_inductor",
        "script_module",
        "nested_script",
        "with_ifs",
    ),
}


def from_the_end(x: Tensor) -> Tensor:
    lowest_after = x.flip(0).cummin(0).values.flip(0)
    return torch.amax(x - lowest_after, 0)


def negated(x: Tensor) -> Tensor:
    return -torch.min(x + torch.cummin(-x, dim=0)[0])


def element_loop(x: Tensor) -> Tensor:
    highest, gap = x[0], torch.zeros_like(x[0])
    for i in range(x.shape[0]):
        highest = torch.maximum(highest, x[i])
        gap = torch.maximum(gap, highest - x[i])
    return gap


by_torchscript = torch.jit.script(element_loop)


def wrapped_script(x: Tensor) -> Tensor:
    return by_torchscript(x).clone()


def by_inductor(x: Tensor) -> Tensor:
    return torch.compile(element_loop, fullgraph=True)(x)


class Loop(torch.nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        highest = float(x[0])
        gap = 0.0
        for i in range(x.numel()):  # TorchScript also compiles loops over plain numbers
            highest = max(highest, float(x[i]))
            gap = max(gap, highest - float(x[i]))
        return torch.tensor(gap, dtype=x.dtype)


script_module = torch.jit.script(Loop())


@torch.jit.script
def nested_script(x: Tensor) -> Tensor:
    return element_loop(x)  # TorchScript compiles the functions it calls, too


@torch.compile(backend="eager")
def with_ifs(x: Tensor) -> Tensor:
    highest, gap = x[0], torch.zeros_like(x[0])
    for value in x:
        # The compiler cannot trace an `if` on data, so it runs this loop uncompiled.
        if value > highest:  # noqa: PLR1730 - the point
            highest = value
        if highest - value > gap:  # noqa: PLR1730 - the point
            gap = highest - value
    return gap


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "cumulative_max_gap": {
        "max_minus_min": "values",
        "neighbors_only": "values",
        "from_the_highest": "values",
        "largest_rise": "values",
        "list_loop": "speed",
        "pairwise_table": "speed",
        "through_numpy": "gradient",
        "scripted_expression": "contract",
        "python_loop": "ops",
        "ignores_nan": "values",
        "in_float16": "values",
        "cache_by_shape": "values",
        "in_place": "purity",
        "buffer_on_cpu": "device",
    },
    "scripted": {
        "uncompiled": "contract",
        "traced": "values",
        "misses_the_last": "values",
        "compiled_list_loop": "contract",
        "compiled_expression": "contract",
        "loop_beside_expression": "contract",
    },
}
WHY = {
    "traced": (
        (
            "`torch.jit.trace` records the steps of its example, so the number of iterations is "
            "that of the example. `torch.jit.script` compiles the loop itself."
        ),
        r"jit\.trace",
    ),
    "misses_the_last": "The loop leaves out the last element.",
    "max_minus_min": (
        "The lowest value may come before the highest one. Only falls count, from a value to a "
        "later one."
    ),
}


def max_minus_min(x: Tensor) -> Tensor:
    return x.max() - x.min()  # the minimum may come before the maximum


def neighbors_only(x: Tensor) -> Tensor:
    return (-x.diff()).amax().clamp(min=0) if len(x) > 1 else x[0] * 0  # one step only


def from_the_highest(x: Tensor) -> Tensor:
    later = torch.arange(len(x), device=x.device) >= x.argmax()
    return x.max() - torch.where(later, x, x.max()).min()  # a lower peak may have a deeper fall


def largest_rise(x: Tensor) -> Tensor:
    return (x - x.cummin(0).values).max()  # the wrong direction


def list_loop(x: Tensor) -> Tensor:
    highest, gap, best = float("-inf"), -1.0, (0, 0)
    top = 0
    for i, value in enumerate(x.tolist()):  # no dispatch, but still Python for each element
        if math.isnan(value):
            return x[i]
        if value > highest:
            highest, top = value, i
        if highest - value > gap:
            gap, best = highest - value, (top, i)
    return x[best[0]] - x[best[1]]


def pairwise_table(x: Tensor) -> Tensor:
    return (x.unsqueeze(1) - x).triu().max()  # n * n differences, but n are enough


def through_numpy(x: Tensor) -> Tensor:
    values = x.detach().cpu().numpy()
    highest = torch.as_tensor(values).cummax(0).values.to(x.device)  # no gradient to x
    return (highest - x.detach()).max()


@torch.jit.script
def scripted_expression(x: Tensor) -> Tensor:
    return (torch.cummax(x, 0)[0] - x).max()  # the expression needs no compiler


def python_loop(x: Tensor) -> Tensor:
    return element_loop(x)  # several ops for every element


def ignores_nan(x: Tensor) -> Tensor:
    return (x.nan_to_num().cummax(0).values - x.nan_to_num()).max()  # hides a broken series


def in_float16(x: Tensor) -> Tensor:
    short = x.half()  # three digits remain
    return (short.cummax(0).values - short).max().to(x.dtype)


known: dict[object, Tensor] = {}


def cache_by_shape(x: Tensor) -> Tensor:
    key = x.shape, x.dtype, x.device, x.requires_grad
    if key not in known:
        known[key] = (x.cummax(0).values - x).max()
    return known[key]  # the answer for another series


def in_place(x: Tensor) -> Tensor:
    if x.requires_grad:
        return (x.cummax(0).values - x).max()
    return x.neg_().add_(torch.cummax(-x, 0).values).max()  # overwrites the caller's series


def buffer_on_cpu(x: Tensor) -> Tensor:
    padded = torch.zeros(len(x))  # on the CPU, whatever the device of x
    return torch.maximum(x.cummax(0).values - x, padded.to(x.dtype)).max()


def uncompiled(x: Tensor) -> Tensor:
    return element_loop(x)  # right values, but no compiler


def unroll(x: Tensor) -> Tensor:
    return element_loop(x)


# A trace records the steps of its example: three elements, whatever the length of x.
traced = torch.jit.trace(unroll, torch.tensor([2.0, 1.0, 3.0]), check_trace=False)


@torch.jit.script
def misses_the_last(x: Tensor) -> Tensor:
    highest, gap = x[0], torch.zeros_like(x[0])
    for i in range(x.shape[0] - 1):  # the deepest fall may end at the last element
        highest = torch.maximum(highest, x[i])
        gap = torch.maximum(gap, highest - x[i])
    return gap


@torch.compile(backend="eager")
def compiled_list_loop(x: Tensor) -> Tensor:
    highest, gap = float("-inf"), 0.0
    for value in x.tolist():  # a graph break: the loop over numbers stays in Python
        highest = max(highest, value)
        gap = max(gap, highest - value)
    return torch.tensor(gap, dtype=x.dtype)


@torch.compile(backend="eager")
def compiled_expression(x: Tensor) -> Tensor:
    return (x.cummax(0).values - x).max()  # no loop: this is the other half of the task


@torch.jit.script
def loop_beside_expression(x: Tensor) -> Tensor:
    nothing = torch.zeros_like(x[0])
    for value in x:
        nothing = nothing + 0 * value
    return (torch.cummax(x, 0)[0] - x).max() + nothing  # the loop contributes nothing
