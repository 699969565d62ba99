"""Building a kit: every file of it by its path; the same course gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from torchkata.course.archive import pack
from torchkata.course.catalogue import Course, Lesson, digest
from torchkata.course.files import OPEN, SEALED
from torchkata.course.git import GitError, lines
from torchkata.course.open_examples import written
from torchkata.course.sealing import seal
from torchkata.errors import CourseError
from torchkata.i18n.messages import say
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
    lessons: int
    examples: int
    uncommitted: tuple[str, ...]


def build(
    course: Course,
    lessons: tuple[Lesson, ...],
    launcher: Launcher,
    *,
    open_only: bool = False,
    begun: Callable[[Lesson], None] = lambda _lesson: None,
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
    _all_there(course, lessons)
    files: dict[str, bytes] = {}
    hidden: dict[str, bytes] = {}
    examples = 0
    for lesson in lessons:
        begun(lesson)
        stub = _path(lesson, lesson.stub)
        files[stub] = hidden[stub] = _stub(lesson)
        files |= _catalogues(lesson, "exercises")
        facts = facts_of(lesson, launcher)
        examples += bool(facts["functions"])
        if facts["functions"] or open_only:
            files[f"examples/{lesson.id}.json"] = written(facts)
        hidden |= open_hints(lesson) if open_only else _secrets(lesson)
    name, engine = wheel()
    files[name] = engine
    files[OPEN if open_only else SEALED] = (
        pack(hidden) if open_only else seal(hidden, release().version)
    )
    licence = course.root / _LICENCE
    if licence.is_file():
        files[_LICENCE] = licence.read_bytes()
    files |= pages(lessons, wheel=name, examples=examples, open_only=open_only)
    return Kit(
        files=files,
        lessons=len(lessons),
        examples=examples,
        uncommitted=_uncommitted(course, lessons),
    )


def _all_there(course: Course, lessons: Iterable[Lesson]) -> None:
    missing = [
        path.relative_to(course.root).as_posix()
        for lesson in lessons
        for path in (lesson.solution, lesson.grader)
        if not path.is_file()
    ]
    if missing:
        raise CourseError(
            say(
                "No kit without these files: {files}. Bring them back (`git status` shows what is "
                "missing), or leave their chapter out.",
                files=say(", ").join(missing),
            )
        )


def _stub(lesson: Lesson) -> bytes:
    """The stub as shipped, whatever somebody has written into it by now."""
    if lesson.stub.is_file():
        source = lesson.stub.read_bytes()
        if digest(source) == lesson.graded.exercise.shipped:
            return source
    return shipped_source(lesson)


def _secrets(lesson: Lesson) -> dict[str, bytes]:
    found = {_path(lesson, path): path.read_bytes() for path in (lesson.solution, lesson.grader)}
    return found | _catalogues(lesson, "solutions")


def _catalogues(lesson: Lesson, folder: str) -> dict[str, bytes]:
    chapter = lesson.course / folder / lesson.chapter
    return {_path(lesson, path): path.read_bytes() for path in chapter.glob(f"*/{lesson.stem}.po")}


def _path(lesson: Lesson, path: Path) -> str:
    return path.relative_to(lesson.course).as_posix()


def _uncommitted(course: Course, lessons: Iterable[Lesson]) -> tuple[str, ...]:
    """What went in from the work tree alone; stubs go in as shipped, so they do not count."""
    went_in = [
        _path(lesson, path) for lesson in lessons for path in (lesson.solution, lesson.grader)
    ] + [
        path
        for lesson in lessons
        for folder in ("exercises", "solutions")
        for path in _catalogues(lesson, folder)
    ]
    try:
        changed = lines(
            course.root, "status", "--porcelain", "--untracked-files=all", "--", *went_in
        )
    except GitError:
        return ()  # no repository: nothing is committed there
    return tuple(line[3:] for line in changed)
