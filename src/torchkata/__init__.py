"""torchkata: a self-grading kata for writing efficient PyTorch.

These are the names that a grader may import, and IPython's door to the notebook; everything else is
the engine's own. They are imported when first used, so that the command line starts before torch is
there.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torchkata.budget import GrowthAtMost, Memory, Ops, Speedup, Syncs
    from torchkata.case import Case
    from torchkata.checks.claims import agree, delivers, good_steps, raises, refuses, require, same
    from torchkata.compare import Tolerance
    from torchkata.inputs import integers, normal, uniform, value
    from torchkata.spec import Entry, Exercise, Function

__all__ = [
    "Case",
    "Entry",
    "Exercise",
    "Function",
    "GrowthAtMost",
    "Memory",
    "Ops",
    "Speedup",
    "Syncs",
    "Tolerance",
    "agree",
    "delivers",
    "good_steps",
    "integers",
    "normal",
    "raises",
    "refuses",
    "require",
    "same",
    "uniform",
    "value",
]

_HOMES = {
    "torchkata.budget": ("GrowthAtMost", "Memory", "Ops", "Speedup", "Syncs"),
    "torchkata.checks.claims": (
        "agree",
        "delivers",
        "good_steps",
        "raises",
        "refuses",
        "require",
        "same",
    ),
    "torchkata.compare": ("Tolerance",),
    "torchkata.inputs": ("integers", "normal", "uniform", "value"),
    "torchkata.notebook": ("load_ipython_extension", "unload_ipython_extension"),
    "torchkata.spec": ("Case", "Entry", "Exercise", "Function"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'torchkata' has no attribute {name!r}")
