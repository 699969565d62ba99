"""The plan of an exercise: every check that is judged, in the order of the axes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Protocol

from torchkata.course.exercise import Exercise
from torchkata.course.spec.budgets import Budget, Growth, HostSyncs, Memory, Ops, Speedup
from torchkata.course.spec.dataset import Dataset
from torchkata.course.spec.function import Function, Spec, axis_of
from torchkata.course.spec.module import Module
from torchkata.course.spec.training_step import TrainingStep
from torchkata.grading.checks import behavior, budgets, custom_tests, loops, outputs, repeated_calls
from torchkata.grading.checks.check import Check
from torchkata.grading.checks.contract import contract
from torchkata.grading.checks.datasets import dataset_tests
from torchkata.grading.checks.forbidden_calls import check_forbidden_calls
from torchkata.grading.checks.growth import growth
from torchkata.grading.checks.modules import module_tests
from torchkata.grading.checks.outputs import dtype_name
from torchkata.grading.checks.purity import GLOBAL_STATE, global_state, purity
from torchkata.grading.checks.source_rules import label_of, source_rule
from torchkata.grading.checks.spec_test import SpecTest
from torchkata.grading.checks.speed import speed
from torchkata.grading.checks.training_steps import training_step_tests
from torchkata.grading.outcome import Outcome, undecided
from torchkata.grading.session import Session
from torchkata.i18n import EMPTY, Message, _
from torchkata.result import AXES, CPU, TWIN


class _Judge(Protocol):
    def __call__(self, session: Session, /) -> Outcome: ...


def plan(exercise: Exercise, devices: tuple[str, ...] = (TWIN,)) -> list[Check]:
    """List what is judged of an exercise, without judging it.

    Args:
        exercise: the exercise.
        devices: besides the CPU.

    Raises:
        CourseError: the grader cannot be loaded, or a test's name has no axis.
    """
    spec = exercise.spec
    checks = [Check(id=f"{exercise.name}::contract", axis="contract", judge=contract)]
    for rule in spec.source_rules:
        rule_id = f"{exercise.name}::contract[{label_of(rule)}]"
        checks.append(Check(id=rule_id, axis="contract", judge=partial(source_rule, rule=rule)))
    if spec.reference_signatures is not None and not spec.functions:
        no_example = f"{exercise.name}::values[open examples]"
        checks.append(Check(id=no_example, axis="values", judge=_no_example))
    prefix_names = len(spec.entries) > 1
    for function in spec.functions:
        prefix = f"{function.name}: " if prefix_names else ""
        checks += _of_function(exercise, function, prefix, devices)
    for test in spec_tests(spec):
        checks += _of_spec_test(exercise, test, devices if test.per_device else (CPU,))
    checks += _custom_tests(exercise, devices)
    state = f"{exercise.name}::{GLOBAL_STATE}"
    checks.append(Check(id=state, axis="purity", judge=global_state))
    return sorted(checks, key=lambda check: AXES.index(check.axis))


def _of_function(
    exercise: Exercise, function: Function, prefix: str, devices: tuple[str, ...]
) -> Iterator[Check]:
    def check(
        axis: str, what: str, judge: _Judge, case: Message = EMPTY, device: str = CPU
    ) -> Check:
        label = (prefix + what).removesuffix(": ")
        return Check(
            id=f"{exercise.name}::{axis}" + (f"[{label}]" if label else ""),
            axis=axis,
            judge=judge,
            entry=function.name,
            case=case,
            device=device,
        )

    variant_case = function.case_for_variants
    label = variant_case.label
    if function.forbidden:
        judge = partial(check_forbidden_calls, function=function)
        yield check("contract", "basic operations only", judge)
    yield check("shape", "", partial(outputs.shape, function=function))
    for case in function.cases:
        if case.raises is not None:
            raises = partial(outputs.raises, function=function, case=case)
            yield check(case.axis, case.name, raises, case.label)
        else:
            values = partial(outputs.values, function=function, case=case)
            yield check(case.axis, case.name, values, case.label)
    for layout in function.layouts:
        values = partial(outputs.values, function=function, case=variant_case, layout=layout)
        yield check("values", f"{layout} inputs", values, label)
    if function.modes:
        again = partial(repeated_calls.called_again, function=function)
        yield check("values", "called again", again, function.repeated_case.label)
    for dtype in function.dtypes:
        of_dtype = partial(outputs.dtype, function=function, wanted=dtype)
        yield check("dtype", dtype_name(dtype), of_dtype, label)
    if function.device:
        for device in devices:
            on_device = partial(behavior.device, function=function, where=device)
            yield check("device", device, on_device, label, device)
    if function.purity or function.modes:
        yield check("purity", "", partial(purity, function=function), label)
    if function.differentiable(variant_case):
        yield check("gradient", "", partial(behavior.gradient, function=function), label)
        for case in function.cases:
            if case.gradient:
                gradient = partial(behavior.gradient, function=function, case=case)
                yield check("gradient", case.name, gradient, case.label)
    for letter in function.no_loop:
        judge_loop = partial(loops.no_loop, function=function, over=letter)
        yield check("ops", f"no loop over {letter}", judge_loop)
    for budget in function.budget:
        axis, of_budget = _judge_of(function, budget)
        yield check(axis, str(budget.sentence()), of_budget)


def _judge_of(function: Function, budget: Budget) -> tuple[str, _Judge]:
    """Return the axis of a budget and the function that judges it."""
    match budget:
        case Ops():
            return "ops", partial(budgets.ops, function=function, budget=budget)
        case HostSyncs():
            return "ops", partial(budgets.host_syncs, function=function, budget=budget)
        case Memory():
            return "memory", partial(budgets.memory, function=function, budget=budget)
        case Growth():
            return "memory", partial(growth, function=function, budget=budget)
        case Speedup():
            return "speed", partial(speed, function=function, budget=budget)


def _no_example(_session: Session) -> Outcome:
    return undecided(
        "no-example",
        _(
            "This exercise has no open example, so only its names and parameters were judged here. "
            "Your instructor's run grades the rest."
        ),
    )


def spec_tests(spec: Spec) -> Iterator[SpecTest]:
    """Yield the tests that the spec classes of an exercise bring along."""
    for entry in spec.entries:
        match entry:
            case Dataset():
                yield from dataset_tests(entry)
            case Module():
                yield from module_tests(entry)
            case TrainingStep():
                yield from training_step_tests(entry)


def _of_spec_test(exercise: Exercise, test: SpecTest, devices: tuple[str, ...]) -> Iterator[Check]:
    prefix = f"{test.entry}: " if len(exercise.spec.names) > 1 else ""
    for device in devices:
        label = f"{test.what}, {device}" if test.per_device else test.what
        yield Check(
            id=f"{exercise.name}::{test.axis}[{prefix}{label}]",
            axis=test.axis,
            judge=partial(test.judge, device=device),
            entry=test.entry,
            case=test.case,
            description=test.description,
            device=device,
        )


def _custom_tests(exercise: Exercise, devices: tuple[str, ...]) -> Iterator[Check]:
    for name, test in exercise.grader.tests.items():
        axis, what = axis_of(name)
        for device in devices if custom_tests.takes_device(test) else ("",):
            label = f"{what}, {device}" if device else what
            yield Check(
                id=f"{exercise.name}::{axis}[{label}]",
                axis=axis,
                judge=partial(custom_tests.run_custom_test, test=test, device=device or CPU),
                description=custom_tests.description(test),
                device=device or CPU,
            )
