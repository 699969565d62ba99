"""The gate over the course: every exercise that ships is sound."""

from pathlib import Path

import pytest

from torchkata.course.catalogue import Course
from torchkata.instructor.authoring.validate import Validator

COURSE = Course(Path(__file__).resolve().parents[2])


@pytest.mark.timeout(600)
@pytest.mark.parametrize("lesson", COURSE.exercises, ids=lambda exercise: exercise.id)
def test_exercise_is_sound(exercise, launcher):
    """Stub, solution, traps and alternatives get the verdicts that they must get."""
    assert Validator(launcher).problems(exercise) == []


def test_every_chapter_is_complete():
    """No exercise is missing any of its three files, and short names are unique."""
    names = [exercise.name for exercise in COURSE.exercises]
    assert len(set(names)) == len(names)
    for exercise in COURSE.exercises:
        assert exercise.stub_path.is_file()
        assert exercise.solution_path.is_file()
        assert exercise.grader_path.is_file()
