"""The gate: an exercise is sound when its own samples prove that its grader judges rightly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import torch

from torchkata.course.catalogue import Exercise
from torchkata.course.spec.budgets import Growth, Memory, Ops
from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.course.spec.inputs import RandomSource
from torchkata.errors import CourseError, KataError
from torchkata.grading.checks.check import run_check
from torchkata.grading.checks.outputs import ordinary
from torchkata.grading.checks.plan import plan
from torchkata.grading.compare import differences
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.grading.run import random_seed
from torchkata.grading.session import Session, widened
from torchkata.i18n import _
from torchkata.instructor.authoring.margins import narrow, near_traps
from torchkata.instructor.authoring.stub_lint import signatures, text_faults
from torchkata.result import ExerciseResult, State, Verdict
from torchkata.sandbox.launcher import Launcher
from torchkata.worker import builtin_probes

_TRIES = 3
_FEWEST_TRAPS = 2
_FEWEST_ALTERNATIVES = 1
_COUNTED = ("ops", "memory")


class Gate:
    """Judges graders by samples whose verdict is known.

    Args:
        launcher: starts workers.
        seed: of the hidden inputs; a fresh one by default.
    """

    def __init__(self, launcher: Launcher, seed: int | None = None) -> None:
        self.launcher = launcher
        self.settings = Settings(seed=random_seed() if seed is None else seed, untouched=False)

    def faults(self, exercise: Exercise) -> list[str]:
        """Everything that is wrong with an exercise; empty when it is sound."""
        missing = [
            f"{path.relative_to(exercise.course).as_posix()} is missing."
            for path in (exercise.stub_path, exercise.solution_path, exercise.grader_path)
            if not path.is_file()
        ]
        if missing:
            return missing
        found: list[str] = []
        try:
            found.extend(text_faults(exercise))
            for fault in self._behaviour(exercise):
                found.append(fault)  # noqa: PERF402 - so that those before an error are kept
        except (KataError, SyntaxError) as error:
            found.append(str(error))
        return found

    def _behaviour(self, exercise: Exercise) -> Iterator[str]:
        yield from self._stub(exercise)
        yield from self._solution(exercise)
        yield from self._baselines(exercise)
        yield from self._traps(exercise)
        yield from self._alternatives(exercise)

    def judge(
        self, exercise: Exercise, source: bytes, bind: dict[str, str] | None = None
    ) -> ExerciseResult:
        """Judge a sample as if a learner had handed it in.

        Raises:
            CourseError: the course's own code failed.
        """
        submission = Submission(source=source, file=exercise.stub_path.name, bind=bind or {})
        result = grade_one(exercise, submission, self.launcher, self.settings)
        if result.message.startswith(
            _("The course itself is at fault, not your code: {error}", error="")
        ):
            raise CourseError(result.message)
        return result

    def _stub(self, exercise: Exercise) -> Iterator[str]:
        fault = exercise.grader.spec.broken_axis
        result = self.judge(exercise, exercise.stub_path.read_bytes())
        axes = {check.axis for check in result.failed}
        if not fault and result.state is not State.TODO:
            yield f"The stub is {result.state}, not todo: {_reasons(result)}"
        if fault and fault not in axes:
            yield f"The faulty code has to fail on {fault}; it fails on {sorted(axes)}."

    def _judge_steadily(
        self,
        exercise: Exercise,
        bind: dict[str, str],
        satisfied: Callable[[ExerciseResult], bool],
    ) -> ExerciseResult:
        """Judge a sample; where the clock alone spoils its verdict, judge it again, twice."""
        source = exercise.solution_path.read_bytes()
        for _unused in range(_TRIES):
            result = self.judge(exercise, source, bind)
            if satisfied(result) or not _by_the_clock(result):
                break
        return result

    def _solution(self, exercise: Exercise) -> Iterator[str]:
        def clears(result: ExerciseResult) -> bool:
            return result.state is State.PASSED and not list(narrow(result))

        result = self._judge_steadily(exercise, {}, clears)
        if result.state is not State.PASSED:
            yield f"The solution is {result.state}: {_reasons(result)}"
        yield from narrow(result)

    def _baselines(self, exercise: Exercise) -> Iterator[str]:
        """The slow version is a second oracle: it agrees with the reference in every case."""
        source = exercise.solution_path.read_bytes()
        session = Session(
            exercise,
            Submission(source=source, file=exercise.stub_path.name),
            self.launcher,
            RandomSource(self.settings.seed),
        )
        try:
            for function in exercise.grader.spec.functions:
                yield from _disagreements(session, function)
            yield from _cheap_baselines(session, exercise)
        finally:
            session.close()

    def _traps(self, exercise: Exercise) -> Iterator[str]:
        traps: dict[str, dict[str, str]] = exercise.solution_literal("TRAPS", {})
        source = exercise.solution_path.read_bytes()
        if sum(len(names) for names in traps.values()) < _FEWEST_TRAPS:
            yield f"The solution has fewer than {_FEWEST_TRAPS} TRAPS."
        yield from _undefined(source, traps)
        for entry, names in traps.items():
            for name, axis in names.items():
                result = self._judge_steadily(exercise, {entry: name}, partial(_fails_on, axis))
                caught = _axes(result)
                if axis not in caught:
                    yield (
                        f"Trap {name} has to fail on {axis}; it is {result.state} and fails on "
                        f"{sorted(caught)}: {_reasons(result)}"
                    )
                if any("RecursionError" in check.message for check in result.failed):
                    yield f"Trap {name} calls {entry}, which is itself; give it a helper to call."
                if axis == "speed":
                    yield from near_traps(name, result)

    def _alternatives(self, exercise: Exercise) -> Iterator[str]:
        alternatives: dict[str, tuple[str, ...]] = exercise.solution_literal("ALTERNATIVES", {})
        source = exercise.solution_path.read_bytes()
        if sum(len(names) for names in alternatives.values()) < _FEWEST_ALTERNATIVES:
            yield "The solution has no ALTERNATIVES."
        yield from _undefined(source, alternatives)
        for entry, names in alternatives.items():
            for name in names:
                result = self._judge_steadily(
                    exercise, {entry: name}, lambda found: found.state is State.PASSED
                )
                if result.state is not State.PASSED:
                    yield f"Alternative {name} is {result.state}: {_reasons(result)}"


def _undefined(source: bytes, samples: Mapping[str, Iterable[str]]) -> Iterator[str]:
    known = signatures(source.decode())
    for names in samples.values():
        for name in names:
            if name not in known:
                yield f"The solution does not define the sample {name}."


def _cheap_baselines(session: Session, exercise: Exercise) -> Iterator[str]:
    """A budget that the slow version keeps asks for nothing."""
    for function in exercise.grader.spec.functions:
        counted = [b for b in function.budget if isinstance(b, Ops | Memory | Growth)]
        if not counted or len(counted) < len(function.budget):
            continue  # no budget, or one by the clock, which the slow version misses by its making
        session.worker.run(builtin_probes.install, function.name, function.naive)
        checks = [c for c in plan(exercise) if c.entry == function.name and c.axis in _COUNTED]
        if not any(run_check(check, session).verdict is Verdict.FAILED for check in checks):
            yield f"{function.name}: the naive version misses no budget, so the budget is too wide."


def _axes(result: ExerciseResult) -> set[str]:
    return {check.axis for check in result.failed}


def _fails_on(axis: str, result: ExerciseResult) -> bool:
    return axis in _axes(result)


def _by_the_clock(result: ExerciseResult) -> bool:
    """Whether nothing but a race stands between this result and a pass."""
    return all(check.axis == "speed" for check in result.checks if check.verdict != "passed")


def _disagreements(session: Session, function: Function) -> Iterator[str]:
    def drawn(case: Case, dtype: torch.dtype) -> tuple[Any, ...]:
        arguments = session.draw(function, case, dtype)
        return arguments if case.tolerance is None else widened(arguments)

    for case, dtype in ((c, kind) for c in ordinary(function) for kind in function.dtypes_of(c)):
        expected = session.expect(function.name, drawn(case, dtype))
        worker, name = session.baseline(function.naive)
        (got,), _timing = session.trusted(partial(worker.call, name, [drawn(case, dtype)]))
        tolerance = case.allowed(dtype) or function.tolerance
        for difference in differences(
            got, expected, tolerance=tolerance, name=function.naive.__name__
        ):
            yield f"Naive version and reference disagree in {case.words}: {difference.message}"


def _reasons(result: ExerciseResult) -> str:
    failing = [
        f"{check.id}: {check.message}"
        for check in result.checks
        if check.verdict is not Verdict.PASSED
    ]
    return " | ".join(failing[:4]) or result.message
