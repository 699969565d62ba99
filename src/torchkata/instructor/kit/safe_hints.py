"""Hints for a kit without hidden material: those that quote nothing of the reference."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from torchkata.course.exercise import Exercise
from torchkata.course.source_code import code_without_text
from torchkata.i18n.catalogues import parse_po

_MOST_LEVELS: Final = 2  # a direction and an idea; the third level is the call itself
_QUOTED: Final = re.compile(r"`([^`]+)`")
_NAME: Final = re.compile(r"[\w.]+(\(\))?")  # a name that can be looked up gives nothing away
_HEADER: Final = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'


def hint_files(exercise: Exercise) -> dict[str, bytes]:
    """Return files with hints and their translations, by the paths of the solution's files."""
    hints = tuple(_safe_hints(exercise))
    files = {f"solutions/{exercise.id}.py": f"HINTS = {hints!r}\n".encode()}
    chapter = exercise.course / "solutions" / exercise.chapter
    for path in sorted(chapter.glob(f"*/{exercise.stem}.po")):
        translations = parse_po(path.read_bytes())
        entries = [_entry(hint, translations[hint]) for hint in hints if hint in translations]
        text = "\n".join([_HEADER, *entries])
        files[f"solutions/{exercise.chapter}/{path.parent.name}/{path.name}"] = text.encode()
    return files


def _safe_hints(exercise: Exercise) -> Iterator[str]:
    """Yield the first levels, up to one that quotes code of the reference."""
    code = code_without_text(exercise.reference_source.decode("utf-8"))
    for hint in exercise.solution_literal("HINTS", ())[:_MOST_LEVELS]:
        quotes = ["".join(quote.split()) for quote in _QUOTED.findall(hint)]
        if any(quote in code and not _NAME.fullmatch(quote) for quote in quotes):
            return
        yield hint


def _entry(text: str, translation: str) -> str:
    """Return an entry of a gettext catalogue; JSON has the same escapes."""
    message, translated = (json.dumps(each, ensure_ascii=False) for each in (text, translation))
    return f"msgid {message}\nmsgstr {translated}\n"
