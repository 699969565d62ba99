"""Effects on the course's files and the learner's progress."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.errors import KataError, describe_os_error
from torchkata.grading.grade import Settings
from torchkata.grading.run import build_report
from torchkata.i18n import Message, _, verbatim
from torchkata.learner.hints import all_hints
from torchkata.learner.identity import learner_name
from torchkata.learner.progress import Progress
from torchkata.learner.reset import reset
from torchkata.report.html import HtmlReport
from torchkata.result import Localize
from torchkata.watch.events import (
    Effect,
    EffectDone,
    Page,
    ResetExercise,
    SaveResult,
    ShowHints,
    ShowSolution,
    WriteReport,
)
from torchkata.watch.state import WatchState
from torchkata.worker.confinement.confine import available_confinement


class EffectRunner:
    """Runs effects, and reports errors to the learner like any other outcome.

    Args:
        course: the course.
        exercises: by id.
        progress: where results, hints and solutions are recorded.
        localize: the language of the HTML report.
    """

    def __init__(
        self,
        course: Course,
        exercises: dict[str, Exercise],
        progress: Progress,
        localize: Localize,
    ) -> None:
        self._root = course.root
        self._exercises = exercises
        self._progress = progress
        self._localize = localize

    def save(self, effect: SaveResult) -> None:
        """Record a result in the learner's progress."""
        self._progress.record(self._exercises[effect.exercise_id], effect.result, effect.source)

    def run(self, effect: Effect, state: WatchState) -> EffectDone:
        """Run an effect; an error becomes a notice."""
        try:
            match effect:
                case ShowHints(exercise_id=exercise_id, level=level):
                    return self._show_hints(exercise_id, level)
                case ShowSolution(exercise_id=exercise_id):
                    return self._show_solution(exercise_id)
                case ResetExercise(exercise_id=exercise_id):
                    return EffectDone(notice=reset(self._exercises[exercise_id]))
                case WriteReport():
                    return self._write_report(state)
        except KataError as error:
            return EffectDone(notice=error.message)
        except OSError as error:
            return EffectDone(notice=describe_os_error(error))
        raise AssertionError(effect)

    def _show_hints(self, exercise_id: str, level: int) -> EffectDone:
        hints = all_hints(self._exercises[exercise_id])
        self._progress.record_hint(exercise_id, min(level, len(hints)))
        paragraphs: list[Message] = []
        for number, hint in enumerate(hints[:level], 1):
            paragraphs += [_("Hint {number} of {total}", number=number, total=len(hints)), hint]
        if level < len(hints):
            paragraphs.append(_("Press h for the next hint."))
        else:
            paragraphs.append(_("That was the last hint."))
        return EffectDone(page=Page.HINTS, body=tuple(paragraphs))

    def _show_solution(self, exercise_id: str) -> EffectDone:
        source = self._exercises[exercise_id].reference_source.decode("utf-8")
        self._progress.record_solution_seen(exercise_id)
        return EffectDone(page=Page.SOLUTION, body=(verbatim(source),))

    def _write_report(self, state: WatchState) -> EffectDone:
        """Write a report on the results of all exercises."""
        results = [
            state.results[exercise.id]
            for exercise in state.exercises
            if exercise.id in state.results
        ]
        report = build_report(
            results, Settings(seed=state.seed), available_confinement().describe()
        )
        file = self._root / ".torchkata" / "report.html"
        file.parent.mkdir(exist_ok=True)
        folder = relative_to_here(self._root / "exercises")
        page = HtmlReport(
            file,
            folder,
            localize=self._localize,
            who=learner_name(self._root),
            when=datetime.now().astimezone(),
        )
        page.write(report)
        return EffectDone(notice=_("Wrote the report to {file}", file=relative_to_here(file)))


def relative_to_here(path: Path) -> str:
    """Return a path relative to the working directory if it is below it, else as it is."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
