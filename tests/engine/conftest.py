"""What the tests of the engine share: one launcher, the miniature course, and ways to judge it."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # so that tests find the modules beside them

from helpers import LIMIT, Judge

from torchkata.course import translations
from torchkata.course.catalogue import Course
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.i18n.messages import choose
from torchkata.result import ExerciseResult
from torchkata.sandbox.launcher import Launcher, Rules

for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
    os.environ.pop(name, None)
os.environ["LC_ALL"] = "C.UTF-8"  # the texts that tests expect are English, wherever they run
torch.set_num_threads(1)  # another number of threads adds up in another order

collect_ignore = ["course"]  # its graders belong to a course of their own

PATIENCE = 60.0  # seconds a request may take where machines are busy with other tests
MINI = Path(__file__).parent / "course"


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Begin without a language or an exercise that an earlier test has turned to."""
    choose("en")
    translations._Now.exercise = None
    translations._Now.seen.clear()
    yield
    choose("en")


@pytest.fixture(scope="session")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """Start workers from one zygote for all tests; tests side by side time in turns."""
    together = tmp_path_factory.getbasetemp().parent
    with Launcher(Rules(limit=PATIENCE, turns=together / "turns")) as started:
        yield started


@pytest.fixture(scope="session")
def hasty(launcher: Launcher) -> Iterator[Launcher]:
    """Start workers from the same zygote with a short limit."""
    short = Launcher(replace(launcher.rules, limit=LIMIT), launcher._zygote)
    yield short
    for worker in short._workers:
        worker.close()


@pytest.fixture(scope="session")
def mini() -> Path:
    """Name the miniature course: not to be written to."""
    return MINI


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Copy the miniature course, to be changed at will."""
    copy = tmp_path / "course"
    shutil.copytree(MINI, copy, ignore=shutil.ignore_patterns(".torchkata", "__pycache__"))
    return copy


@pytest.fixture(scope="session")
def judge(hasty: Launcher) -> Judge:
    """Judge source text as an exercise of the miniature course: `judge(text, "row_total")`."""
    exercises = Course(MINI)

    def judged(source: str | bytes, name: str = "halve", seed: int = 1) -> ExerciseResult:
        data = textwrap.dedent(source).encode() if isinstance(source, str) else source
        exercise = exercises.one(name)
        submission = Submission(source=data, file=exercise.stub_path.name)
        return grade_one(exercise, submission, hasty, Settings(seed=seed))

    return judged
