"""The notebook: `%%grade NAME` judges a cell by the same judge, and shows the verdict as HTML.

The cell is not run in the kernel: its text goes to a confined worker, as a file does. What the
kernel has defined or set is therefore neither seen nor changed, and `exercises/` is not touched.
"""

from __future__ import annotations

import argparse
import atexit
import io
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from torchkata.course.catalogue import Course, Exercise
from torchkata.course.discovery import is_course
from torchkata.errors import CourseError, KataError, UsageError
from torchkata.grading.grade import Settings, grade_one, report
from torchkata.grading.processes import Submission
from torchkata.grading.run import random_seed
from torchkata.i18n import _
from torchkata.learner.progress import Progress
from torchkata.report.html import cell_view
from torchkata.report.terminal import TerminalReport
from torchkata.result import Report
from torchkata.sandbox.launcher import Launcher
from torchkata.worker.confinement.confine import available

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


class Notebook:
    """What one kernel keeps from cell to cell: the course's folder, and the warm process.

    Attributes:
        root: the course named by `%kata`; None to look for one from the working directory up.
    """

    def __init__(self) -> None:
        self.root: Path | None = None
        self._launcher: Launcher | None = None

    def grade(self, line: str, cell: str) -> None:
        """Judge the cell as an answer to an exercise: `%%grade NAME [--seed N] [--limit S]`."""
        with _told():
            options = _options(line)
            course = Course(self.root or course_from(Path.cwd()))
            exercise = course.one(options.name)
            # The magic is the cell's first line, so lines are counted as they are shown.
            source = f"\n{cell}".encode("utf-8", "replace")
            seed = random_seed() if options.seed is None else options.seed
            judged = self._judged(exercise, source, seed, options.limit)
            progress = Progress(course.root)
            progress.record(exercise, judged.exercises[0], source, own_file=False)
            _show(judged, progress.notes)

    def kata(self, line: str) -> None:
        """Choose the course by a folder that is it or lies in it: `%kata FOLDER`; and tell it."""
        with _told():
            wanted = line.strip().strip("\"'")
            if wanted:
                self.root = course_from(Path(wanted).expanduser())
            root = self.root or course_from(Path.cwd())
            print(_("The course is in {folder}.", folder=root))  # noqa: T201

    def close(self) -> None:
        """End every process that judging has started."""
        launcher, self._launcher = self._launcher, None
        if launcher is not None:
            launcher.close()

    def _judged(self, exercise: Exercise, source: bytes, seed: int, limit: float) -> Report:
        settings = Settings(seed=seed)
        with _as_in_a_fresh_process():
            try:
                self._launcher = launcher = self._launcher or Launcher()
                launcher.rules = replace(launcher.rules, limit=limit)
                submission = Submission(source=source, file=_("cell"))
                result = grade_one(exercise, submission, launcher, settings)
            except BaseException:  # an interrupt may have broken off a talk with the warm process
                self.close()
                raise
        return report((result,), settings, available().sentence())


def course_from(folder: Path) -> Path:
    """Find the course that a folder lies in, or is.

    Raises:
        CourseError: there is none from there up.
    """
    start = folder.resolve()
    for place in (start, *start.parents):
        if is_course(place):
            return place
    raise CourseError(
        _(
            "{folder} does not lie in a course (folders exercises, solutions and tests). "
            "Name one: `%kata FOLDER`.",
            folder=start,
        )
    )


class _Parser(argparse.ArgumentParser):
    """Wrong words are told in one sentence."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise UsageError(
            _("{problem}. Write `%%grade NAME`, and the code below it.", problem=message)
        )


def _options(line: str) -> argparse.Namespace:
    parser = _Parser(prog="%%grade", add_help=False)
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--limit", type=float, default=20.0)
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return parser.parse_args(words)


@contextmanager
def _told() -> Iterator[None]:
    """Tell in one sentence what goes wrong on purpose: a traceback would show the judge's code."""
    try:
        yield
    except KataError as error:
        print(f"torchkata: {error}", file=sys.stderr)  # noqa: T201
    except KeyboardInterrupt:
        print(f"torchkata: {_('stopped.')}", file=sys.stderr)  # noqa: T201


@contextmanager
def _as_in_a_fresh_process() -> Iterator[None]:
    """Judge with torch's own defaults, whatever the kernel has set; then set that again."""
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with ExitStack() as stack:
            if torch.get_default_device().type != "cpu":
                stack.enter_context(torch.device("cpu"))
            stack.enter_context(torch.inference_mode(mode=False))
            stack.enter_context(torch.enable_grad())
            yield
    finally:
        torch.set_default_dtype(dtype)
        torch.set_num_threads(threads)


def _show(judged: Report, notes: tuple[str, ...]) -> None:
    """Display the verdict: as HTML, and as text where HTML is not shown."""
    from IPython.display import display  # noqa: PLC0415 - the extension's host has it

    out = io.StringIO()
    terminal = TerminalReport(color=False, width=80, file=out, verbose=True, advice=False)
    terminal.finished(judged.exercises[0])
    repeat = _("Seed {seed}; repeat this run with --seed {seed}.", seed=judged.seed)
    lines = [*notes, str(judged.machine["confinement"]), repeat]
    text = "\n".join([out.getvalue().rstrip(), "", *lines])
    shown = {"text/plain": text, "text/html": cell_view(judged)}
    display(shown, raw=True)  # type: ignore[no-untyped-call]
    if notes:
        print(*notes, sep="\n", file=sys.stderr)  # noqa: T201


_KEPT: list[Notebook] = []
"""The kernel's one, while the extension is loaded."""


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Add `%%grade` and `%kata`; IPython calls this for `%load_ext torchkata`."""
    choose(None)
    unload_ipython_extension(ipython)
    notebook = Notebook()
    _KEPT.append(notebook)
    atexit.register(notebook.close)
    magics = ipython.magics_manager
    magics.register_function(notebook.grade, "cell", "grade")
    magics.register_function(notebook.kata, "line", "kata")


def unload_ipython_extension(_ipython: InteractiveShell) -> None:
    """End the extension's processes."""
    while _KEPT:
        notebook = _KEPT.pop()
        atexit.unregister(notebook.close)
        notebook.close()
