"""Text from anybody: safe to print, cut to a length, wrapped to a width."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rich.cells import cell_len, chop_cells

_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colors, cursor moves
    r"|(?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # titles, links
    r"|\x1b[ -/]*[0-~]"  # all others
)
# Control characters, characters that reorder or hide their neighbors, and lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
# A command in backticks stays on one line, so that readers can copy it.
_WORDS = re.compile(r"[^\s`]*`[^`\n]{1,60}`\S*|\S+")
# Wide scripts have no spaces: a line may end after any character that no closing mark follows.
_WIDE = (
    "\u2e80-\u303e\u3041-\u33ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60"
)
_OPEN = "\u201c\u2018\u3008\u300a\u300c\u300e\u3010\uff08\uff3b"
_CLOSE = (
    "\u201d\u2019\u2026\u3001\u3002\u3009\u300b\u300d\u300f\u3011\uff01\uff09\uff0c\uff0e\uff1a"
    "\uff1b\uff1f\uff3d"
)
_UNITS = re.compile(
    rf"[{_OPEN}]*(?:`[^`\n]{{1,60}}`|[^\s`{_WIDE}{_OPEN}{_CLOSE}]+|.)[{_CLOSE}]*", re.DOTALL
)
_HAS_WIDE = re.compile(f"[{_WIDE}]")
_MAX_UNBROKEN = 160  # cells; a word up to this width, such as a path, is never broken


def plain(text: str, *, limit: int = 4000) -> str:
    r"""Make text safe to print on a terminal.

    Terminal sequences are removed. Other control characters, bidirectional overrides and lone
    surrogates are replaced by escapes such as `\x00`. Letters of every script are kept. Line ends
    become newlines, tabs become spaces.

    Args:
        text: Any text.
        limit: Characters to keep; ` ...` marks a cut.
    """
    if len(text) > limit:
        text = text[:limit] + " ..."
    text = _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).expandtabs(4)
    return _UNSAFE.sub(lambda match: ascii(match.group())[1:-1], text)


def shorten(text: str, limit: int) -> str:
    """Return a safe single line of at most so many characters; `…` marks a cut."""
    line = plain(text).replace("\n", " ")
    return line if len(line) <= limit else line[: limit - 1] + "…"


def join_paragraphs(text: str, width: int) -> str:
    """Join the lines of prose that its author has broken at a width; leave code and tables.

    A line continues the one before it if both start in the same column, and its first word did
    not fit there.

    Args:
        text: Any text.
        width: The width at which the author has broken lines.
    """
    joined: list[str] = []
    last = ""  # the last line, as the author wrote it
    for line in text.split("\n"):
        words = _UNITS.findall(line.strip()) if _HAS_WIDE.search(line) else line.split()
        same_column = len(line) - len(line.lstrip()) == len(last) - len(last.lstrip())
        if words and last and same_column and cell_len(f"{last} {words[0]}") > width:
            wide = _HAS_WIDE.match(joined[-1][-1:]) or _HAS_WIDE.match(words[0][:1])
            joined[-1] += ("" if wide else " ") + line.strip()
        else:
            joined.append(line)
        last = line
    return "\n".join(joined)


def wrapped(text: str, width: int, first: int, rest: int) -> Iterator[str]:
    """Wrap text at spaces, or between characters of wide scripts; lines that fit are kept.

    Args:
        text: The text to wrap.
        width: Cells per line, indents included.
        first: Cells of indent before the first line.
        rest: Cells of indent before all other lines.
    """
    indent = first
    for paragraph in text.rstrip().split("\n"):
        line = ""
        words = _WORDS.findall(paragraph)
        if indent + cell_len(paragraph) <= width:
            words = [paragraph]
        for glue, piece in _pieces(words, width, width - rest):
            longer = line + glue + piece if line else piece
            if line and indent + cell_len(longer) > width:
                yield line
                line, indent = piece, rest
            else:
                line = longer
        yield line
        indent = rest


def _pieces(words: Iterable[str], width: int, max_cells: int) -> Iterator[tuple[str, str]]:
    """Yield the unbreakable pieces of words, each with the text that joins it to the last one."""
    for word in words:
        glue = " "
        for unit in _UNITS.findall(word) if _HAS_WIDE.search(word) else [word]:
            unbroken = cell_len(unit) <= max(_MAX_UNBROKEN, width)
            for piece in [unit] if unbroken else chop_cells(unit, max(max_cells, 1)):
                yield glue, piece
                glue = "" if unbroken else " "
            glue = ""
