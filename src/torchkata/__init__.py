"""torchkata: a self-grading kata for writing efficient PyTorch.

These are the names that a grader may import, and IPython's door to the notebook; everything else is
the engine's own. They are imported when first used, so that the command line starts before torch is
there.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torchkata.course.spec.budgets import Growth, HostSyncs, Memory, Ops, Speedup
    from torchkata.course.spec.case import Case
    from torchkata.course.spec.function import EntryPoint, Function, Spec
    from torchkata.course.spec.inputs import integers, normal, uniform, value
    from torchkata.course.spec.tolerance import Tolerance
    from torchkata.grading.checks.assertions import (
        loader_raises,
        loader_yields,
        raises,
        require,
        same,
        same_as_reference,
        training_steps_ok,
    )

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
    "torchkata.course.spec.budgets": ("GrowthAtMost", "Memory", "Ops", "Speedup", "Syncs"),
    "torchkata.grading.checks.assertions": (
        "agree",
        "delivers",
        "good_steps",
        "raises",
        "refuses",
        "require",
        "same",
    ),
    "torchkata.course.spec.tolerance": ("Tolerance",),
    "torchkata.course.spec.inputs": ("integers", "normal", "uniform", "value"),
    "torchkata.cli.notebook": ("load_ipython_extension", "unload_ipython_extension"),
    "torchkata.course.spec.function": ("Case", "Entry", "Exercise", "Function"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'torchkata' has no attribute {name!r}")
