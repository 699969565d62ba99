"""Turns at the clock: what is timed waits for its turn, the rest goes on, the dead let go."""

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

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="turns are Linux's")
HOLDS = """
import sys, time
from pathlib import Path
from torchkata.sandbox.timing_lock import turn
with turn(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


class Grading(threading.Thread):
    """Grades the solution of an exercise of the miniature course, and notes what it is at."""

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


def test_a_race_waits_while_other_checks_go_on(mini: Path, launcher: Launcher, tmp_path: Path):
    """While another judge of these cores has the turn, a race waits, and counted checks do not."""
    place = tmp_path / "cores-0"
    rules = WorkerConfig(timing_lock=place)
    timed = Grading(mini, "row_total", Launcher(rules, launcher._zygote))
    counted = Grading(mini, "halve", Launcher(rules, launcher._zygote))
    with timing_lock(place):
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


def test_a_dead_judges_turn_is_free(tmp_path: Path):
    """A judge that is killed while it times blocks nobody."""
    place = tmp_path / "cores-0"
    words = [sys.executable, "-c", HOLDS, str(place)]
    entered = threading.Event()

    def enter() -> None:
        with timing_lock(place):
            entered.set()

    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        waiting = threading.Thread(target=enter, daemon=True)
        waiting.start()
        assert not entered.wait(0.5)
        holder.kill()

    assert entered.wait(20)
