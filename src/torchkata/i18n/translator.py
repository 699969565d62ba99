"""Rendering of messages in one language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from torchkata.i18n.catalogues import ENGLISH, catalogue
from torchkata.i18n.commands import NOX, spell_commands
from torchkata.i18n.message import Message

_WIDE: Final = "[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]"
_BETWEEN_WIDE: Final = re.compile(f"(?<={_WIDE}) (?={_WIDE})")
"""A space that a Latin letter would need, between two full-width characters."""


class Translator:
    """Renders messages in one language.

    Args:
        language: such as `zh-CN`.
        course: the course's own translations of one exercise, by their English text.
        program: what the reader runs, for the commands in messages; see `i18n.commands`.
    """

    def __init__(
        self,
        language: str = ENGLISH,
        course: Mapping[str, str] | None = None,
        program: str = NOX,
    ) -> None:
        self.language = language
        self._program = program
        self._engine = catalogue(language)
        self._course = course or {}

    def __call__(self, message: Message) -> str:
        """Translate and format a message; what has no translation stays English."""
        text = spell_commands(message.render(self._translate, join_sentences), self._program)
        return text if self.language == ENGLISH else _BETWEEN_WIDE.sub("", text)

    def _translate(self, template: str) -> str:
        return self._course.get(template) or self._engine.get(template) or template


def join_sentences(sentences: list[str]) -> str:
    """Join complete sentences with spaces; a full-width period needs none after it."""
    text = ""
    for sentence in filter(None, sentences):
        wide = not text or unicodedata.east_asian_width(text[-1]) in "FW"
        text += sentence if wide else f" {sentence}"
    return text


ENGLISH_TRANSLATOR: Final = Translator()
