"""The plan of an exercise: every check that is judged, in the order of the axes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from torchkata.course.catalogue import Exercise
from torchkata.course.spec.budgets import Budget, Growth, HostSyncs, Memory, Ops, Speedup
from torchkata.course.spec.function import Function, axis_of
from torchkata.course.translations import turn_to
from torchkata.errors import Unmeasurable
from torchkata.grading.checks import behavior, budgets, custom_tests, forbidden_calls, outputs
from torchkata.grading.checks.check import Check, Finding
from torchkata.grading.checks.contract import contract
from torchkata.grading.checks.growth import growth
from torchkata.grading.checks.speed import speed
from torchkata.grading.session import Session
from torchkata.i18n import _
from torchkata.result import AXES


def plan(exercise: Exercise, devices: tuple[str, ...] = ("twin:0",)) -> list[Check]:
    """List what is judged of an exercise, without judging it.

    Args:
        lesson: the exercise.
        devices: besides the CPU.
    """
    turn_to(exercise.course, exercise.chapter, exercise.stem)
    checks = [Check(id=f"{exercise.name}::contract", axis="contract", judge=contract)]
    if exercise.grader.spec.reference_signatures is not None and not exercise.grader.spec.functions:
        no_example = f"{exercise.name}::values[open examples]"
        checks.append(Check(id=no_example, axis="values", judge=_no_example))
    several = len(exercise.grader.spec.entries) > 1
    for function in exercise.grader.spec.functions:
        prefix = f"{function.name}: " if several else ""
        checks += _function(exercise, function, prefix, devices)
    checks += _plain(exercise, devices)
    return sorted(checks, key=lambda check: AXES.index(check.axis))


def _function(
    exercise: Exercise, function: Function, prefix: str, devices: tuple[str, ...]
) -> Iterator[Check]:
    def check(axis: str, what: str, judge: Any, **more: str) -> Check:
        label = (prefix + what).removesuffix(": ")
        return Check(
            id=f"{exercise.name}::{axis}" + (f"[{label}]" if label else ""),
            axis=axis,
            judge=judge,
            entry=function.name,
            **more,
        )

    usual = function.case_for_variants.words
    if function.forbidden:
        yield check(
            "contract",
            "basic operations only",
            partial(forbidden_calls.own_work, function=function),
        )
    yield check("shape", "", partial(outputs.shape, function=function))
    for case in function.cases:
        if case.raises is not None:
            judge = partial(outputs.raises, function=function, case=case)
        else:
            judge = partial(outputs.values, function=function, case=case)
        yield check(case.axis, case.name, judge, case=case.words)
    for layout in function.layouts:
        judge = partial(
            outputs.values, function=function, case=function.case_for_variants, layout=layout
        )
        yield check("values", f"{layout} inputs", judge, case=usual)
    for dtype in function.dtypes:
        name = str(dtype).removeprefix("torch.")
        judge = partial(outputs.dtype, function=function, wanted=dtype)
        yield check("dtype", name, judge, case=usual)
    if function.device:
        for device in devices:
            judge = partial(behavior.device, function=function, where=device)
            yield check("device", device, judge, case=usual, device=device)
    if function.purity:
        yield check("purity", "", partial(behavior.purity, function=function), case=usual)
    if function.differentiable(function.case_for_variants):
        yield check("gradient", "", partial(behavior.gradient, function=function), case=usual)
        for case in function.cases:
            if case.gradient:
                judge = partial(behavior.gradient, function=function, case=case)
                yield check("gradient", case.name, judge, case=case.words)
    yield from _budgets(check, function)


def _budgets(check: Any, function: Function) -> Iterator[Check]:
    judges: dict[type, tuple[str, Any]] = {
        Ops: ("ops", partial(_figured, budgets.ops)),
        HostSyncs: ("ops", budgets.syncs),
        Memory: ("memory", partial(_figured, budgets.memory)),
        Speedup: ("speed", partial(_figured, speed)),
        Growth: ("memory", partial(_figured, growth)),
    }
    for budget in function.budget:
        axis, judge = judges[type(budget)]
        yield check(axis, budget.sentence(), partial(judge, function=function, budget=budget))


def _figured(
    judge: Callable[..., dict[str, float]], session: Session, function: Function, budget: Budget
) -> Finding:
    return Finding(figures=judge(session, function, budget))


def _no_example(_session: Session) -> None:
    raise Unmeasurable(
        _(
            "There is no open example for this exercise, so only its names and parameters were "
            "judged here. Your instructor's run judges the rest."
        )
    )


def _plain(exercise: Exercise, devices: tuple[str, ...]) -> Iterator[Check]:
    for name, test in exercise.grader.tests.items():
        axis, what = axis_of(name)
        for device in devices if custom_tests.wants_device(test) else ("",):
            label = f"{what}, {device}" if device else what
            yield Check(
                id=f"{exercise.name}::{axis}[{label}]",
                axis=axis,
                judge=partial(custom_tests.run_plain, test=test, device=device or "cpu"),
                case=(inspect.getdoc(test) or "").strip(),
                device=device or "cpu",
            )
