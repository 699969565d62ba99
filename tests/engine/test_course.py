"""The course is complete; `nox -s check` proves its graders right."""

from pathlib import Path

from torchkata.course.catalogue import Course

COURSE = Course(Path(__file__).resolve().parents[2])


def test_every_chapter_is_complete():
    """Every exercise has its three files, and short names are unique."""
    names = [exercise.name for exercise in COURSE.exercises]
    assert len(set(names)) == len(names)
    for exercise in COURSE.exercises:
        assert exercise.stub_path.is_file()
        assert exercise.solution_path.is_file()
        assert exercise.grader_path.is_file()
