"""The pytest plugin: every check of a grader is an item; the only module that imports pytest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from torchkata.course.catalogue import Course, Exercise, digest
from torchkata.course.spec.inputs import RandomSource
from torchkata.errors import CourseError, UsageError
from torchkata.grading.checks.check import Check, run_check
from torchkata.grading.checks.plan import plan
from torchkata.grading.grade import read
from torchkata.grading.run import random_seed, resolve_devices
from torchkata.grading.session import Session
from torchkata.i18n import _
from torchkata.report import labels
from torchkata.result import Verdict
from torchkata.sandbox.accelerators import present
from torchkata.sandbox.launcher import Launcher

_PATTERN = "test_[0-9][0-9]_*.py"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of `nox -s grade` that fit."""
    group = parser.getgroup("torchkata", "judging exercises")
    group.addoption("--exercises", metavar="DIR", help="judge another folder than exercises/")
    group.addoption("--kata-seed", type=int, metavar="N", help="repeat the inputs of a run")
    group.addoption("--lang", metavar="LANG", help="such as zh-CN; else the locale's, or English")
    group.addoption("--device", action="append", default=[], metavar="D", help="cuda, mps, xpu")


class _Judge:
    """What all items of a run share; made when the first check runs."""

    def __init__(self, config: pytest.Config) -> None:
        choose(config.getoption("--lang"))
        seed = config.getoption("--kata-seed")
        self.seed: int = random_seed() if seed is None else seed
        self.exercises: str | None = config.getoption("--exercises")
        self.devices = resolve_devices(config.getoption("--device"), present())
        self.launcher: Launcher | None = None
        self._current: Session | None = None

    def session(self, exercise: Exercise) -> Session | None:
        """The exercise under judgement; None where its file is untouched or missing."""
        if self._current is not None and self._current.exercise.id == exercise.id:
            return self._current
        folder = Path(self.exercises) if self.exercises else exercise.course / "exercises"
        submission = read(folder / exercise.chapter / f"{exercise.stem}.py")
        shipped = exercise.grader.spec.stub_digest
        if submission is None or digest(submission.source) == shipped:
            return None
        self.launcher = self.launcher or Launcher()
        if self._current is not None:
            self._current.close()
        self._current = Session(
            exercise, submission, self.launcher, RandomSource(self.seed), self.devices
        )
        return self._current

    def close(self) -> None:
        """End all workers."""
        if self.launcher is not None:
            self.launcher.close()


_JUDGE = pytest.StashKey[_Judge]()


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the judge."""
    try:
        config.stash[_JUDGE] = _Judge(config)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the workers."""
    if _JUDGE in config.stash:
        config.stash[_JUDGE].close()


def pytest_report_header(config: pytest.Config) -> str:
    """Print the seed, by which a run can be repeated."""
    return f"torchkata: --kata-seed {config.stash[_JUDGE].seed}"


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
        exercise = Course(self.path.parents[2]).one(
            f"{self.path.parent.name}/{self.path.stem.removeprefix('test_')}"
        )
        judge = self.config.stash[_JUDGE]
        for check in plan(exercise, judge.devices):
            yield _CheckItem.from_parent(self, name=check.id, check=check, exercise=exercise)


class _Found(Exception):  # noqa: N818 - carries a finding to pytest
    """A check that failed."""


class _CheckItem(pytest.Item):
    """One check."""

    def __init__(self, *, check: Check, exercise: Exercise, **known: Any) -> None:
        super().__init__(**known)
        self.check = check
        self.exercise = exercise

    def runtest(self) -> None:
        """Judge it."""
        try:
            session = self.config.stash[_JUDGE].session(self.exercise)
            if session is None:
                pytest.skip("todo: not started")
            result = run_check(self.check, session)
        except CourseError as error:
            raise _Found(
                _("The course itself is at fault, not your code: {error}", error=error)
            ) from error
        if self.check.id in session.todo:
            pytest.skip("todo: not started")
        if result.verdict is Verdict.UNMEASURABLE:
            pytest.skip(f"unmeasurable: {result.message}")
        if result.verdict is Verdict.FAILED:
            raise _Found(f"{labels.axis(result.axis)}: {result.message}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], **_unused: Any) -> str:  # type: ignore[override]
        """Show the finding without a traceback of the engine."""
        if isinstance(excinfo.value, _Found):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the item stands."""
        return self.path, 0, self.name
