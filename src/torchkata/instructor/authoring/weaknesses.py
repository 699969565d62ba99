"""Find weak spots of a grader: traps, tests and budgets that do not prove anything."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Final

import torch

from torchkata.course.exercise import Exercise
from torchkata.course.spec.budgets import Budget, Memory, Ops
from torchkata.instructor.authoring.findings import Weakness
from torchkata.result import CheckResult, ExerciseResult, Verdict

MARGIN: Final = 1.5
"""Between a budget and what the reference needs, and between a trap and the budget."""

_FEW_BYTES: Final = 1024  # a budget this close is never loose
_CLAIMS: Final = frozenset({
    "require", "equal", "at_most", "none_of", "same", "same_as_reference", "raises",
    "loader_yields", "loader_raises", "training_steps_ok", "CheckFailed",
})  # fmt: skip
_JUDGES_OUTPUT: Final = ("shape", "values", "stability")


def trap_weaknesses(
    name: str, axis: str, result: ExerciseResult, exercise: Exercise
) -> Iterator[Weakness]:
    """Yield why a trap proves little: it only raises, or misses a memory budget by too little.

    A budget with a reason (`slack`) may be missed by less: between two tensors of the output's size
    and three, no limit is 1.5 times from both.

    Args:
        name: the trap.
        axis: that must catch it.
        result: its result.
        exercise: the exercise.
    """
    judged = [check for check in result.checks if check.axis in _JUDGES_OUTPUT]
    returned = any(check.verdict is Verdict.PASSED for check in judged)
    if result.failed and not returned and all(check.code == "raised" for check in result.failed):
        yield Weakness(
            "raising trap",
            f"Trap {name} only raises, so any grader catches it. Write one that returns something.",
        )
    budgets = [budget for function in exercise.spec.functions for budget in function.budget]
    if axis == "memory" and not any(isinstance(b, Memory) and b.slack for b in budgets):
        misses = [miss for check in result.failed if (miss := _memory_factor(check))]
        if misses and max(misses) < MARGIN:
            yield Weakness(
                "close memory trap",
                f"Trap {name} needs {max(misses):.2f} times the memory budget; expected at least "
                f"{MARGIN} times, so that no other way of counting lets it pass.",
            )


def budget_weaknesses(exercise: Exercise, result: ExerciseResult) -> Iterator[Weakness]:
    """Yield budgets that exceed what the reference needs by too much without a reason.

    Args:
        exercise: the exercise.
        result: the result of its reference.
    """
    for function in exercise.spec.functions:
        for budget in function.budget:
            check = _check_of(budget, function.name, result)
            if check is None or (isinstance(budget, Ops | Memory) and budget.slack):
                continue
            used, allowed, unit = _used(budget, check.metrics)
            if allowed > MARGIN * used + (_FEW_BYTES if isinstance(budget, Memory) else 0):
                yield Weakness(
                    "loose budget",
                    f"{check.id}: the reference needs {used:,.0f} {unit} and {allowed:,.0f} are "
                    f'allowed. Lower the budget, or give the reason as slack="...".',
                )


def test_weaknesses(exercise: Exercise) -> Iterator[Weakness]:
    """Yield the grader's tests that make no claim, themselves or in what they call."""
    tree = ast.parse(exercise.grader_path.read_text(encoding="utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for name, node in functions.items():
        if name.startswith("test_") and not _claims(node, functions, set()):
            yield Weakness("empty test", f"{name} claims nothing: it cannot fail unless it raises.")


def forbidden_weaknesses(exercise: Exercise) -> Iterator[Weakness]:
    """Yield `forbidden` patterns that match no function and no op of torch."""
    for function in exercise.spec.functions:
        for pattern in function.forbidden:
            if not any(fnmatchcase(name, pattern) for name in _torch_names()):
                yield Weakness(
                    "unknown forbidden",
                    f"{function.name}: the forbidden pattern {pattern!r} matches no function and "
                    "no op of torch.",
                )


def _memory_factor(check: CheckResult) -> float:
    """Return by which factor a memory budget is missed; 0 if the check is about something else."""
    allowed = check.metrics.get("extra_bytes_allowed", 0)
    return check.metrics.get("extra_bytes", 0) / allowed if allowed else 0


def _check_of(budget: Budget, entry: str, result: ExerciseResult) -> CheckResult | None:
    """Return the result of a budget's check, if it is a budget on a number."""
    if not isinstance(budget, Ops | Memory):
        return None
    sentence = str(budget.sentence())
    fitting = (f"[{sentence}]", f"[{entry}: {sentence}]")
    return next((check for check in result.checks if check.id.endswith(fitting)), None)


def _used(budget: Budget, metrics: dict[str, float]) -> tuple[float, float, str]:
    name, unit = ("extra_bytes", "bytes") if isinstance(budget, Memory) else ("ops", "ops")
    return metrics.get(name, 0), metrics.get(f"{name}_allowed", 0), unit


def _claims(node: ast.FunctionDef, functions: dict[str, ast.FunctionDef], seen: set[str]) -> bool:
    """Return whether a function asserts something, directly or in a function that it calls."""
    seen.add(node.name)
    for part in ast.walk(node):
        if isinstance(part, ast.Assert | ast.Raise):
            return True
        if not isinstance(part, ast.Name) or part.id in seen:
            continue
        if part.id in _CLAIMS:
            return True
        if part.id in functions and _claims(functions[part.id], functions, seen):
            return True
    return False


def _torch_names() -> set[str]:
    """Return the names of functions and ops that a call can be recorded under."""
    from torch.overrides import get_testing_overrides  # noqa: PLC0415 - takes half a second

    overridable: Any = get_testing_overrides()
    functions = {getattr(function, "__name__", "") for function in overridable}
    ops = torch._C._dispatch_get_all_op_names()  # noqa: SLF001 - has no public name
    return functions | {name.partition("::")[2].partition(".")[0] for name in ops}
