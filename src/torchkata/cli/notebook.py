"""The notebook extension: `%%grade NAME` grades a cell and shows the result as HTML.

The cell does not run in the kernel. Its text is graded in a confined worker, like a file. It
therefore neither sees nor changes what the kernel has defined, and `exercises/` is not modified.
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
from IPython.display import display

from torchkata.course import discovery
from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.translations import Translations
from torchkata.errors import CourseError, KataError, UsageError
from torchkata.grading.grade import Settings
from torchkata.grading.processes import Submission
from torchkata.grading.run import build_report, grade_and_record
from torchkata.grading.seeds import random_seed
from torchkata.i18n import Message, Translator, _
from torchkata.i18n.catalogues import locale_language
from torchkata.learner.progress import Progress
from torchkata.report.html import notebook_cell
from torchkata.report.terminal import TerminalReport
from torchkata.result import Localize, Report
from torchkata.sandbox.launcher import DEFAULT_LIMIT, Launcher
from torchkata.worker.confinement.confine import available_confinement

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


class Notebook:
    """The state of one kernel: the course's folder, and the launcher with its zygote.

    Attributes:
        root: the course named by `%kata`; None to search upward from the working directory.
        language: of the reports.
    """

    def __init__(self) -> None:
        self.root: Path | None = None
        self.language = locale_language()
        self._launcher: Launcher | None = None

    def grade(self, line: str, cell: str) -> None:
        """Grade the cell as a submission to an exercise: `%%grade NAME [--seed N] [--limit S]`."""
        with self._printed_errors():
            options = _parse(line)
            course = Course(self.root or find_course(Path.cwd()))
            exercise = course.one(options.name)
            # The magic is the first line of the cell; an empty line keeps the line numbers.
            source = f"\n{cell}".encode("utf-8", "replace")
            progress = Progress(course.root)
            report = self._grade(exercise, source, progress, options)
            _show(report, progress.notes, Translations(course.root, self.language))

    def kata(self, line: str) -> None:
        """Choose and print the course: `%kata FOLDER`, a folder that is a course or is in one."""
        with self._printed_errors():
            folder = line.strip().strip("\"'")
            if folder:
                self.root = find_course(Path(folder).expanduser())
            root = self.root or find_course(Path.cwd())
            print(self._translate(_("The course is in {folder}.", folder=root)))

    def close(self) -> None:
        """End all processes that were started."""
        launcher, self._launcher = self._launcher, None
        if launcher is not None:
            launcher.close()

    def _grade(
        self, exercise: Exercise, source: bytes, progress: Progress, options: argparse.Namespace
    ) -> Report:
        seed = random_seed() if options.seed is None else options.seed
        settings = Settings(seed=seed)
        with _default_torch_settings():
            try:
                self._launcher = launcher = self._launcher or Launcher()
                launcher.config = replace(launcher.config, limit=options.limit)
                result = grade_and_record(
                    exercise,
                    Submission(source=source, file=self._translate(_("cell"))),
                    launcher,
                    settings,
                    progress,
                    own_file=False,
                )
            except BaseException:  # an interrupt may have left a reply of a worker unread
                self.close()
                raise
        return build_report((result,), settings, available_confinement().describe())

    @contextmanager
    def _printed_errors(self) -> Iterator[None]:
        """Print errors in one sentence; a traceback would show the engine's code."""
        try:
            yield
        except KataError as error:
            print(f"torchkata: {self._translate(error.message)}", file=sys.stderr)
        except KeyboardInterrupt:
            print(f"torchkata: {self._translate(_('Interrupted.'))}", file=sys.stderr)

    def _translate(self, message: Message) -> str:
        return Translator(self.language)(message)


def find_course(folder: Path) -> Path:
    """Return the course that a folder is, or that it is in.

    Raises:
        CourseError: there is no course in the folder or above it.
    """
    found = discovery.find_course(folder)
    if found is None:
        raise CourseError(
            _(
                "{folder} is not in a course (a folder with exercises, solutions and tests). Name "
                "a course: `%kata FOLDER`.",
                folder=folder.resolve(),
            )
        )
    return found


class _Parser(argparse.ArgumentParser):
    """Raises a usage error in one sentence, instead of ending the kernel."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise UsageError(
            _("{problem}. Write `%%grade NAME`, and your code below it.", problem=message)
        )


def _parse(line: str) -> argparse.Namespace:
    parser = _Parser(prog="%%grade", add_help=False)
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--limit", type=float, default=DEFAULT_LIMIT)
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return parser.parse_args(words)


@contextmanager
def _default_torch_settings() -> Iterator[None]:
    """Use torch's default settings, and restore those of the kernel afterwards."""
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


def _show(report: Report, notes: tuple[Message, ...], localize: Localize) -> None:
    """Display the result: as HTML, and as text for frontends without HTML."""
    translate = localize("")
    out = io.StringIO()
    terminal = TerminalReport(localize, color=False, width=80, file=out, advice=False)
    terminal.started(1)
    terminal.finished(report.exercises[0])
    printed_notes = [translate(note) for note in notes]
    repeat = translate(_("To repeat this run, add --seed {seed}.", seed=report.seed))
    lines = [*printed_notes, str(report.machine["confinement"]), repeat]
    text = "\n".join([out.getvalue().rstrip(), "", *lines])
    formats = {"text/plain": text, "text/html": notebook_cell(report, localize)}
    display(formats, raw=True)  # type: ignore[no-untyped-call]
    if notes:
        print(*printed_notes, sep="\n", file=sys.stderr)


_LOADED: list[Notebook] = []
"""The kernel's notebook, while the extension is loaded."""


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Add `%%grade` and `%kata`; IPython calls this function for `%load_ext torchkata`."""
    unload_ipython_extension(ipython)
    notebook = Notebook()
    _LOADED.append(notebook)
    atexit.register(notebook.close)
    magics = ipython.magics_manager
    magics.register_function(notebook.grade, "cell", "grade")
    magics.register_function(notebook.kata, "line", "kata")


def unload_ipython_extension(_ipython: InteractiveShell) -> None:
    """End the processes of the extension."""
    while _LOADED:
        notebook = _LOADED.pop()
        atexit.unregister(notebook.close)
        notebook.close()
