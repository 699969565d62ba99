"""Known traps of random numbers: seeds, and generators that are not used."""

from __future__ import annotations

import ast
from typing import Final

from torchkata.grading.explain.failure import Failure
from torchkata.grading.explain.trap import Details, Trap, trap
from torchkata.grading.explain.tree import first_name, keywords, last_name
from torchkata.i18n import _

_AXES: Final = "values contract purity device"
_DRAWING: Final = (
    "rand", "randn", "randint", "randperm", "normal", "bernoulli", "multinomial", "uniform_",
    "normal_", "random_", "rand_like", "randn_like", "dropout",
)  # fmt: skip


@trap(
    "fixed seed",
    _AXES,
    lambda line, call: _(
        "`{call}` on line {line} seeds the generator, so every call draws the same numbers, and "
        "the caller's own seed is lost. Delete the line.",
        line=line,
        call=call,
    ),
)
def fixed_seed(failure: Failure) -> Details | None:
    """Match a constant seed of the global generator in the judged code."""
    for call in failure.tree.calls("manual_seed", "seed"):
        seeds_module = first_name(call.func) in ("torch", "random", "np", "numpy")
        if seeds_module and call.args and isinstance(call.args[0], ast.Constant):
            return {"line": call.lineno, "call": f"{ast.unparse(call.func)}(...)"}
    return None


@trap(
    "random numbers from elsewhere",
    _AXES,
    lambda line, call: _(
        "`{call}` on line {line} does not draw from PyTorch's generator, so `torch.manual_seed` "
        "does not seed it.",
        line=line,
        call=call,
    ),
)
def other_random_numbers(failure: Failure) -> Details | None:
    """Match random numbers of NumPy and of Python."""
    for node in failure.tree.nodes:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        name = ast.unparse(node.func)
        if name.startswith(("np.random.", "numpy.random.", "random.")):
            return {"line": node.lineno, "call": name}
    return None


@trap(
    "generator ignored",
    _AXES,
    lambda line, call: _(
        "`{call}` on line {line} does not receive `generator`, so it draws from the global "
        "generator. Pass `generator=generator`.",
        line=line,
        call=call,
    ),
)
def generator_ignored(failure: Failure) -> Details | None:
    """Match random numbers without the generator that is a parameter."""
    if "generator" not in failure.tree.parameters():
        return None
    for call in failure.tree.calls(*_DRAWING):
        given = {"generator", "**"} & keywords(call)
        passed = any(last_name(argument) == "generator" for argument in call.args)
        if not given and not passed:
            return {"line": call.lineno, "call": ast.unparse(call.func)}
    return None


TRAPS: Final[tuple[Trap, ...]] = (fixed_seed, other_random_numbers, generator_ignored)
