"""The commands `grade` and `list`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from torchkata.cli.main import ExitCode
from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.shadowing import shadowing_note
from torchkata.course.translations import Translations
from torchkata.errors import UsageError
from torchkata.grading.grade import Settings
from torchkata.grading.run import Observer, resolve_devices, run
from torchkata.grading.seeds import random_seed
from torchkata.i18n import Message, _
from torchkata.learner.identity import learner_name
from torchkata.learner.progress import ExerciseProgress, Progress
from torchkata.report.console import Console
from torchkata.report.editor import EditorReport
from torchkata.report.exercise_list import ListRow, print_list
from torchkata.report.html import HtmlReport
from torchkata.report.json_report import write_json
from torchkata.report.junit import write_junit
from torchkata.report.terminal import TerminalReport
from torchkata.result import Report
from torchkata.sandbox.accelerators import available_accelerators
from torchkata.sandbox.launcher import DEFAULT_LIMIT, Launcher, WorkerConfig
from torchkata.worker.confinement.confine import available_confinement


def grade(options: argparse.Namespace, translations: Translations) -> int:
    """Grade the selected exercises and report on them."""
    with open_launcher(options) as launcher:
        course = Course(options.course)
        exercises = course.select(tuple(options.names), tuple(options.chapter))
        folder = _submissions_folder(options.exercises, course.root)
        seed = random_seed() if options.seed is None else options.seed
        devices = resolve_devices(options.device, available_accelerators())
        confinement = available_confinement().describe()
        progress = Progress(course.root)
        screen = _screen_report(options, translations, _shown(folder))
        write_files = _FileReports(options, translations, _shown(folder), course.root).write
        screen.started(len(exercises), list_untouched=bool(options.names))
        report = run(
            course,
            exercises,
            launcher,
            Settings(seed=seed, devices=devices),
            folder=folder,
            confinement=confinement,
            observer=Observer(
                running=lambda exercise: screen.running(exercise.id),
                finished=screen.finished,
                updated=write_files,
            ),
            progress=progress,
        )
        repeat = _("To repeat this run, add --seed {seed}.", seed=seed)
        screen.closing(
            report,
            [
                *progress.notes,
                *shadowing_note(course.root, Path.cwd()),
                *_examples_only_note(exercises),
                confinement,
                repeat,
            ],
        )
    return report.exit_code(complete=options.complete)


def list_exercises(options: argparse.Namespace, translations: Translations) -> int:
    """List exercises by chapter with their states, attempts and best metrics."""
    course = Course(options.course)
    progress = Progress(course.root)
    known, states = progress.exercises(), progress.states(course)
    rows = []
    for exercise in course.select((), tuple(options.chapter)):
        exercise_progress = known.get(exercise.id, ExerciseProgress())
        rows.append(
            ListRow(
                chapter=exercise.chapter,
                number=exercise.stem[:2],
                name=exercise.name,
                state=states[exercise.id],
                attempts=exercise_progress.attempts,
                best=exercise_progress.best,
            )
        )
    console = Console(color=False if options.no_color else None)
    print_list(rows, console, translations)
    for note in progress.notes:
        console.print_line((console.safe(translations("")(note)), "yellow"))
    return ExitCode.OK


def open_launcher(options: argparse.Namespace) -> Launcher:
    """Return a launcher with the zygote and the time limit of a command."""
    limit = getattr(options, "limit", None) or DEFAULT_LIMIT
    return Launcher(WorkerConfig(limit=limit), options.zygote)


class _FileReports:
    """Writes the reports that the options request, again whenever an exercise is graded."""

    def __init__(
        self, options: argparse.Namespace, translations: Translations, folder: str, root: Path
    ) -> None:
        self._options = options
        self._translations = translations
        self._folder = folder
        self._html = (
            HtmlReport(
                options.html,
                folder,
                localize=translations,
                who=learner_name(root),
                when=datetime.now().astimezone(),
            )
            if options.html
            else None
        )

    def write(self, report: Report) -> None:
        """Write the report so far."""
        if self._options.json:
            write_json(report, self._options.json, self._translations)
        if self._options.junit:
            write_junit(report, self._options.junit, self._translations, folder=self._folder)
        if self._html:
            self._html.write(report)


def _screen_report(
    options: argparse.Namespace, translations: Translations, folder: str
) -> TerminalReport | EditorReport:
    if options.format == "problems":
        return EditorReport(translations, folder=folder)
    color = False if options.no_color else None
    return TerminalReport(translations, color=color, verbose=options.verbose, folder=folder)


def _submissions_folder(requested: Path | None, root: Path) -> Path:
    folder = requested or root / "exercises"
    if not folder.is_dir():
        raise UsageError(
            _(
                "There is no folder {folder}. Name a folder with the same layout as exercises/.",
                folder=folder,
            )
        )
    return folder


def _shown(folder: Path) -> str:
    """Return the folder as it is shown: relative to the working directory if it is below it."""
    return os.path.relpath(folder) if folder.is_relative_to(Path.cwd()) else str(folder)


def _examples_only_note(exercises: Sequence[Exercise]) -> list[Message]:
    """Return what a kit without graders does not check; nothing for other courses."""
    if not any(exercise.files.examples_only for exercise in exercises):
        return []
    graded = sum(bool(exercise.spec.functions) for exercise in exercises)
    return [
        _(
            "This kit checks open examples only; {graded} of {total} exercises have some. Your "
            "instructor also checks hidden cases, devices, gradients and costs, and that grade "
            "counts.",
            graded=graded,
            total=len(exercises),
        )
    ]
