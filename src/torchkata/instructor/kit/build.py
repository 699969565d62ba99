"""Building a kit: every file of it by its path; the same course gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from torchkata.course.archive import pack
from torchkata.course.catalogue import Course, Exercise, digest
from torchkata.course.files import OPEN, SEALED
from torchkata.course.git import GitError, lines
from torchkata.course.open_examples import written
from torchkata.course.sealing import seal
from torchkata.errors import CourseError
from torchkata.i18n import _
from torchkata.instructor.kit.make_examples import facts_of
from torchkata.instructor.kit.pages import pages
from torchkata.instructor.kit.safe_hints import open_hints
from torchkata.instructor.kit.wheel import release, wheel
from torchkata.learner.reset import shipped_source
from torchkata.sandbox.launcher import Launcher

_LICENCE = "LICENSE"


@dataclass(frozen=True, kw_only=True)
class Kit:
    """A kit that is not written yet.

    Attributes:
        files: by their paths in the kit.
        lessons: how many exercises it has.
        examples: how many of them have open examples.
        uncommitted: files of the course that went in and that git does not know as they are.
    """

    files: dict[str, bytes]
    exercises: int
    examples: int
    uncommitted: tuple[str, ...]


def build(
    course: Course,
    exercises: tuple[Exercise, ...],
    launcher: Launcher,
    *,
    open_only: bool = False,
    begun: Callable[[Exercise], None] = lambda _lesson: None,
) -> Kit:
    """Build a kit.

    Args:
        course: the course's repository.
        lessons: which exercises.
        launcher: starts the references' workers, for the open examples.
        open_only: whether to leave out graders and references altogether.
        begun: told each exercise.

    Raises:
        CourseError: a file is missing, or a reference fails.
        KataError: a stub is somebody's answer by now, and the one shipped is not to be had.
    """
    _all_there(course, exercises)
    files: dict[str, bytes] = {}
    hidden: dict[str, bytes] = {}
    examples = 0
    for exercise in exercises:
        begun(exercise)
        stub = _path(exercise, exercise.stub_path)
        files[stub] = hidden[stub] = _stub(exercise)
        files |= _catalogues(exercise, "exercises")
        facts = facts_of(exercise, launcher)
        examples += bool(facts["functions"])
        if facts["functions"] or open_only:
            files[f"examples/{exercise.id}.json"] = written(facts)
        hidden |= open_hints(exercise) if open_only else _secrets(exercise)
    name, engine = wheel()
    files[name] = engine
    files[OPEN if open_only else SEALED] = (
        pack(hidden) if open_only else seal(hidden, release().version)
    )
    licence = course.root / _LICENCE
    if licence.is_file():
        files[_LICENCE] = licence.read_bytes()
    files |= pages(exercises, wheel=name, examples=examples, open_only=open_only)
    return Kit(
        files=files,
        exercises=len(exercises),
        examples=examples,
        uncommitted=_uncommitted(course, exercises),
    )


def _all_there(course: Course, exercises: Iterable[Exercise]) -> None:
    missing = [
        path.relative_to(course.root).as_posix()
        for exercise in exercises
        for path in (exercise.solution_path, exercise.grader_path)
        if not path.is_file()
    ]
    if missing:
        raise CourseError(
            _(
                "No kit without these files: {files}. Bring them back (`git status` shows what is "
                "missing), or leave their chapter out.",
                files=_(", ").join(missing),
            )
        )


def _stub(exercise: Exercise) -> bytes:
    """The stub as shipped, whatever somebody has written into it by now."""
    if exercise.stub_path.is_file():
        source = exercise.stub_path.read_bytes()
        if digest(source) == exercise.grader.spec.stub_digest:
            return source
    return shipped_source(exercise)


def _secrets(exercise: Exercise) -> dict[str, bytes]:
    found = {
        _path(exercise, path): path.read_bytes()
        for path in (exercise.solution_path, exercise.grader_path)
    }
    return found | _catalogues(exercise, "solutions")


def _catalogues(exercise: Exercise, folder: str) -> dict[str, bytes]:
    chapter = exercise.course / folder / exercise.chapter
    return {
        _path(exercise, path): path.read_bytes() for path in chapter.glob(f"*/{exercise.stem}.po")
    }


def _path(exercise: Exercise, path: Path) -> str:
    return path.relative_to(exercise.course).as_posix()


def _uncommitted(course: Course, exercises: Iterable[Exercise]) -> tuple[str, ...]:
    """What went in from the work tree alone; stubs go in as shipped, so they do not count."""
    went_in = [
        _path(exercise, path)
        for exercise in exercises
        for path in (exercise.solution_path, exercise.grader_path)
    ] + [
        path
        for exercise in exercises
        for folder in ("exercises", "solutions")
        for path in _catalogues(exercise, folder)
    ]
    try:
        changed = lines(
            course.root, "status", "--porcelain", "--untracked-files=all", "--", *went_in
        )
    except GitError:
        return ()  # no repository: nothing is committed there
    return tuple(line[3:] for line in changed)
