"""The course: exercises found by listing, the three files of each, and what the grader says."""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

from torchkata.course.discovery import exercises_below, holds_course
from torchkata.course.files import Shelf, shelf_at
from torchkata.course.loader import Grader, grader_in, open_grader, sealed_grader
from torchkata.errors import CourseError, UsageError
from torchkata.i18n.messages import say


@dataclass(frozen=True)
class Lesson:
    """One exercise's three files.

    Attributes:
        course: the folder that holds `exercises`, `solutions` and `tests`.
        chapter: name of the chapter's folder.
        stem: `NN_name`.
        name: the short name, or `CHAPTER_NAME/name` where that is not unique.
    """

    course: Path
    chapter: str
    stem: str
    name: str

    @property
    def id(self) -> str:
        """`CHAPTER/NN_name`."""
        return f"{self.chapter}/{self.stem}"

    @property
    def stub(self) -> Path:
        """The file that learners edit."""
        return self.course / "exercises" / self.chapter / f"{self.stem}.py"

    @property
    def solution(self) -> Path:
        """The reference."""
        return self.course / "solutions" / self.chapter / f"{self.stem}.py"

    @property
    def grader(self) -> Path:
        """The grader."""
        return self.course / "tests" / self.chapter / f"test_{self.stem}.py"

    @property
    def shelf(self) -> Shelf:
        """Where the three files are read from: they lie in folders, or in a kit's one file."""
        return shelf_at(self.course)

    @property
    def reference(self) -> bytes:
        """The reference's source.

        Raises:
            CourseError: the course lacks it.
        """
        shelf = self.shelf
        source = None if shelf.open_only else self._read(self.solution)
        if source is None:
            raise CourseError(
                say("The reference of {exercise} is not in this kit.", exercise=self.id)
                if shelf.open_only
                else f"{self.solution} is missing."
            )
        return source

    @property
    def shipped(self) -> bytes | None:
        """The stub as shipped, where this is a kit."""
        return self.shelf.shipped(self.stub.relative_to(self.course).as_posix())

    @cached_property
    def graded(self) -> Grader:
        """The grader, loaded.

        Raises:
            CourseError: it is missing, raises, or holds not exactly one `Exercise`.
        """
        shelf = self.shelf
        name = f"torchkata_grader_{self.chapter}_{self.stem}"
        if shelf.open_only:
            path = f"examples/{self.id}.json"
            return open_grader(name, shelf.read(path), path)
        if shelf.is_kit:
            return sealed_grader(name, self._read(self.grader), self.grader)
        return grader_in(name, self.grader)

    def constant(self, name: str, default: Any) -> Any:
        """Read a literal such as HINTS or TRAPS from the solution without running it."""
        tree = ast.parse(self._read(self.solution) or b"")
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == name for target in statement.targets
            ):
                try:
                    return ast.literal_eval(statement.value)
                except ValueError as error:
                    raise CourseError(
                        f"{self.solution}: {name} has to be a literal of strings."
                    ) from error
        return default

    def _read(self, path: Path) -> bytes | None:
        return self.shelf.read(path.relative_to(self.course).as_posix())


class Course:
    """All exercises below a folder.

    Args:
        root: the folder that holds `exercises`, `solutions` and `tests`, or a kit.

    Raises:
        CourseError: there is none, or the kit cannot be read.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        if not holds_course(root):
            raise CourseError(
                f"{root} holds no course (folders tests and solutions). Run this in the course's "
                "folder, or name it with --course."
            )

    @cached_property
    def lessons(self) -> tuple[Lesson, ...]:
        """Every exercise, in order, found by listing `solutions`, `tests` and `exercises`."""
        return tuple(
            Lesson(self.root, chapter, stem, name)
            for chapter, stem, name in exercises_below(self.root)
        )

    @property
    def chapters(self) -> tuple[str, ...]:
        """The chapters that have exercises."""
        return tuple(dict.fromkeys(lesson.chapter for lesson in self.lessons))

    def select(
        self, names: tuple[str, ...] = (), chapters: tuple[str, ...] = ()
    ) -> tuple[Lesson, ...]:
        """Pick exercises by name, id, file or chapter; all when nothing is named.

        Raises:
            UsageError: a name fits nothing; near matches are named.
        """
        wanted: set[str] = set()
        for name in names:
            wanted |= self._named(name)
        for chapter in chapters:
            wanted |= self._in_chapter(chapter)
        if not names and not chapters:
            return self.lessons
        return tuple(lesson for lesson in self.lessons if lesson.id in wanted)

    def one(self, name: str) -> Lesson:
        """Pick exactly one exercise.

        Raises:
            UsageError: the name fits none, or several.
        """
        found = self.select((name,))
        if len(found) != 1:
            options = ", ".join(lesson.name for lesson in found)
            raise UsageError(
                say(
                    "{name} fits several exercises: {options}. Name one of them.",
                    name=name,
                    options=options,
                )
            )
        return found[0]

    def _named(self, name: str) -> set[str]:
        plain = name.replace("\\", "/").removesuffix(".py").removeprefix("./")
        plain = plain.removeprefix("exercises/").removeprefix("solutions/")
        fitting = {
            lesson.id
            for lesson in self.lessons
            if plain in (lesson.name, lesson.id, lesson.stem, lesson.stem[3:])
        }
        if fitting:
            return fitting
        if any(plain in (chapter, chapter[3:]) for chapter in self.chapters):
            return self._in_chapter(plain)
        known = [lesson.name for lesson in self.lessons]
        near = get_close_matches(plain, known + [lesson.id for lesson in self.lessons], 3, 0.5)
        hint = (
            say("Did you mean {names}?", names=say(" or ").join(near))
            if near
            else say("`nox -s list` shows all names.")
        )
        raise UsageError(say("There is no exercise {name!r}. {hint}", name=name, hint=hint))

    def _in_chapter(self, chapter: str) -> set[str]:
        for known in self.chapters:
            if chapter in (known, known[:2], known[3:], str(int(known[:2]))):
                return {lesson.id for lesson in self.lessons if lesson.chapter == known}
        raise UsageError(
            say(
                "There is no chapter {name!r}; there are {known}.",
                name=chapter,
                known=", ".join(self.chapters),
            )
        )


def digest(source: bytes) -> str:
    """Name a file's content, blind to line endings and blanks at the ends of lines."""
    lines = source.decode("utf-8", "replace").splitlines()
    text = "\n".join(line.rstrip() for line in lines).strip()
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
