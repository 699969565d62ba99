"""The verbs that judge: grade, list and check, from options to an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from torchkata.errors import UsageError
from torchkata.i18n import _
from torchkata.sandbox.zygote_client import Zygote

if TYPE_CHECKING:
    from torchkata.report.editor import ProblemsReport
    from torchkata.report.html import HtmlReport
    from torchkata.report.terminal import TerminalReport
    from torchkata.result import Report
    from torchkata.sandbox.launcher import Launcher


def grade(options: argparse.Namespace) -> int:
    """Judge the selected exercises, report, and say how it went by the exit code."""
    launcher = _launcher(limit=options.limit)
    with launcher:
        from torchkata.course.catalogue import Course  # noqa: PLC0415
        from torchkata.grading.grade import Settings  # noqa: PLC0415
        from torchkata.grading.run import Observer, random_seed, resolve_devices, run  # noqa: PLC0415
        from torchkata.learner.progress import Progress  # noqa: PLC0415
        from torchkata.learner.scope import scope  # noqa: PLC0415
        from torchkata.sandbox.accelerators import present  # noqa: PLC0415
        from torchkata.worker.confinement.confine import available  # noqa: PLC0415

        course = Course(options.course)
        exercises = course.select(tuple(options.names), tuple(options.chapter))
        folder = _folder(options.exercises, course.root)
        seed = random_seed() if options.seed is None else options.seed
        terminal = _terminal(options, folder)
        html = _html(options, folder)
        terminal.started(len(exercises))
        confined = available().sentence()
        progress = Progress(course.root)
        report = run(
            course,
            exercises,
            launcher,
            Settings(seed=seed, devices=resolve_devices(options.device, present())),
            folder=folder,
            confined=confined,
            observer=Observer(
                running=lambda exercise: terminal.running(exercise.id),
                finished=terminal.finished,
                updated=lambda report: _write(options, report, html, _shown(folder)),
            ),
            progress=progress,
        )
        repeat = _("Seed {seed}; repeat this run with --seed {seed}.", seed=seed)
        terminal.closing(report, [*progress.notes, *scope(exercises), confined, repeat])
    return report.exit_code(complete=options.complete)


def watch(options: argparse.Namespace) -> int:
    """Judge an exercise at every save, with a key for everything else."""
    from torchkata.watch.terminal import Terminal  # noqa: PLC0415 - knows no torch

    terminal = Terminal(color=not options.no_color)
    print(_("Starting ..."), flush=True)  # noqa: T201
    with _launcher(limit=options.limit) as launcher:
        from torchkata.watch.app import watch as begin  # noqa: PLC0415

        return begin(options, launcher, terminal)


def _launcher(limit: float) -> Launcher:
    zygote = None if not sys.platform.startswith("linux") else Zygote()
    from torchkata.sandbox.launcher import Launcher, Rules  # noqa: PLC0415 - imports torch, in parallel

    return Launcher(Rules(limit=limit), zygote)


def _folder(wanted: Path | None, root: Path) -> Path:
    folder: Path = wanted or root / "exercises"
    if not folder.is_dir():
        raise UsageError(
            _(
                "There is no folder {folder}. Name one that is laid out like exercises/.",
                folder=folder,
            )
        )
    return folder


def _terminal(options: argparse.Namespace, folder: Path) -> TerminalReport | ProblemsReport:
    if options.format == "problems":
        from torchkata.report.editor import ProblemsReport  # noqa: PLC0415

        return ProblemsReport(folder=_shown(folder))
    from torchkata.report.terminal import TerminalReport  # noqa: PLC0415

    color = False if options.no_color else None
    return TerminalReport(color=color, verbose=options.verbose, folder=_shown(folder))


def _html(options: argparse.Namespace, folder: Path) -> HtmlReport | None:
    if not options.html:
        return None
    from torchkata.report.html import HtmlReport  # noqa: PLC0415

    return HtmlReport(options.html, folder=_shown(folder))


def _shown(folder: Path) -> str:
    return os.path.relpath(folder) if folder.is_relative_to(Path.cwd()) else str(folder)


def _write(
    options: argparse.Namespace, report: Report, html: HtmlReport | None, folder: str
) -> None:
    from torchkata.report.json_report import write_json  # noqa: PLC0415
    from torchkata.report.junit import write_junit  # noqa: PLC0415

    if options.json:
        write_json(report, options.json)
    if options.junit:
        write_junit(report, options.junit, folder=folder)
    if html:
        html.write(report)


def show_list(options: argparse.Namespace) -> int:
    """Print exercises by chapter with their states, attempts and best figures."""
    from torchkata.course.catalogue import Course  # noqa: PLC0415
    from torchkata.learner.progress import Entry, Progress  # noqa: PLC0415
    from torchkata.report.console import Screen  # noqa: PLC0415
    from torchkata.report.exercise_list import Row, show  # noqa: PLC0415

    course = Course(options.course)
    progress = Progress(course.root)
    known, states = progress.entries(), progress.states(course)
    rows = []
    for exercise in course.select((), tuple(options.chapter)):
        entry = known.get(exercise.id, Entry())
        rows.append(
            Row(
                chapter=exercise.chapter,
                name=exercise.name,
                state=states[exercise.id],
                attempts=entry.attempts,
                best=entry.best,
            )
        )
    screen = Screen(color=False if options.no_color else None)
    show(rows, screen)
    for note in progress.notes:
        screen.line((screen.safe(note), "yellow"))
    return 0


def check(options: argparse.Namespace) -> int:
    """Run the gate over the selected exercises."""
    with _launcher(limit=20.0) as launcher:
        from torchkata.course.catalogue import Course  # noqa: PLC0415
        from torchkata.instructor.authoring.validate import Gate  # noqa: PLC0415

        course = Course(options.course)
        exercises = course.select(tuple(options.names), tuple(options.chapter))
        if options.seal:
            from torchkata.instructor.authoring.stub_lint import seal  # noqa: PLC0415

            for exercise in exercises:
                seal(exercise)
        gate = Gate(launcher)
        faults = 0
        for exercise in exercises:
            found = gate.faults(exercise)
            faults += len(found)
            print(f"{'sound' if not found else 'UNSOUND':<9}{exercise.id}", flush=True)  # noqa: T201
            for fault in found:
                print(f"         - {fault}", flush=True)  # noqa: T201
    print(f"{len(exercises)} exercises checked, {faults} faults")  # noqa: T201
    return 1 if faults else 0
