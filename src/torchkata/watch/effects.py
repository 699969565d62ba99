"""What the loop does to the course's files and memory when a key asks for it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from torchkata.course.catalogue import Course, Exercise
from torchkata.errors import CourseError, KataError
from torchkata.grading.grade import Settings, report
from torchkata.i18n import _
from torchkata.learner.progress import Progress
from torchkata.learner.reset import reset
from torchkata.watch.events import (
    Effect,
    Page,
    Record,
    Reset,
    ShowHints,
    ShowSolution,
    Told,
    WriteReport,
)
from torchkata.watch.state import State
from torchkata.worker.confinement.confine import available


class Deeds:
    """Does them, and says how it went.

    Args:
        course: whose files.
        lessons: by id.
        progress: remembers.
    """

    def __init__(self, course: Course, exercises: dict[str, Exercise], progress: Progress) -> None:
        self._root = course.root
        self._folder = _shown(course.root / "exercises")
        self._lessons = exercises
        self._progress = progress

    def record(self, record: Record) -> None:
        """Remember a verdict."""
        self._progress.record(self._lessons[record.id], record.result, record.source)

    def do(self, effect: Effect, state: State) -> Told:
        """Do what was asked for; what goes wrong is told like everything else."""
        try:
            match effect:
                case ShowHints(id=id_, level=level):
                    return self._hints(id_, level)
                case ShowSolution(id=id_):
                    return self._solution(id_)
                case Reset(id=id_):
                    return Told(notice=reset(self._lessons[id_]))
                case WriteReport():
                    return self._report(state)
        except (KataError, OSError) as error:
            return Told(notice=str(error))
        raise AssertionError(effect)

    def _hints(self, id_: str, level: int) -> Told:
        hints = self._lessons[id_].constant("HINTS", ())
        if not hints:
            raise CourseError(_("This exercise has no hints."))
        self._progress.note_hint(id_, min(level, len(hints)))
        parts = [
            _("Hint {n} of {all}", n=n, all=len(hints)) + f"\n\n{text}"
            for n, text in enumerate(hints[:level], 1)
        ]
        more = _("h shows the next one.") if level < len(hints) else _("That was the last one.")
        return Told(page=Page.HINTS, body="\n\n".join([*parts, more]))

    def _solution(self, id_: str) -> Told:
        text = self._lessons[id_].reference.decode("utf-8")
        self._progress.note_solution(id_)
        return Told(page=Page.SOLUTION, body=text)

    def _report(self, state: State) -> Told:
        """Write the verdicts of the run that has just ended."""
        try:
            html = import_module("torchkata.report.html")  # draws pictures: slow to import
        except ImportError:
            return Told(notice=_("The HTML report cannot be written: its packages are missing."))
        results = [state.results[i.id] for i in state.items if i.id in state.results]
        whole = report(results, Settings(seed=state.seed), available().sentence())
        file = self._root / ".torchkata" / "report.html"
        file.parent.mkdir(exist_ok=True)
        html.HtmlReport(file, self._folder).write(whole)
        return Told(notice=_("The report is written: {file}", file=_shown(file)))


def _shown(file: Path) -> str:
    """The path from here where it is below here, else the whole of it."""
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)
