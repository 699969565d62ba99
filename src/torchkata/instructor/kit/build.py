"""Build a kit: all its files by path. The same course gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from torchkata.course import archive, open_examples
from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.files import OPEN, open_course_files
from torchkata.course.git import GitError, lines
from torchkata.course.helper_modules import helper_sources
from torchkata.course.packing import SEALED
from torchkata.course.sealing import seal
from torchkata.course.settings import FILE as SETTINGS_FILE
from torchkata.errors import CourseError
from torchkata.i18n import _, comma_list
from torchkata.instructor.kit.make_examples import example_data
from torchkata.instructor.kit.pages import kit_pages
from torchkata.instructor.kit.safe_hints import hint_files
from torchkata.instructor.kit.wheel import build_wheel, running_release
from torchkata.learner.reset import find_original_stub
from torchkata.sandbox.launcher import Launcher

_LICENSE: Final = "LICENSE"


@dataclass(frozen=True, kw_only=True)
class Kit:
    """A kit that is not written yet.

    Attributes:
        files: By their paths in the kit.
        exercises: How many exercises it has.
        examples: How many of them have open examples.
        uncommitted: Files of the course that are in the kit with changes that git has no commit of.
    """

    files: dict[str, bytes]
    exercises: int
    examples: int
    uncommitted: tuple[str, ...]


def build_kit(
    course: Course,
    exercises: tuple[Exercise, ...],
    launcher: Launcher,
    *,
    open_only: bool = False,
    on_exercise: Callable[[Exercise], None] = lambda _exercise: None,
) -> Kit:
    """Build a kit.

    Args:
        course: The course's repository.
        exercises: The exercises of the kit.
        launcher: Starts the references' workers, for the open examples.
        open_only: Whether to leave out graders and references.
        on_exercise: Called with each exercise before its files are collected.

    Raises:
        CourseError: A file is missing, or a reference fails.
        KataError: A stub has been edited, and the original cannot be found.
    """
    _require_files(course, exercises)
    files: dict[str, bytes] = {}
    packed: dict[str, bytes] = {}
    examples = 0
    for exercise in exercises:
        on_exercise(exercise)
        stub = _path(exercise, exercise.stub_path)
        files[stub] = packed[stub] = _original_stub(exercise)
        files |= _translations(exercise, "exercises")
        data = example_data(exercise, launcher)
        examples += bool(data["functions"])
        if data["functions"] or open_only:
            files[f"examples/{exercise.id}.json"] = open_examples.dump(data)
        packed |= hint_files(exercise) if open_only else _hidden_files(exercise)
    wheel_name, wheel = build_wheel()
    files[wheel_name] = wheel
    if not open_only:
        packed |= helper_sources(open_course_files(course.root))
    if open_only:
        files[OPEN] = archive.create(packed)
    else:
        files[SEALED] = seal(packed, running_release().version)
    for name in (_LICENSE, SETTINGS_FILE):
        if (course.root / name).is_file():
            files[name] = (course.root / name).read_bytes()
    files |= kit_pages(
        exercises,
        wheel=wheel_name,
        examples=examples,
        open_only=open_only,
        settings=course.settings,
    )
    return Kit(
        files=files,
        exercises=len(exercises),
        examples=examples,
        uncommitted=_uncommitted(course, exercises),
    )


def _require_files(course: Course, exercises: Iterable[Exercise]) -> None:
    missing = [
        path.relative_to(course.root).as_posix()
        for exercise in exercises
        for path in (exercise.solution_path, exercise.grader_path)
        if not path.is_file()
    ]
    if missing:
        raise CourseError(
            _(
                "Cannot build a kit, because these files are missing: {files}. Restore them (see "
                "`git status`), or leave out their chapter.",
                files=comma_list(missing),
            )
        )


def _original_stub(exercise: Exercise) -> bytes:
    """Return the original stub, even if somebody has edited the file."""
    if exercise.stub_path.is_file():
        source = exercise.stub_path.read_bytes()
        if exercise.is_untouched(source):
            return source
    return find_original_stub(exercise)


def _hidden_files(exercise: Exercise) -> dict[str, bytes]:
    files = {
        _path(exercise, path): path.read_bytes()
        for path in (exercise.solution_path, exercise.grader_path)
    }
    return files | _translations(exercise, "solutions")


def _translations(exercise: Exercise, folder: str) -> dict[str, bytes]:
    chapter = exercise.course / folder / exercise.chapter
    return {
        _path(exercise, path): path.read_bytes() for path in chapter.glob(f"*/{exercise.stem}.po")
    }


def _path(exercise: Exercise, path: Path) -> str:
    return path.relative_to(exercise.course).as_posix()


def _uncommitted(course: Course, exercises: Iterable[Exercise]) -> tuple[str, ...]:
    """Return files that went in as they are in the work tree; stubs are the original ones."""
    included = [
        _path(exercise, path)
        for exercise in exercises
        for path in (exercise.solution_path, exercise.grader_path)
    ] + [
        path
        for exercise in exercises
        for folder in ("exercises", "solutions")
        for path in _translations(exercise, folder)
    ]
    try:
        changed = lines(
            course.root, "status", "--porcelain", "--untracked-files=all", "--", *included
        )
    except GitError:
        return ()  # not a repository
    return tuple(line[3:] for line in changed)
