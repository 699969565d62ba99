"""What a kit without hidden material tells beyond the stubs: hints that quote no answer."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Final

from torchkata.course.catalogue import Exercise
from torchkata.i18n.catalogues import parse_po

_MOST: Final = 2  # a direction and an idea; the third level is the call itself
_QUOTED: Final = re.compile(r"`([^`]+)`")
_NAME: Final = re.compile(r"[\w.]+(\(\))?")  # what one may look up is no answer
_HEADER: Final = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'


def open_hints(exercise: Exercise) -> dict[str, bytes]:
    """Hints and their translations, as files that stand where solutions stand in the course."""
    hints = tuple(_harmless(exercise))
    found = {f"solutions/{exercise.id}.py": f"HINTS = {hints!r}\n".encode()}
    chapter = exercise.course / "solutions" / exercise.chapter
    for path in sorted(chapter.glob(f"*/{exercise.stem}.po")):
        known = parse_po(path.read_bytes())
        entries = [_entry(hint, known[hint]) for hint in hints if hint in known]
        text = "\n".join([_HEADER, *entries])
        found[f"solutions/{exercise.chapter}/{path.parent.name}/{path.name}"] = text.encode()
    return found


def _harmless(exercise: Exercise) -> Iterator[str]:
    """The first levels, up to one that quotes the reference."""
    code = _code(exercise.reference_source.decode("utf-8"))
    for hint in exercise.solution_literal("HINTS", ())[:_MOST]:
        quoted = ["".join(text.split()) for text in _QUOTED.findall(hint)]
        if any(text in code and not _NAME.fullmatch(text) for text in quoted):
            return
        yield hint


def _code(source: str) -> str:
    """A solution without texts, comments and blanks."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [each for each in node.body if not _is_text(each)] or [ast.Pass()]
    return "".join(ast.unparse(tree).split())


def _is_text(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id == "HINTS"
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _entry(text: str, translation: str) -> str:
    """One message of a catalogue; its escapes are JSON's."""
    words = (json.dumps(each, ensure_ascii=False) for each in (text, translation))
    return "msgid {}\nmsgstr {}\n".format(*words)
