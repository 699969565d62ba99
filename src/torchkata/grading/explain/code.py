"""The learner's file as text: which lines belong to the code under judgement. Nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_HEAD = re.compile(r"(?:async\s+)?(?:def|class)\s+(\w+)|(\w+)\s*(?::[^=]+)?=(?!=)")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_LONGEST = 400  # characters of a line that are looked at
_MOST = 5000  # lines


class Code:
    """A file's lines, and the top-level functions and classes that a check is about.

    Args:
        text: the file's.
        names: functions and classes to begin with; those that they name are followed.
        lines: further lines that are known to run; what stands around them belongs to it too.
    """

    def __init__(self, text: str, names: Iterable[str] = (), lines: Iterable[int] = ()) -> None:
        self._lines = list(_bare(text.splitlines()[:_MOST]))
        self._blocks = dict(_blocks(self._lines))
        self.numbers = sorted(self._reached([*names, *self._around(lines)]))

    def find(self, pattern: str) -> int:
        """The first line of the code under judgement that a pattern is found in; 0 if none is."""
        return next(self.all(pattern), 0)

    def all(self, pattern: str) -> Iterator[int]:
        """All such lines."""
        wanted = re.compile(pattern)
        return (number for number in self.numbers if wanted.search(self._lines[number - 1]))

    def line(self, number: int) -> str:
        """The text of a line without its comment; empty where there is no such line."""
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""

    def _around(self, lines: Iterable[int]) -> list[str]:
        return [name for name, span in self._blocks.items() if any(at in span for at in lines)]

    def _reached(self, names: list[str]) -> set[int]:
        """The lines of these blocks, and of all blocks that they name."""
        seen: set[str] = set()
        while names:
            name = names.pop()
            if name in seen or name not in self._blocks:
                continue
            seen.add(name)
            words = {
                word
                for number in self._blocks[name]
                for word in re.findall(r"(?<![.\w])\w+", self._lines[number - 1])
            }
            names += sorted(words & self._blocks.keys())
        return {number for name in seen for number in self._blocks[name]}


def _bare(lines: Iterable[str]) -> Iterator[str]:
    """The lines without comments and without texts of several lines."""
    inside = ""
    for line in lines:
        shown = line[:_LONGEST].rstrip()
        if inside:
            yield ""
            inside = "" if inside in shown else inside
            continue
        marks = [mark for mark in ('"""', "'''") if shown.count(mark) % 2]
        if marks or '"""' in shown or "'''" in shown:
            inside = marks[0] if marks else ""
            yield ""
            continue
        yield _COMMENT.sub("", shown)


def _blocks(lines: list[str]) -> Iterator[tuple[str, range]]:
    """Name and line numbers of each function, class and variable that stands at the margin."""
    name, start = "", 0
    for number, line in enumerate([*lines, "end"], start=1):
        if not line or line[0] in " \t)]}@":
            continue
        if name:
            yield name, range(start, number)
        head = _HEAD.match(line)
        name, start = (head[1] or head[2], number) if head else ("", 0)
