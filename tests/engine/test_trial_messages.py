"""Messages of common mistakes name the cause from evidence, and guess nothing."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from explaining import failed_checks
from trial_submissions import TRIALS, Trial

from torchkata.course.catalogue import Course
from torchkata.grading.processes import Submission
from torchkata.sandbox.launcher import Launcher

COURSE = Course(Path(__file__).resolve().parents[2])
GUESSES = re.compile(
    r"[Ii]s there |[Dd]id you |[Dd]oes an? |lower precision|different order|`//` keeps"
    r"|NumPy computes|always copies|was it ever written"
)
INSIDES = re.compile(r"TwinMode|TwinTensor|site-packages|zygote|worker\.py|Internal error")


@pytest.mark.parametrize("trial", TRIALS, ids=lambda t: f"{t.exercise}: {t.mistake}")
def test_message_names_the_cause(launcher: Launcher, trial: Trial):
    """The messages of a common mistake say what causes it, and make no wrong guess."""
    exercise = COURSE.one(trial.exercise)
    submission = Submission(source=trial.source.encode(), file=exercise.stub_path.name)

    failed = failed_checks(exercise, submission, launcher)

    text = "\n".join(f"{result.message_with_case} {result.why}" for result in failed)
    assert failed
    for wanted in trial.says:
        assert wanted in text, text
    for wrong in trial.never:
        assert wrong not in text, text
    assert not GUESSES.search(text), text
    assert not INSIDES.search(text), text


@pytest.mark.parametrize(
    ("exercise", "entry", "trap"),
    [
        ("silent_sum", "column_sum", "sum_of_rows"),
        ("attention", "attention", "aligned_at_the_end"),
        ("masked_softmax", "masked_softmax", "any_of_the_mask"),
        ("horner", "polynomial", "begins_at_zeros"),
        ("linear_net", "Net", "Swapped"),
    ],
)
def test_trap_of_a_solution_is_recognized(launcher: Launcher, exercise: str, entry: str, trap: str):
    """A submission that does what a trap of the solution does gets that trap's reason."""
    found = COURSE.one(exercise)
    submission = Submission(
        source=found.reference_source, file=found.stub_path.name, bind={entry: trap}
    )

    (result,) = [each for each in failed_checks(found, submission, launcher) if each.why]

    assert result.trap == trap
    reason = found.solution_literal("WHY", {})[trap]
    assert str(result.why).startswith(reason if isinstance(reason, str) else reason[0])


def test_reasons_belong_to_traps():
    """Each reason in a solution is about one of its traps, and names no other exercise's."""
    for exercise in COURSE.exercises:
        traps = exercise.solution_literal("TRAPS", {})
        known = {name for by_name in traps.values() for name in by_name}
        assert set(exercise.solution_literal("WHY", {})) <= known, exercise.id


def test_trials_are_valid_submissions():
    """Each trial is Python, unless it is about a file that is not, and no two are the same."""
    not_python = {"a notebook command", "a Markdown fence", "a merge conflict"}
    for trial in TRIALS:
        assert trial.says, trial.mistake
        if trial.mistake not in not_python:
            ast.parse(trial.source)
    names = [(trial.exercise, trial.mistake) for trial in TRIALS]
    assert len(set(names)) == len(names)
