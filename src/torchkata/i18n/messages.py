"""The words that people read: English in the code, every other language as a data file.

`say` looks its English text up in the catalogue of the language in force and fills in the values:
the text is the key, so code reads as what it says, and what has no translation comes in English.
What only authors of a course read (`CourseError`, the gate's faults, help texts) is English always.
"""

from __future__ import annotations

import io
import locale
import os
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final, Protocol

from torchkata.errors import UsageError

ENGLISH: Final = "en"
LANGUAGE: Final = "TORCHKATA_LANG"
"""The variable by which a judge tells its workers the language."""
_FOLDER: Final = Path(__file__).parent / "translations"


_WIDE: Final = "[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]"
_BETWEEN_WIDE: Final = re.compile(f"(?<={_WIDE}) (?={_WIDE})")
"""A blank that would stand before a Latin word, and stands before a Chinese one."""


_STOPS: Final = tuple(".!?…:。\uff01\uff1f\uff1a")
_CLOSING: Final = ")]\"'`\uff09”\u2019」 "
_ASIDE: Final = re.compile(r"[.!?。\uff01\uff1f] ?[(\uff08][^()\uff08\uff09]*[)\uff09]$")
"""A remark in brackets behind a whole sentence."""


class _InForce:
    language = ENGLISH


class Say(Protocol):
    """How `say` and `english` are called."""

    def __call__(self, text: str, /, **values: object) -> str:
        """Fill the values into a text, in some language."""


def english(text: str, /, **values: object) -> str:
    """What `say` returns where English is in force: for names and texts that programs compare."""
    return text.format(**values) if values else text


def sentences(*parts: str) -> str:
    """Put whole sentences one behind the other, leaving out empty ones.

    A full stop that is as wide as a Chinese character brings its own space.
    """
    text = ""
    for part in filter(None, parts):
        wide = not text or unicodedata.east_asian_width(text[-1]) in "FW"
        text += part if wide else f" {part}"
    return text


def ended(text: str) -> str:
    """The text with a full stop, where its last sentence has come without one."""
    if not text or text.rstrip(_CLOSING)[-1:] in _STOPS or _ASIDE.search(text):
        return text
    return say("{text}.", text=text)


def say(text: str, /, **values: object) -> str:
    """Return a message in the language in force.

    Args:
        text: the English message, a literal with `{name}` where a value goes.
        values: by name; a format such as `{n:,}` is the translation's to choose.
    """
    translated = catalogue(_InForce.language).get(text)
    if translated is None:
        return english(text, **values)
    return closed_up(english(translated, **values))


def closed_up(text: str) -> str:
    """Take out the blanks around values that turned out to be as wide as what they stand in."""
    return _BETWEEN_WIDE.sub("", text)


def languages() -> tuple[str, ...]:
    """Every language that there is, English first."""
    return (ENGLISH, *sorted(path.stem for path in _FOLDER.glob("*.po")))


def choose(language: str | None) -> str:
    """Set the language of all messages to come, for this process.

    Args:
        language: such as `zh-CN`; None for the one of the locale, where there is one.

    Returns:
        The language in force from now on.

    Raises:
        UsageError: it was asked for by name, and there is no such language.
    """
    found = _found(_by_locale() if language is None else language)
    if found is None and language is not None:
        raise UsageError(
            say(
                "There is no language {name!r}; there are {known}.",
                name=language,
                known=", ".join(languages()),
            )
        )
    _InForce.language = found or ENGLISH
    return _InForce.language


def chosen() -> str:
    """The language in force."""
    return _InForce.language


@cache
def catalogue(language: str) -> dict[str, str]:
    """All translations of the engine's messages into a language, by their English text."""
    file = _FOLDER / f"{language}.po"
    return read_po(file) if file.is_file() else {}


def read_po(file: Path) -> dict[str, str]:
    """Read a gettext catalogue: the translation of each message that has one."""
    return parsed_po(file.read_bytes())


def parsed_po(data: bytes) -> dict[str, str]:
    """The same of a catalogue's bytes."""
    from babel.messages.pofile import read_po as parse  # noqa: PLC0415 - only where it is needed

    return {
        str(entry.id): str(entry.string)
        for entry in parse(io.BytesIO(data))
        if entry.id and entry.string and not entry.fuzzy
    }


def _by_locale() -> str:
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if wanted := os.environ.get(variable):
            return wanted
    return locale.getlocale()[0] or ENGLISH


def _found(name: str) -> str | None:
    """The language of a name such as `zh_CN.UTF-8`, `zh-cn` or `zh`."""
    plain = name.partition(".")[0].partition("@")[0].replace("_", "-").lower()
    by_name = {known.lower(): known for known in reversed(languages())}
    by_base = {low.partition("-")[0]: known for low, known in by_name.items()}
    return by_name.get(plain) or by_base.get(plain)
