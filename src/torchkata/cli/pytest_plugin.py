"""The pytest plugin: each check of a grader is an item. No other module imports pytest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from torchkata.cli.main import choose_language
from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.translations import Translations
from torchkata.errors import CourseError, UsageError
from torchkata.grading.checks.plan import plan
from torchkata.grading.grade import Settings, read_submission, result_for
from torchkata.grading.run import grade_and_record, resolve_devices
from torchkata.grading.seeds import random_seed
from torchkata.i18n import Message, _
from torchkata.report import labels
from torchkata.result import TODO, CheckResult, ExerciseResult, State, Verdict
from torchkata.sandbox.accelerators import available_accelerators
from torchkata.sandbox.launcher import Launcher

_PATTERN: Final = "test_[0-9][0-9]_*.py"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `nox -s grade` that make sense for pytest."""
    group = parser.getgroup("torchkata", "grading exercises")
    group.addoption("--exercises", metavar="DIR", help="grade the files in this folder")
    group.addoption(
        "--kata-seed", type=int, metavar="N", help="repeat the inputs of an earlier run"
    )
    group.addoption(
        "--lang", metavar="LANG", help="such as zh-CN (default: from the locale, else English)"
    )
    group.addoption("--device", action="append", default=[], metavar="D", help="cuda, mps or xpu")


class _Grading:
    """Grades each exercise once, when its first item runs."""

    def __init__(self, config: pytest.Config) -> None:
        seed = config.getoption("--kata-seed")
        devices = resolve_devices(config.getoption("--device"), available_accelerators())
        self.settings = Settings(seed=random_seed() if seed is None else seed, devices=devices)
        self.language = choose_language(config.getoption("--lang"))
        self._folder: str | None = config.getoption("--exercises")
        self._launcher: Launcher | None = None
        self._latest: ExerciseResult | None = None

    def result(self, exercise: Exercise) -> ExerciseResult:
        """Return the result of an exercise; the items of one exercise run one after the other."""
        if self._latest is None or self._latest.id != exercise.id:
            self._latest = self._grade(exercise)
        return self._latest

    def close(self) -> None:
        """End all workers."""
        if self._launcher is not None:
            self._launcher.close()

    def _grade(self, exercise: Exercise) -> ExerciseResult:
        folder = Path(self._folder) if self._folder else exercise.course / "exercises"
        try:
            submission = read_submission(folder / exercise.chapter / f"{exercise.stem}.py")
        except CourseError as error:
            return result_for(exercise, State.ERROR, error.message)
        self._launcher = self._launcher or Launcher()
        return grade_and_record(exercise, submission, self._launcher, self.settings)


_GRADING: Final = pytest.StashKey[_Grading]()


def pytest_configure(config: pytest.Config) -> None:
    """Read the options."""
    try:
        config.stash[_GRADING] = _Grading(config)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the workers."""
    if _GRADING in config.stash:
        config.stash[_GRADING].close()


def pytest_report_header(config: pytest.Config) -> str:
    """Return the seed, with which the run can be repeated."""
    return f"torchkata: --kata-seed {config.stash[_GRADING].settings.seed}"


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Collector | None:
    """Collect a grader as one item per check instead of as a module of tests."""
    if not module_path.match(_PATTERN) or module_path.parents[1].name != "tests":
        return None
    return _GraderFile.from_parent(parent, path=module_path)


class _GraderFile(pytest.Module):
    """A grader."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield its checks."""
        root, chapter = self.path.parents[2], self.path.parent.name
        exercise = Course(root).one(f"{chapter}/{self.path.stem.removeprefix('test_')}")
        for check in plan(exercise, self.config.stash[_GRADING].settings.devices):
            yield _CheckItem.from_parent(self, name=check.id, exercise=exercise)


class _Finding(Exception):  # noqa: N818 - carries a finding to pytest
    """Raised for a failed check."""


class _CheckItem(pytest.Item):
    """One check."""

    def __init__(self, *, exercise: Exercise, **known: Any) -> None:
        super().__init__(**known)
        self.exercise = exercise

    def runtest(self) -> None:
        """Report the result of the check."""
        result = self.config.stash[_GRADING].result(self.exercise)
        check = next((check for check in result.checks if check.id == self.name), None)
        if check.code == TODO if check is not None else result.state is State.TODO:
            pytest.skip("todo: not started")
        if check is not None:
            self._report(check)
        elif result.failed:
            pytest.skip("not graded: an earlier check failed")
        else:
            raise _Finding(self._text(result.message))

    def _report(self, check: CheckResult) -> None:
        if check.verdict is Verdict.UNMEASURABLE:
            pytest.skip(f"unmeasurable: {self._text(check.message)}")
        if check.verdict is Verdict.FAILED:
            axis = labels.axis(check.axis)
            raise _Finding(self._text(_("{axis}: {finding}", axis=axis, finding=check.message)))

    def _text(self, message: Message) -> str:
        language = self.config.stash[_GRADING].language
        return Translations(self.exercise.course, language)(self.exercise.id)(message)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], **_unused: Any) -> str:  # type: ignore[override]
        """Show the finding without a traceback of the engine."""
        if isinstance(excinfo.value, _Finding):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return the location of the check."""
        return self.path, 0, self.name
