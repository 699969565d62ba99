"""Validate an exercise: its own samples must prove that its grader judges them right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from torchkata.course.exercise import Exercise
from torchkata.course.source_code import signatures
from torchkata.errors import KataError, UsageError
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.grading.seeds import random_seed
from torchkata.i18n import Message
from torchkata.instructor.authoring.baselines import baseline_problems
from torchkata.instructor.authoring.findings import Findings, Weakness
from torchkata.instructor.authoring.rules import rule_weaknesses
from torchkata.instructor.authoring.stub_lint import lint_texts
from torchkata.instructor.authoring.weaknesses import (
    MARGIN,
    budget_weaknesses,
    forbidden_weaknesses,
    test_weaknesses,
    trap_weaknesses,
)
from torchkata.result import ExerciseResult, State, Verdict
from torchkata.sandbox.launcher import Launcher

Finding = str | Weakness
"""A problem as text, or a weakness of a grader."""

_TRIES: Final = 3
_FEWEST_TRAPS: Final = 2
_FEWEST_ALTERNATIVES: Final = 1
_MOST_REASONS: Final = 4


class Validator:
    """Grades samples whose verdict is known, and reports where the grader disagrees.

    Args:
        launcher: Starts workers.
        seed: Seed of the hidden inputs (default: random).
        on_progress: Called with what is judged next, in a few words.
    """

    def __init__(
        self,
        launcher: Launcher,
        seed: int | None = None,
        on_progress: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.launcher = launcher
        self.on_progress = on_progress
        self.settings = Settings(
            seed=random_seed() if seed is None else seed,
            skip_untouched=False,
            raise_course_errors=True,
        )

    def problems(self, exercise: Exercise) -> list[str]:
        """Return everything that makes an exercise unsound; empty if it is sound."""
        return self.findings(exercise).problems

    def findings(self, exercise: Exercise, mutants: int = 0, salt: str = "0") -> Findings:
        """Check an exercise.

        Args:
            exercise: The exercise.
            mutants: How many mutants of its reference to judge, besides those that are marked.
            salt: Decides which of them.
        """
        findings = Findings()
        findings.problems += [
            f"{path.relative_to(exercise.course).as_posix()} is missing."
            for path in (exercise.stub_path, exercise.solution_path, exercise.grader_path)
            if not path.is_file()
        ]
        if findings.problems:
            return findings
        try:
            findings.add(lint_texts(exercise))
            findings.add(self._wrong_verdicts(exercise))
            if mutants and findings.problems:
                findings.notes.append("mutants are judged once nothing else is wrong")
            elif mutants:
                findings.add(self._mutants(exercise, mutants, salt, findings.notes))
        except (KataError, SyntaxError) as error:
            findings.problems.append(str(error))
        return findings

    def _wrong_verdicts(self, exercise: Exercise) -> Iterator[Finding]:
        self.on_progress("stub and solution")
        yield from self._stub(exercise)
        yield from self._solution(exercise)
        yield from baseline_problems(exercise, self.launcher, self.settings.seed)
        yield from test_weaknesses(exercise)
        yield from forbidden_weaknesses(exercise)
        yield from rule_weaknesses(exercise)
        yield from self._traps(exercise)
        yield from self._alternatives(exercise)

    def _mutants(
        self, exercise: Exercise, count: int, salt: str, notes: list[str]
    ) -> Iterator[Finding]:
        judge = _mutant_judge()
        report = judge(
            exercise,
            self.launcher,
            self.settings,
            count=count,
            salt=salt,
            on_mutant=self.on_progress,
        )
        notes.append(report.summary())
        yield from report.findings()

    def grade_sample(
        self,
        exercise: Exercise,
        source: bytes,
        bind: dict[str, str] | None = None,
        stop_at: str = "",
    ) -> ExerciseResult:
        """Grade a sample as if a learner had submitted it.

        Args:
            exercise: The exercise.
            source: The sample's file.
            bind: Entry points that another name of the file replaces.
            stop_at: An axis; later ones are not judged.

        Raises:
            CourseError: The course's own code fails.
        """
        submission = Submission(source=source, file=exercise.stub_path.name, bind=bind or {})
        settings = replace(self.settings, stop_at=stop_at)
        return grade_one(exercise, submission, self.launcher, settings)

    def _stub(self, exercise: Exercise) -> Iterator[str]:
        broken_axis = exercise.spec.broken_axis
        result = self.grade_sample(exercise, exercise.stub_path.read_bytes())
        axes = _failed_axes(result)
        if not broken_axis and result.state is not State.TODO:
            yield f"The stub is {result.state}, not todo: {_reasons(result)}"
        if broken_axis and broken_axis not in axes:
            yield f"The broken code must fail on {broken_axis}; it fails on {sorted(axes)}."

    def _grade_with_retries(
        self,
        exercise: Exercise,
        bind: dict[str, str],
        is_expected: Callable[[ExerciseResult], bool],
        stop_at: str = "",
    ) -> ExerciseResult:
        """Grade a sample of the solution; retry if only speed checks stand in the way."""
        source = exercise.solution_path.read_bytes()
        for _attempt in range(_TRIES):
            result = self.grade_sample(exercise, source, bind, stop_at)
            if is_expected(result) or not _only_speed_is_open(result):
                break
        return result

    def _solution(self, exercise: Exercise) -> Iterator[Finding]:
        def is_clear_pass(result: ExerciseResult) -> bool:
            return result.state is State.PASSED and not list(reference_margin_faults(result))

        result = self._grade_with_retries(exercise, {}, is_clear_pass)
        if result.state is not State.PASSED:
            yield f"The solution is {result.state}: {_reasons(result)}"
        yield from reference_margin_faults(result)
        yield from budget_weaknesses(exercise, result)

    def _traps(self, exercise: Exercise) -> Iterator[Finding]:
        traps: dict[str, dict[str, str]] = exercise.solution_literal("TRAPS", {})
        if sum(len(names) for names in traps.values()) < _FEWEST_TRAPS:
            yield f"The solution has fewer than {_FEWEST_TRAPS} TRAPS."
        yield from _undefined(exercise, traps)
        for entry, names in traps.items():
            for name, axis in names.items():
                self.on_progress(f"trap {name}")
                result = self._grade_with_retries(
                    exercise, {entry: name}, partial(_fails_on, axis), stop_at=axis
                )
                if axis not in _failed_axes(result):
                    result = self.grade_sample(
                        exercise, exercise.solution_path.read_bytes(), {entry: name}
                    )
                    axes = _failed_axes(result)
                    yield (
                        f"Trap {name} must fail on {axis}; it is {result.state} and fails on "
                        f"{sorted(axes)}: {_reasons(result)}"
                    )
                if any(_raised(check.message) == "RecursionError" for check in result.failed):
                    yield f"Trap {name} calls {entry}, which is itself. Give it a helper to call."
                if axis == "speed":
                    yield from trap_margin_faults(name, result)
                yield from trap_weaknesses(name, axis, result, exercise)

    def _alternatives(self, exercise: Exercise) -> Iterator[str]:
        alternatives: dict[str, tuple[str, ...]] = exercise.solution_literal("ALTERNATIVES", {})
        if sum(len(names) for names in alternatives.values()) < _FEWEST_ALTERNATIVES:
            yield "The solution has no ALTERNATIVES."
        yield from _undefined(exercise, alternatives)
        for entry, names in alternatives.items():
            for name in names:
                self.on_progress(f"alternative {name}")
                result = self._grade_with_retries(
                    exercise, {entry: name}, lambda result: result.state is State.PASSED
                )
                if result.state is not State.PASSED:
                    yield f"Alternative {name} is {result.state}: {_reasons(result)}"


def _mutant_judge() -> Callable[..., Any]:
    """Return the function that judges mutants; only authors need what it imports.

    Raises:
        UsageError: libcst is missing.
    """
    try:
        from torchkata.instructor.authoring.mutants.judge import judge_mutants  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise UsageError(
            f"Mutants need {error.name}, which is not installed. `nox -s check` installs it; "
            f"otherwise run: python -m pip install {error.name}"
        ) from error
    return judge_mutants


def reference_margin_faults(result: ExerciseResult) -> Iterator[str]:
    """Yield thresholds that the reference exceeds by too little, even at best."""
    for check in result.checks:
        best, threshold = check.metrics.get("ratio_high", 0), check.metrics.get("threshold", 0)
        if best < MARGIN * threshold:
            yield (
                f"{check.id}: the reference reaches {best:.3g}x at best, less than "
                f"{MARGIN} times the threshold {threshold:g}x."
            )


def trap_margin_faults(name: str, result: ExerciseResult) -> Iterator[str]:
    """Yield thresholds that a speed trap misses by too little, so that verdicts would vary."""
    for check in result.failed:
        least, threshold = check.metrics.get("ratio_low", 0), check.metrics.get("threshold", 0)
        if threshold and least * MARGIN > threshold:
            yield (
                f"{check.id}: trap {name} reaches at least {least:.3g}x, too close to the "
                f"threshold {threshold:g}x."
            )


def _undefined(exercise: Exercise, samples: Mapping[str, Iterable[str]]) -> Iterator[str]:
    defined = signatures(exercise.solution_path.read_text(encoding="utf-8"))
    for names in samples.values():
        for name in names:
            if name not in defined:
                yield f"The solution does not define the sample {name}."


def _failed_axes(result: ExerciseResult) -> set[str]:
    return {check.axis for check in result.failed}


def _fails_on(axis: str, result: ExerciseResult) -> bool:
    return axis in _failed_axes(result)


def _only_speed_is_open(result: ExerciseResult) -> bool:
    """Return whether nothing but speed checks keep a result from a pass."""
    open_checks = (check for check in result.checks if check.verdict is not Verdict.PASSED)
    return all(check.axis == "speed" for check in open_checks)


def _raised(message: Message) -> object:
    """Return the name of the exception that a message reports, if it reports one."""
    values = message.all_values()
    nested = (_raised(value) for value in values.values() if isinstance(value, Message))
    return values.get("kind") or next(filter(None, nested), None)


def _reasons(result: ExerciseResult) -> str:
    reasons = [
        f"{check.id}: {check.message}"
        for check in result.checks
        if check.verdict is not Verdict.PASSED
    ]
    return " | ".join(reasons[:_MOST_REASONS]) or str(result.message)
