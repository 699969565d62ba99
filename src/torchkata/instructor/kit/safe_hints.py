"""What a kit without hidden material tells beyond the stubs: hints that quote no answer."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Final

from torchkata.course.catalogue import Lesson
from torchkata.i18n.messages import parsed_po

_MOST: Final = 2  # a direction and an idea; the third level is the call itself
_QUOTED: Final = re.compile(r"`([^`]+)`")
_NAME: Final = re.compile(r"[\w.]+(\(\))?")  # what one may look up is no answer
_HEADER: Final = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n'


def open_hints(lesson: Lesson) -> dict[str, bytes]:
    """Hints and their translations, as files that stand where solutions stand in the course."""
    hints = tuple(_harmless(lesson))
    found = {f"solutions/{lesson.id}.py": f"HINTS = {hints!r}\n".encode()}
    chapter = lesson.course / "solutions" / lesson.chapter
    for path in sorted(chapter.glob(f"*/{lesson.stem}.po")):
        known = parsed_po(path.read_bytes())
        entries = [_entry(hint, known[hint]) for hint in hints if hint in known]
        text = "\n".join([_HEADER, *entries])
        found[f"solutions/{lesson.chapter}/{path.parent.name}/{path.name}"] = text.encode()
    return found


def _harmless(lesson: Lesson) -> Iterator[str]:
    """The first levels, up to one that quotes the reference."""
    code = _code(lesson.reference.decode("utf-8"))
    for hint in lesson.constant("HINTS", ())[:_MOST]:
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
