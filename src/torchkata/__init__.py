"""torchkata: a self-grading kata for writing efficient PyTorch.

These are the names that a grader imports, `cost`, and the notebook extension; everything else
belongs to the engine. Each name is imported when it is first used, so that the command line starts
before torch is loaded. Modules of Python are imported late, too: with `python -m torchkata`, files
of the working directory can hide them until `__main__` prevents that.
"""

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from torchkata.cli.own_code import cost as cost
    from torchkata.course.spec.budgets import Growth as Growth
    from torchkata.course.spec.budgets import HostSyncs as HostSyncs
    from torchkata.course.spec.budgets import Memory as Memory
    from torchkata.course.spec.budgets import Ops as Ops
    from torchkata.course.spec.budgets import Scale as Scale
    from torchkata.course.spec.budgets import Speedup as Speedup
    from torchkata.course.spec.case import Case as Case
    from torchkata.course.spec.dataset import DataCase as DataCase
    from torchkata.course.spec.dataset import Dataset as Dataset
    from torchkata.course.spec.function import EntryPoint as EntryPoint
    from torchkata.course.spec.function import Function as Function
    from torchkata.course.spec.function import Spec as Spec
    from torchkata.course.spec.inputs import arguments as arguments
    from torchkata.course.spec.inputs import integers as integers
    from torchkata.course.spec.inputs import large_integers as large_integers
    from torchkata.course.spec.inputs import normal as normal
    from torchkata.course.spec.inputs import special as special
    from torchkata.course.spec.inputs import uniform as uniform
    from torchkata.course.spec.inputs import value as value
    from torchkata.course.spec.module import Module as Module
    from torchkata.course.spec.source_rules import NoDeviceNames as NoDeviceNames
    from torchkata.course.spec.source_rules import NoOverrides as NoOverrides
    from torchkata.course.spec.source_rules import Uses as Uses
    from torchkata.course.spec.tolerance import Tolerance as Tolerance
    from torchkata.course.spec.training_step import TrainingStep as TrainingStep
    from torchkata.errors import CheckFailed as CheckFailed
    from torchkata.grading.checks.assertions import loader_raises as loader_raises
    from torchkata.grading.checks.assertions import loader_yields as loader_yields
    from torchkata.grading.checks.assertions import raises as raises
    from torchkata.grading.checks.assertions import require as require
    from torchkata.grading.checks.assertions import same as same
    from torchkata.grading.checks.assertions import same_as_reference as same_as_reference
    from torchkata.grading.checks.assertions import training_steps_ok as training_steps_ok
    from torchkata.grading.checks.claims import at_most as at_most
    from torchkata.grading.checks.claims import equal as equal
    from torchkata.grading.checks.claims import none_of as none_of
    from torchkata.i18n import _ as _
    from torchkata.i18n import join as join
    from torchkata.i18n import verbatim as verbatim

_HOMES = {
    "cli.own_code": ("cost",),
    "course.spec.budgets": ("Growth", "HostSyncs", "Memory", "Ops", "Scale", "Speedup"),
    "course.spec.case": ("Case",),
    "course.spec.dataset": ("DataCase", "Dataset"),
    "course.spec.function": ("EntryPoint", "Function", "Spec"),
    "course.spec.inputs": (
        "arguments",
        "integers",
        "large_integers",
        "normal",
        "special",
        "uniform",
        "value",
    ),
    "course.spec.module": ("Module",),
    "course.spec.source_rules": ("NoDeviceNames", "NoOverrides", "Uses"),
    "course.spec.tolerance": ("Tolerance",),
    "course.spec.training_step": ("TrainingStep",),
    "grading.checks.claims": ("at_most", "equal", "none_of"),
    "grading.checks.assertions": (
        "loader_raises",
        "loader_yields",
        "raises",
        "require",
        "same",
        "same_as_reference",
        "training_steps_ok",
    ),
    "errors": ("CheckFailed",),
    "i18n": ("_", "join", "verbatim"),
}
_NOTEBOOK = ("load_ipython_extension", "unload_ipython_extension")

__all__ = sorted(name for names in _HOMES.values() for name in names)  # noqa: PLE0605 - a list


def __getattr__(name: str) -> "Any":
    if name in _NOTEBOOK:
        import_module("torchkata.course.shadowing").refuse_shadowing_files()
        return getattr(import_module("torchkata.cli.notebook"), name)
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"torchkata.{home}"), name)
    raise AttributeError(f"module 'torchkata' has no attribute {name!r}")
