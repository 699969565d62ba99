"""Judge mutants: each check in order, up to the first one that fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from torchkata.course.exercise import Exercise
from torchkata.course.spec.inputs import RandomSource
from torchkata.grading.checks.check import Check, run_check
from torchkata.grading.checks.plan import plan
from torchkata.grading.grade import Settings
from torchkata.grading.processes import Submission
from torchkata.grading.session import Session
from torchkata.instructor.authoring.mutants.mutant import Mutant, control, in_order, mutants_of
from torchkata.result import Verdict
from torchkata.sandbox.launcher import Launcher

_TRIES: Final = 3
"""How often a clock has to refuse a mutant."""

INVALID: Final = "invalid"
"""What `first_failure` returns for a file that cannot be loaded."""


@dataclass
class MutantReport:
    """What became of the mutants of an exercise.

    Attributes:
        generated: how many there are.
        killed: ids of those that a check refuses, with the check.
        survivors: those that every check accepts, and no mark explains.
        marked: ids of those that survive and are marked as equivalent.
        problems: marks that are wrong, or why no mutant was judged.
    """

    generated: int = 0
    killed: dict[str, str] = field(default_factory=dict)
    survivors: list[Mutant] = field(default_factory=list)
    marked: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def judged(self) -> int:
        """How many mutants were judged."""
        return len(self.killed) + len(self.survivors) + len(self.marked)

    def summary(self) -> str:
        """Return the counts in one line."""
        return (
            f"{self.judged} of {self.generated} mutants judged: {len(self.killed)} killed, "
            f"{len(self.marked)} equivalent, {len(self.survivors)} survive"
        )

    def findings(self) -> Iterator[str]:
        """Yield what is wrong: marks, and survivors with their difference."""
        yield from self.problems
        for mutant in self.survivors:
            difference = "\n".join(f"             {line}" for line in mutant.diff)
            yield f"Mutant survives (line {mutant.line}): {mutant.id}\n{difference}"


def judge_mutants(
    exercise: Exercise,
    launcher: Launcher,
    settings: Settings,
    *,
    count: int,
    salt: str = "0",
    on_mutant: Callable[[str], None] = lambda _text: None,
) -> MutantReport:
    """Judge mutants of an exercise's reference, and the marks of its solution.

    Args:
        exercise: the exercise.
        launcher: starts workers.
        settings: seed and devices.
        count: how many mutants that are not marked.
        salt: decides which of them.
        on_mutant: called before each one with the counts so far, for progress.

    Raises:
        CourseError: the course's own files are at fault.
    """
    mutants = {mutant.id: mutant for mutant in mutants_of(exercise)}
    report = MutantReport(generated=len(mutants))
    refused = first_failure(exercise, control(exercise), launcher, settings)
    if refused:
        report.problems.append(
            f"No mutant was judged, because the reference without its samples fails {refused}."
        )
        return report
    marks: dict[str, str] = exercise.solution_literal("EQUIVALENT", {})
    report.problems += _wrong_marks(marks, mutants)
    marked = [mutants[name] for name in marks if name in mutants]
    others = [mutant for mutant in mutants.values() if mutant.id not in marks]
    for mutant in _enough(marked, in_order(others, f"{salt} {exercise.id}"), count, report):
        on_mutant(f"mutant {report.judged + 1} of {count + len(marked)}")
        refused = first_failure(exercise, mutant.source, launcher, settings)
        if refused == INVALID:
            continue
        if refused:
            report.killed[mutant.id] = refused
            if mutant.id in marks:
                report.problems.append(
                    f"EQUIVALENT marks a mutant that {refused} refuses; remove: {mutant.id!r}."
                )
        elif mutant.id in marks:
            report.marked.append(mutant.id)
        else:
            report.survivors.append(mutant)
    return report


def first_failure(exercise: Exercise, source: str, launcher: Launcher, settings: Settings) -> str:
    """Judge a file, and stop at the first check that refuses it.

    A clock must refuse a file several times, and refuses nothing if it cannot decide.

    Args:
        exercise: the exercise.
        source: the file.
        launcher: starts workers.
        settings: seed and devices.

    Returns:
        The check's id; an empty text if none refuses it, `INVALID` if it cannot be loaded.
    """
    submission = Submission(source=source.encode(), file=exercise.stub_path.name)
    random = RandomSource(settings.seed)
    session = Session(exercise, submission, launcher, random, settings.devices)
    try:
        for check in plan(exercise, settings.devices):
            if _refuses(check, session):
                return INVALID if session.processes.load_error is not None else check.id
    finally:
        session.close()
    return ""


def _refuses(check: Check, session: Session) -> bool:
    if check.axis != "speed":
        return run_check(check, session).result.verdict is not Verdict.PASSED
    verdicts = (run_check(check, session).result.verdict for _attempt in range(_TRIES))
    return all(verdict is Verdict.FAILED for verdict in verdicts)


def _enough(
    marked: Iterable[Mutant], others: Iterable[Mutant], count: int, report: MutantReport
) -> Iterator[Mutant]:
    """Yield the marked mutants, then others until `count` of them have been judged."""
    yield from marked
    before = report.judged
    for mutant in others:
        if report.judged - before >= count:
            return
        yield mutant


def _wrong_marks(marks: dict[str, str], mutants: dict[str, Mutant]) -> Iterator[str]:
    for name, reason in marks.items():
        if name not in mutants:
            yield f"EQUIVALENT names no mutant: {name!r}. Run with `--mutants` to see the ids."
        elif not reason.strip():
            yield f"EQUIVALENT gives no reason for {name!r}."
