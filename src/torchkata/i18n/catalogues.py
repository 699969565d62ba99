"""The languages there are, and their gettext catalogues."""

from __future__ import annotations

import io
import locale
import os
from functools import cache
from pathlib import Path
from typing import Final

ENGLISH: Final = "en"
_FOLDER: Final = Path(__file__).parent / "translations"


def languages() -> tuple[str, ...]:
    """List every language, English first."""
    return (ENGLISH, *sorted(path.stem for path in _FOLDER.glob("*.po")))


def find_language(name: str) -> str | None:
    """Return the language of a name such as `zh_CN.UTF-8`, `zh-cn` or `zh`; None if unknown."""
    plain = name.partition(".")[0].partition("@")[0].replace("_", "-").lower()
    by_name = {known.lower(): known for known in reversed(languages())}
    by_base = {low.partition("-")[0]: known for low, known in by_name.items()}
    return by_name.get(plain) or by_base.get(plain)


def locale_language() -> str:
    """Return the language of the user's locale if there is a catalogue for it, else English."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if wanted := os.environ.get(variable):
            return find_language(wanted) or ENGLISH
    return find_language(locale.getlocale()[0] or ENGLISH) or ENGLISH


@cache
def catalogue(language: str) -> dict[str, str]:
    """Read the engine's translations into a language, by their English text."""
    file = _FOLDER / f"{language}.po"
    return parse_po(file.read_bytes()) if file.is_file() else {}


def parse_po(data: bytes) -> dict[str, str]:
    """Parse a gettext catalogue: the translation of each message that has one."""
    from babel.messages.pofile import read_po  # noqa: PLC0415 - English needs no babel

    return {
        str(entry.id): str(entry.string)
        for entry in read_po(io.BytesIO(data))
        if entry.id and entry.string and not entry.fuzzy
    }
