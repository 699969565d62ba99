"""How things are written: figures with their units, text made safe, text broken into lines."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator

from rich.cells import cell_len, chop_cells

from torchkata.i18n import _
from torchkata.i18n.quantities import size as size  # noqa: PLC0414 - handed on

_TIMES = (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0))

_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, cursor moves
    r"|(?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # titles, links
    r"|\x1b[ -/]*[0-~]"  # all others
)
# Controls, characters that reorder or hide what stands around them, and lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
# A command in backticks stays on one line, so that it can be copied.
_WORDS = re.compile(r"[^\s`]*`[^`\n]{1,60}`\S*|\S+")
# Wide scripts have no blanks: a line may end at any character, but punctuation stays with its own.
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
_WHOLE = 160  # cells up to which a word, such as a path, is never broken


def seconds(value: float) -> str:
    """Write a time in the unit that suits it: `6.2 us`, `1.2 ms`, `34 s`."""
    if not math.isfinite(value):
        return _("unknown")
    if value == 0:
        return "0 s"
    for unit, scale in _TIMES:
        if abs(value) / scale < 999.5 or unit == "s":  # noqa: PLR2004 - rounds to 1,000
            return f"{_short(value / scale)} {unit}"
    raise AssertionError  # the last unit takes every value


def count(value: float) -> str:
    """Write a count with thousands separators: `1,001`."""
    if not math.isfinite(value):
        return _("unknown")
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def ratio(value: float) -> str:
    """Write a ratio: `412 x`, `1.3 x`, `0.02 x`."""
    if not math.isfinite(value):
        return _("unknown")
    if value != 0 and abs(value) < 0.95:  # noqa: PLR2004 - below, one decimal says too little
        return _("{value} x", value=f"{value:.2g}")
    return _("{value} x", value=_short(value))


def _short(value: float) -> str:
    """Round to what a reader compares: one decimal below ten, none from there on."""
    return f"{value:.1f}" if abs(value) < 9.95 else f"{value:,.0f}"  # noqa: PLR2004 - rounds to 10


def plain(text: str, *, limit: int = 4000) -> str:
    r"""Make text safe to print on a terminal, whoever wrote it.

    Terminal sequences are dropped. Other control characters, those that turn the direction of
    writing, and lone surrogates are written as escapes, such as `\x00`. Letters of every script
    stay. Line ends become newlines, tabs become spaces.

    Args:
        text: anything.
        limit: characters to keep; what is cut off is marked by ` ...`.
    """
    if len(text) > limit:
        text = text[:limit] + " ..."
    text = _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).expandtabs(4)
    return _UNSAFE.sub(lambda found: ascii(found.group())[1:-1], text)


def wrapped(text: str, width: int, first: int, rest: int) -> Iterator[str]:
    """Break text at blanks, in wide scripts between characters; a line that fits stays as it is.

    Args:
        text: what to break.
        width: cells to a line, indents included.
        first: cells that the first line is indented by.
        rest: cells that all others are indented by.
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


def _pieces(words: Iterable[str], width: int, room: int) -> Iterator[tuple[str, str]]:
    """What a line may be broken between, each with what stands before it where it is not."""
    for word in words:
        glue = " "
        for unit in _UNITS.findall(word) if _HAS_WIDE.search(word) else [word]:
            whole = cell_len(unit) <= max(_WHOLE, width)
            for piece in [unit] if whole else chop_cells(unit, max(room, 1)):
                yield glue, piece
                glue = "" if whole else " "
            glue = ""
