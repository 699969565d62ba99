"""The course's catalogue: its exercises, selected by name or chapter."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from torchkata.course.discovery import discover_exercises, is_course
from torchkata.course.exercise import Exercise
from torchkata.errors import CourseError, UsageError
from torchkata.i18n import _, join


class Course:
    """The exercises of a course.

    Args:
        root: the folder with `exercises`, `solutions` and `tests`, or a kit.

    Raises:
        CourseError: the folder is no course, or the kit cannot be read.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        if not is_course(root):
            raise CourseError(
                f"{root} is no course: it has no folders tests and solutions. Run this command in "
                "the course's folder, or name that folder with --course."
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
        """Select exercises by name, id, file or chapter; all if nothing is named.

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
        plain = name.replace("\\", "/").removesuffix(".py").removeprefix("./")
        plain = plain.removeprefix("exercises/").removeprefix("solutions/")
        matching = {
            exercise.id
            for exercise in self.exercises
            if plain in (exercise.name, exercise.id, exercise.stem, exercise.stem[3:])
        }
        if matching:
            return matching
        if any(plain in (chapter, chapter[3:]) for chapter in self.chapters):
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

    def _in_chapter(self, chapter: str) -> set[str]:
        for known in self.chapters:
            if chapter in (known, known[:2], known[3:], str(int(known[:2]))):
                return {exercise.id for exercise in self.exercises if exercise.chapter == known}
        raise UsageError(
            _(
                "There is no chapter {name!r}. Chapters: {known}.",
                name=chapter,
                known=", ".join(self.chapters),
            )
        )
