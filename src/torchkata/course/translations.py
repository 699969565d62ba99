"""The words of a course in the language in force: statements, hints, cases, what graders say.

Beside `exercises/CHAPTER/NN_name.py` lies `exercises/CHAPTER/LANGUAGE/NN_name.po` with the
statement, paragraph by paragraph; below `solutions/` the one with everything that would spoil it:
hints, names of cases and baselines, messages of the grader. What has no translation is English.

A grader writes plain f-strings. The catalogue has their text with `{1}`, `{2}`, ... for the values,
in the order of the English text; the message as it came out is matched against that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from torchkata.course.files import shelf_at
from torchkata.i18n.messages import chosen, closed_up, parsed_po, say, sentences

FOLDERS: Final = ("exercises", "solutions")
_VALUE: Final = re.compile(r"\{(\d+)\}")
_OPEN: Final = re.compile(r"open example (\d+)")
_SIZES: Final = re.compile(r"(?P<name>.+) \((?P<sizes>\w+=[^\s,()]+(?:, \w+=[^\s,()]+)*)\)")


@dataclass(frozen=True)
class Texts:
    """One exercise's translations.

    Attributes:
        plain: by their English text.
        patterns: those with values, the longest first.
    """

    plain: dict[str, str] = field(default_factory=dict)
    patterns: tuple[tuple[re.Pattern[str], str], ...] = ()

    @classmethod
    def read(cls, catalogues: Iterable[bytes | None]) -> Texts:
        """Read the catalogues that are there."""
        found: dict[str, str] = {}
        for data in catalogues:
            if data is not None:
                found |= parsed_po(data)
        valued = sorted((text for text in found if _VALUE.search(text)), key=len, reverse=True)
        return cls(found, tuple((_pattern(text), found[text]) for text in valued))

    def told(self, text: str) -> str:
        """Translate a text, or a row of sentences with values in them, as far as it is known."""
        if text in self.plain:
            return self.plain[text]
        parts: list[str] = []
        rest = text
        while rest:
            for pattern, translation in self.patterns:
                if found := pattern.match(rest):
                    values = [self.told(value) for value in found.groups()]
                    parts.append(_filled(translation, values))
                    rest = rest[found.end() :].lstrip(" ")
                    break
            else:
                parts.append(self.plain.get(rest, rest))
                break
        return sentences(*parts)


def _pattern(text: str) -> re.Pattern[str]:
    """What a text with values may have come out as: whole, or before another sentence."""
    pieces = _VALUE.split(text.rstrip(" "))  # what follows a blank stands after it anyway
    words = [re.escape(piece) if at % 2 == 0 else "(.*?)" for at, piece in enumerate(pieces)]
    return re.compile("".join(words) + ("$" if pieces[-1] == "" else "(?= |$)"), re.DOTALL)


def _filled(translation: str, values: list[str]) -> str:
    return closed_up(_VALUE.sub(lambda found: values[int(found[1]) - 1], translation))


@cache
def texts(course: Path, chapter: str, stem: str, language: str) -> Texts:
    """One exercise's translations into a language; empty where there are none."""
    shelf = shelf_at(course)
    return Texts.read(shelf.read(f"{folder}/{chapter}/{language}/{stem}.po") for folder in FOLDERS)


class _Now:
    exercise: tuple[Path, str, str] | None = None
    seen: Final[dict[tuple[Path, str, str], None]] = {}


def turn_to(course: Path, chapter: str, stem: str) -> None:
    """Take the words that follow for those of this exercise."""
    _Now.exercise = (course, chapter, stem)
    _Now.seen[_Now.exercise] = None


def told(text: str) -> str:
    """Translate a text of the exercise at hand, or else of one that was at hand before."""
    if _Now.exercise is None:
        return text
    language = chosen()
    translated = texts(*_Now.exercise, language).told(text)
    if translated != text:
        return translated
    for exercise in _Now.seen:
        if text in (known := texts(*exercise, language).plain):
            return known[text]
    return text


def told_case(words: str) -> str:
    """Translate a case in words: its name, maybe behind its function's, before its sizes."""
    if (translated := told(words)) != words:
        return translated
    if found := _SIZES.fullmatch(words):
        return say("{case} ({sizes})", case=told_case(found["name"]), sizes=found["sizes"])
    if words == "timed":
        return say("timed")
    if found := _OPEN.fullmatch(words):
        return say("open example {number}", number=found[1])
    entry, comma, name = words.partition(", ")
    if comma and entry.isidentifier():
        return f"{entry}{say(', ')}{told_case(name)}"
    return words
