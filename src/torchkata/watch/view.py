"""How watch mode shows text: what the terminal supports, and in which language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from torchkata.i18n import ENGLISH_TRANSLATOR, Message
from torchkata.report.text import plain
from torchkata.result import Localize

_SGR_CODES: Final = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "reverse": "7",
}
_MAX_CHARACTERS: Final = 1 << 20


@dataclass(frozen=True, kw_only=True)
class TerminalCaps:
    """What a terminal supports.

    Attributes:
        color: whether it shows colors.
        encoding: of its characters.
        scrolls_only: whether it can only print line after line, so that no page is cut off.
    """

    color: bool = False
    encoding: str = "utf-8"
    scrolls_only: bool = False

    def safe(self, text: str) -> str:
        """Return text without control characters, in characters that the terminal can show."""
        safe = plain(text, limit=_MAX_CHARACTERS)
        return safe.encode(self.encoding, "replace").decode(self.encoding)

    def paint(self, text: str, style: str) -> str:
        """Add a style to text, if the terminal shows colors."""
        if not self.color or not style or not text:
            return text
        return f"\x1b[{_SGR_CODES[style]}m{text}\x1b[0m"


@dataclass(frozen=True, kw_only=True)
class View:
    """A terminal and a language.

    Attributes:
        caps: what the terminal supports.
        localize: returns the translator of an exercise.
    """

    caps: TerminalCaps = TerminalCaps()
    localize: Localize = lambda _exercise_id: ENGLISH_TRANSLATOR

    def text(self, message: Message, exercise_id: str = "") -> str:
        """Translate a message and make it safe to print.

        Args:
            message: the message.
            exercise_id: the exercise whose translations to use; by default, the engine's only.
        """
        return self.caps.safe(self.localize(exercise_id)(message))
