"""The timing lock: races wait for it, other checks go on, and a dead holder releases it."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from helpers import wait_for

from torchkata.course.catalogue import Course
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.result import ExerciseResult, State
from torchkata.sandbox.launcher import Launcher, WorkerConfig
from torchkata.sandbox.timing_lock import timing_lock

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the lock exists on Linux only"
)
HOLDER = """
import sys, time
from pathlib import Path
from torchkata.sandbox.timing_lock import timing_lock
with timing_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


class Grading(threading.Thread):
    """Grades the solution of an exercise of the miniature course; records the started checks."""

    def __init__(self, mini: Path, name: str, launcher: Launcher) -> None:
        super().__init__(daemon=True)
        self.exercise = Course(mini).one(name)
        self.launcher = launcher
        self.axes: list[str] = []
        self.result: ExerciseResult | None = None

    def run(self) -> None:
        """Grade it."""
        exercise = self.exercise
        source = Submission(
            source=exercise.solution_path.read_bytes(), file=exercise.stub_path.name
        )
        self.result = grade_one(
            exercise, source, self.launcher, Settings(seed=1), lambda c: self.axes.append(c.axis)
        )


def test_a_race_waits_for_the_lock_while_other_checks_go_on(
    mini: Path, launcher: Launcher, tmp_path: Path
):
    """While another judge on these cores holds the lock, a race waits; other checks do not."""
    lock = tmp_path / "cores-0"
    config = WorkerConfig(timing_lock=lock)
    timed = Grading(mini, "row_total", launcher.with_config(config))
    counted = Grading(mini, "halve", launcher.with_config(config))
    with timing_lock(lock):
        timed.start()
        assert wait_for(lambda: timed.axes[-1:] == ["speed"], 60)
        counted.start()
        counted.join(60)
        assert counted.result is not None
        assert counted.result.state is State.PASSED
        assert timed.axes[-1] == "speed"
        assert timed.result is None
    timed.join(60)

    assert timed.result is not None
    assert timed.result.state in {State.PASSED, State.UNMEASURABLE}


def test_the_lock_of_a_killed_judge_is_released(tmp_path: Path):
    """A judge that is killed while it holds the lock blocks nobody."""
    lock = tmp_path / "cores-0"
    command = [sys.executable, "-c", HOLDER, str(lock)]
    entered = threading.Event()

    def enter() -> None:
        with timing_lock(lock):
            entered.set()

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        waiting = threading.Thread(target=enter, daemon=True)
        waiting.start()
        assert not entered.wait(0.5)
        holder.kill()

    assert entered.wait(20)
