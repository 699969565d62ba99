"""The command line and pytest as processes: Ctrl-C, a killed judge, and leftover processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import descendants, living, python, torchkata, wait_for

ENDLESS = "def halve(x):\n    while True:\n        pass\n"


@pytest.fixture
def judging(course: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Start a judge that waits for an endless loop, in its own session."""
    (course / "exercises/01_mini/02_halve.py").write_text(ENDLESS)
    report = course / "report.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "torchkata", "grade", "halve", "counter", "--json", str(report)],
        cwd=course,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        # A shell starts background processes, and so perhaps these tests, with SIGINT ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    try:
        assert wait_for(lambda: report.exists() and len(looping(process.pid)) > 0, 60)
        yield process, report
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def looping(judge: int) -> set[int]:
    """Return the descendants of the judge that have used CPU time by looping."""
    ticks = os.sysconf("SC_CLK_TCK")
    busy = set()
    for pid in descendants(judge):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[11]) > 0.2 * ticks and int(fields[1]) != judge:
            busy.add(pid)
    return busy


def test_ctrl_c_ends_the_judge_and_its_workers(judging):
    """Ctrl-C ends the judge quickly with exit code 130, and leaves no process behind."""
    process, report = judging
    started = descendants(process.pid)
    assert len(started) >= 2, "a zygote and a worker"
    start = time.monotonic()

    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=20)

    assert process.returncode == 130
    assert time.monotonic() - start < 3
    assert b"Interrupted" in printed
    assert b"Traceback" not in printed
    assert wait_for(lambda: not living(started), 3)
    assert "passed" not in [e["state"] for e in json.loads(report.read_text())["exercises"]]


def test_workers_of_a_killed_judge_end(judging):
    """A killed judge leaves no process behind, and a report of exercises that were not run."""
    process, report = judging
    started = descendants(process.pid)

    process.kill()
    process.communicate()

    assert wait_for(lambda: not living(started), 5)
    exercises = json.loads(report.read_text())["exercises"]
    assert [exercise["state"] for exercise in exercises] == ["error", "error"]
    assert all(exercise["message"].startswith("Not run") for exercise in exercises)


def test_grade_command_grades_started_exercises(course: Path):
    """`python -m torchkata grade` grades a started exercise and lists the others as todo."""
    (course / "exercises/01_mini/02_halve.py").write_text("def halve(x):\n    return x / 2\n")

    done = torchkata(course, "grade")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
    assert "3 todo" in done.stdout
    assert "--seed" in done.stdout
    assert done.stderr == ""


def pytest_on(course: Path, *arguments: str) -> tuple[int, str]:
    command = [python(), "-m", "pytest", "-p", "no:cacheprovider", "-v", *arguments]
    done = subprocess.run(
        command,
        cwd=course,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_plugin_shows_checks_as_items(course: Path):
    """Each check is a pytest item: todo is skipped, correct passes, wrong fails with a message."""
    solution = (course / "solutions/01_mini/01_row_total.py").read_text()
    (course / "exercises/01_mini/01_row_total.py").write_text(solution)
    (course / "exercises/01_mini/02_halve.py").write_text("def halve(x):\n    return x * 3\n")

    code, printed = pytest_on(course, "tests", "-k", "values or ops or contract", "--kata-seed=5")

    lines = printed.splitlines()
    assert code == 1
    assert "--kata-seed 5" in printed
    for outcome, item in {
        "PASSED": "test_01_row_total.py::row_total::ops[at most 1 op, not counting views]",
        "FAILED": "test_02_halve.py::halve::values[one]",
        "SKIPPED": "test_01_mend_shift.py::mend_shift::values[few]",
    }.items():
        assert any(item in line and outcome in line for line in lines), (item, printed)
    assert "values: " in printed
    assert "Traceback" not in printed
    assert "src/torchkata" not in printed


def test_plugin_selects_by_axis(course: Path):
    """`-k speed` runs only the speed checks; `--exercises` grades another folder."""
    code, printed = pytest_on(course, "tests/01_mini", "-k", "speed", "--exercises", "solutions")

    assert code == 0, printed
    assert "row_total::speed[at least 4x faster than the row loop at n=200, d=8] PASSED" in printed
    assert "1 passed" in printed


def test_plugin_does_not_time_wrong_values(course: Path):
    """An exercise is graded once, as by the command line; its speed check is skipped."""
    (course / "exercises/01_mini/01_row_total.py").write_text(
        "def row_total(x):\n    return x.sum(0) + 1\n"
    )

    code, printed = pytest_on(course, "tests/01_mini/test_01_row_total.py", "-k", "speed", "-rs")

    assert code == 0, printed
    assert "1 skipped" in printed
    assert "Not timed: fix the values first." in printed


def test_plugin_rejects_missing_devices(course: Path):
    """A device that does not exist is a usage error of one line."""
    code, printed = pytest_on(course, "tests", "--device", "abacus")

    assert code == 4
    assert "There is no device 'abacus' here" in printed
