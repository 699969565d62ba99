"""The gate over the course: every exercise that ships is sound."""

from pathlib import Path

import pytest

from torchkata.course.catalogue import Course
from torchkata.instructor.authoring.validate import Gate

COURSE = Course(Path(__file__).resolve().parents[2])


@pytest.mark.timeout(600)
@pytest.mark.parametrize("lesson", COURSE.lessons, ids=lambda lesson: lesson.id)
def test_exercise_is_sound(lesson, launcher):
    """Stub, solution, traps and alternatives get the verdicts that they must get."""
    assert Gate(launcher).faults(lesson) == []


def test_every_chapter_is_complete():
    """No exercise is missing any of its three files, and short names are unique."""
    names = [lesson.name for lesson in COURSE.lessons]
    assert len(set(names)) == len(names)
    for lesson in COURSE.lessons:
        assert lesson.stub.is_file()
        assert lesson.solution.is_file()
        assert lesson.grader.is_file()
