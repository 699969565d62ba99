"""Fixtures that the engine's tests share: one launcher, the miniature course, ways to grade it."""

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

sys.path.insert(0, str(Path(__file__).parent))  # tests import the helper modules beside them

from helpers import LIMIT, Judge, start_warm_server

from torchkata.course.catalogue import Course
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.result import ExerciseResult
from torchkata.sandbox.launcher import Launcher, WorkerConfig

for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
    os.environ.pop(name, None)
os.environ["LC_ALL"] = "C.UTF-8"  # tests expect English, whatever the machine's locale is
torch.set_num_threads(1)  # another number of threads would change the order of sums

collect_ignore = ["course"]  # the graders of the miniature course

PATIENCE = 60.0  # seconds a request may take while other tests keep the machine busy
MINI = Path(__file__).parent / "course"


@pytest.fixture(scope="session", autouse=True)
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fork Python processes from one that has imported torch, where the platform can fork."""
    if not sys.platform.startswith("linux"):
        yield
        return
    server = start_warm_server(tmp_path_factory.mktemp("warm"))
    yield
    server.close()


@pytest.fixture(scope="session")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """Start workers from one zygote for all tests; parallel tests take turns at timing."""
    together = tmp_path_factory.getbasetemp().parent
    with Launcher(WorkerConfig(limit=PATIENCE, timing_lock=together / "turns")) as started:
        yield started


@pytest.fixture(scope="session")
def hasty(launcher: Launcher) -> Iterator[Launcher]:
    """Start workers from the same zygote, with a short time limit."""
    with launcher.with_config(replace(launcher.config, limit=LIMIT)) as short:
        yield short


@pytest.fixture(scope="session")
def mini() -> Path:
    """Return the miniature course; tests must not write to it."""
    return MINI


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Return a copy of the miniature course that the test may change."""
    copy = tmp_path / "course"
    shutil.copytree(MINI, copy, ignore=shutil.ignore_patterns(".torchkata", "__pycache__"))
    return copy


@pytest.fixture(scope="session")
def judge(hasty: Launcher) -> Judge:
    """Return a function that grades source text: `judge(text, "row_total")`."""
    exercises = Course(MINI)

    def judged(source: str | bytes, name: str = "halve", seed: int = 1) -> ExerciseResult:
        data = textwrap.dedent(source).encode() if isinstance(source, str) else source
        exercise = exercises.one(name)
        submission = Submission(source=data, file=exercise.stub_path.name)
        return grade_one(exercise, submission, hasty, Settings(seed=seed))

    return judged
