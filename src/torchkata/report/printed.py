"""What a submission printed: its own text, and the warnings of Python and PyTorch within it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, chop_cells

from torchkata.i18n import Message, _, verbatim

_WARNING: Final = re.compile(
    r"(?P<file>[^\n]{1,300}?):(?P<line>\d{1,7}): (?P<kind>\w{0,60}Warning): (?P<text>.*)"
)
_LOGGED: Final = re.compile(
    r"[WE]\d{4} \d\d:\d\d:\d\d\.\d+ \d+ \S{1,300}?:\d+\] (?P<text>.*)"  # of Python
    r"|\[W\d[^\]\n]{1,300}\] (?:Warning: )?(?P<said>.*)"  # of C++
)
_SOURCE_LINE: Final = re.compile(r"  \S")
"""The line that caused a warning, as Python prints it below the warning."""

_OWN_FILE: Final = "submission:"
_ORIGIN: Final = re.compile(r" ?\((?:Triggered internally at|function) [^()\n]*(?:\(\))?[^()\n]*\)")
_FOLDERS: Final = re.compile(r"(?<![\w.:/])/(?:[\w.+@-]+/)+")
_FRAME: Final = re.compile(r"^\[\d+/\d+\] ")  # of torch.compile
_MOST_CELLS: Final = 400  # of one warning


@dataclass(frozen=True)
class Printed:
    """A submission's output.

    Attributes:
        text: What it printed itself.
        warnings: Each warning once, in one line, without paths of this machine.
    """

    text: str
    warnings: tuple[Message, ...]


def split_output(output: str) -> Printed:
    """Separate what a submission printed from warnings, by the form in which Python prints them.

    Args:
        output: What the worker of the submission wrote.
    """
    own: list[str] = []
    counts: Counter[tuple[int, str]] = Counter()
    lines = iter(output.splitlines())
    held: str | None = None
    while (line := held if held is not None else next(lines, None)) is not None:
        held = None
        warning = _warning(line)
        if warning is None:
            own.append(line)
            continue
        counts[warning] += 1
        following = next(lines, None)
        if following is not None and not _SOURCE_LINE.match(following):
            held = following
    text = "\n".join(own) if counts else output
    return Printed(text=text, warnings=tuple(_described(counts)))


def fold_line(line: str, width: int) -> Iterator[str]:
    """Break a line of output at spaces, and inside a word only if the word is too long."""
    while cell_len(line) > width:
        first = chop_cells(line, width)[0]
        cut = len(first) if line[len(first) : len(first) + 1] == " " else first.rfind(" ") + 1
        cut = cut if first[:cut].strip() else len(first)
        yield line[:cut].rstrip()
        line = line[cut:].lstrip() or ""
    yield line


def _warning(line: str) -> tuple[int, str] | None:
    """Return line of the submission (0: other code) and text of a warning; None for other text."""
    if found := _WARNING.fullmatch(line):
        own = found["file"].startswith(_OWN_FILE)
        return int(found["line"]) * own, _cleaned(f"{found['kind']}: {found['text']}")
    if found := _LOGGED.fullmatch(line):
        return 0, _cleaned(found["text"] or found["said"] or "")
    return None


def _cleaned(text: str) -> str:
    """Remove where PyTorch's own code raised a warning, and cut a long text between words."""
    plain = _FOLDERS.sub("", _ORIGIN.sub("", _FRAME.sub("", text))).strip()
    if len(plain) <= _MOST_CELLS:
        return plain
    return plain[:_MOST_CELLS].rpartition(" ")[0] + " …"


def _described(counts: Counter[tuple[int, str]]) -> Iterator[Message]:
    for (line, text), times in counts.items():
        if not text:
            continue
        said = _("line {line}: {text}", line=line, text=text) if line else verbatim(text)
        yield said if times == 1 else _("{text} ({count} times)", text=said, count=times)
