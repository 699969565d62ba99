"""The course's catalogue: its exercises, selected by name or chapter."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from torchkata.course.discovery import discover_exercises, is_course
from torchkata.course.exercise import Exercise
from torchkata.course.files import open_course_files
from torchkata.course.settings import missing_requirements, read_settings
from torchkata.errors import CourseError, UsageError
from torchkata.i18n import _, and_list, join


class Course:
    """The exercises of a course.

    Args:
        root: the folder with `exercises`, `solutions` and `tests`, or a kit.

    Attributes:
        root: the same folder.
        settings: those of `course.toml`.

    Raises:
        CourseError: the folder is no course, the kit cannot be read, `course.toml` is wrong, or a
            package that it requires is not installed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        if not is_course(root):
            raise CourseError(
                f"{root} is no course: it has no folders tests and solutions. Run this command in "
                "the course's folder, or name that folder with --course."
            )
        self.settings = read_settings(open_course_files(root))
        if self.settings.weights:
            self._require_known(self.settings.weights)
        if missing := missing_requirements(self.settings):
            raise CourseError(
                _(
                    "This course needs {packages}. Install them in this environment: {command}",
                    packages=and_list(missing),
                    command=f"python -P -m pip install {shlex.join(missing)}",
                )
            )

    def _require_known(self, weights: Iterable[str]) -> None:
        known = {*self.chapters, *(exercise.id for exercise in self.exercises)}
        for name in weights:
            if name not in known:
                raise CourseError(
                    f"course.toml: weights: there is no exercise or chapter {name!r}. Write "
                    "CHAPTER, or CHAPTER/NN_name."
                )

    @cached_property
    def exercises(self) -> tuple[Exercise, ...]:
        """All exercises in order, found by listing `solutions`, `tests` and `exercises`."""
        return tuple(
            Exercise(self.root, chapter, stem, name)
            for chapter, stem, name in discover_exercises(self.root)
        )

    @property
    def chapters(self) -> tuple[str, ...]:
        """The chapters that have exercises."""
        return tuple(dict.fromkeys(exercise.chapter for exercise in self.exercises))

    def select(
        self, names: tuple[str, ...] = (), chapters: tuple[str, ...] = ()
    ) -> tuple[Exercise, ...]:
        """Select exercises by name, id, number, file or chapter; all if nothing is named.

        A number such as `7` or `07` is that of a chapter; `7/1`, `07/01` and `7.1` are exercises.

        Raises:
            UsageError: a name matches nothing; the message suggests close matches.
        """
        wanted: set[str] = set()
        for name in names:
            wanted |= self._named(name)
        for chapter in chapters:
            wanted |= self._in_chapter(chapter)
        if not names and not chapters:
            return self.exercises
        return tuple(exercise for exercise in self.exercises if exercise.id in wanted)

    def one(self, name: str) -> Exercise:
        """Select exactly one exercise.

        Raises:
            UsageError: the name matches none, or several.
        """
        selected = self.select((name,))
        if len(selected) != 1:
            options = ", ".join(exercise.name for exercise in selected)
            raise UsageError(
                _(
                    "{name} matches several exercises: {options}. Name one of them.",
                    name=name,
                    options=options,
                )
            )
        return selected[0]

    def _named(self, name: str) -> set[str]:
        plain = self._plain(name)
        chapter, _separator, stem = plain.replace(".", "/").partition("/")
        matching = {
            exercise.id
            for exercise in self.exercises
            if plain in (exercise.name.lower(), *_aliases(exercise.stem)[2:])
            or (chapter in _aliases(exercise.chapter) and stem in _aliases(exercise.stem))
        }
        if matching:
            return matching
        if plain.isdigit() or any(plain in _aliases(chapter) for chapter in self.chapters):
            return self._in_chapter(plain)
        known = [exercise.name for exercise in self.exercises]
        near = get_close_matches(
            plain, known + [exercise.id for exercise in self.exercises], 3, 0.5
        )
        hint = (
            _("Did you mean {names}?", names=", ".join(near))
            if near
            else _("`nox -s list` shows all names.")
        )
        raise UsageError(join(_("There is no exercise {name!r}.", name=name), hint))

    def _plain(self, name: str) -> str:
        """Return a name, or a file or folder, as it is called below `exercises`."""
        path = Path(name)
        if (path.is_absolute() or path.exists()) and path.resolve().is_relative_to(
            self.root.resolve()
        ):
            name = path.resolve().relative_to(self.root.resolve()).as_posix()
        plain = name.replace("\\", "/").rstrip("/").removesuffix(".py").removeprefix("./").lower()
        return plain.removeprefix("exercises/").removeprefix("solutions/")

    def _in_chapter(self, chapter: str) -> set[str]:
        for known in self.chapters:
            if self._plain(chapter) in _aliases(known):
                return {exercise.id for exercise in self.exercises if exercise.chapter == known}
        raise UsageError(
            _(
                "There is no chapter {name!r}. Chapters: {known}.",
                name=chapter,
                known=", ".join(self.chapters),
            )
        )


def _aliases(folder: str) -> tuple[str, ...]:
    """Return the names of a chapter or an exercise: `7`, `07`, `stability`, `07_stability`."""
    number, _separator, name = folder.lower().partition("_")
    return str(int(number)), number, name, folder.lower()
