"""Translations of a course's own texts: statements, hints, case names, messages of graders.

Beside `exercises/CHAPTER/NN_name.py` there may be `exercises/CHAPTER/LANGUAGE/NN_name.po` with the
statement, paragraph by paragraph; below `solutions/` one with everything that would spoil it. What
has no translation stays English.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Final

from torchkata.course.files import open_course_files
from torchkata.i18n import Translator
from torchkata.i18n.catalogues import ENGLISH, parse_po
from torchkata.i18n.commands import NOX

FOLDERS: Final = ("exercises", "solutions")


class Translations:
    """The translators of a course's exercises into one language.

    Args:
        course: the course's folder.
        language: such as `zh-CN`.
        program: what the reader runs, for the commands in messages.
    """

    def __init__(self, course: Path, language: str = ENGLISH, program: str = NOX) -> None:
        self.course = course
        self.language = language
        self._program = program
        self._known: dict[str, Translator] = {}

    def __call__(self, exercise_id: str) -> Translator:
        """Return the translator of an exercise; for the empty id, one without course texts.

        Args:
            exercise_id: `CHAPTER/NN_name`.
        """
        if not exercise_id or self.language == ENGLISH:
            return self.engine
        if exercise_id not in self._known:
            texts = self._texts(exercise_id)
            self._known[exercise_id] = Translator(self.language, texts, self._program)
        return self._known[exercise_id]

    @cached_property
    def engine(self) -> Translator:
        """The translator of the engine's own messages."""
        return Translator(self.language, program=self._program)

    def _texts(self, exercise_id: str) -> dict[str, str]:
        chapter, _, stem = exercise_id.partition("/")
        files = open_course_files(self.course)
        texts: dict[str, str] = {}
        for folder in FOLDERS:
            data = files.read(f"{folder}/{chapter}/{self.language}/{stem}.po")
            if data is not None:
                texts |= parse_po(data)
        return texts
