"""The terminal: its modes, which are given back on every way out, its size, and what is drawn."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

from torchkata.errors import UsageError
from torchkata.i18n import _
from torchkata.watch.layout import Look, rows

_ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[2J"  # the other screen, no cursor
_LEAVE: Final = "\x1b[?25h\x1b[?1049l"


class Terminal:
    """A terminal in which single keys are read and whole screens are drawn.

    Args:
        color: False to insist on plain text.
    """

    def __init__(self, *, color: bool = True) -> None:
        if os.name == "nt":
            raise UsageError(_("Watching needs a Unix terminal; on Windows, use WSL2."))
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise UsageError(
                _(
                    "Watching needs a terminal, for its keys. Without one, use "
                    "`nox -s grade -- NAME`, which judges once."
                )
            )
        self.input, self._output = sys.stdin.fileno(), sys.stdout.fileno()
        self.dumb = os.environ.get("TERM", "dumb") in ("", "dumb")
        self.look = Look(
            color=color and not self.dumb and not os.environ.get("NO_COLOR"),
            encoding=sys.stdout.encoding or "utf-8",
            tall=self.dumb,
        )
        self._modes: list[Any] | None = None
        self._shown: list[str] = []
        self._size = (0, 0)

    def __enter__(self) -> Self:
        """Read single keys from now on, unechoed; draw on the other screen."""
        import termios  # noqa: PLC0415 - not on every platform

        self._modes = termios.tcgetattr(self.input)
        modes: list[Any] = termios.tcgetattr(self.input)
        modes[3] &= ~(termios.ICANON | termios.ECHO)
        modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self.input, termios.TCSADRAIN, modes)
        self._shown = []
        if not self.dumb:
            self._write(_ENTER)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give back the modes and the screen; a terminal that is gone needs neither."""
        import termios  # noqa: PLC0415

        modes, self._modes = self._modes, None
        with suppress(OSError):
            if not self.dumb:
                self._write(_LEAVE)
        if modes is not None:
            with suppress(OSError, termios.error):
                termios.tcsetattr(self.input, termios.TCSADRAIN, modes)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows now."""
        try:
            columns, lines = os.get_terminal_size(self._output)
        except OSError:
            columns, lines = 80, 24
        return columns or 80, lines or 24  # a terminal that knows no size says 0

    def draw(self, lines: list[str]) -> None:
        """Show lines; of a screen that was drawn before, only what has changed is written.

        Raises:
            OSError: the terminal is gone.
        """
        size = self.size
        if self.dumb:
            self._scroll(lines)
        else:
            self._write(_changes(lines, self._shown if size == self._size else None, *size))
        self._shown, self._size = lines, size

    def _scroll(self, lines: list[str]) -> None:
        """On a terminal that only scrolls, print the page again when it is another one."""
        if lines != self._shown:
            self._write("\n" + "\n".join(lines) + "\n")

    def _write(self, text: str) -> None:
        data = text.encode(self.look.encoding, "replace")
        while data:
            data = data[os.write(self._output, data) :]


def _changes(lines: list[str], before: list[str] | None, columns: int, height: int) -> str:
    """The terminal's commands that turn one screen into another; None clears it first."""
    parts = ["" if before is not None else "\x1b[2J"]
    old = _placed(before or [], columns)
    new = _placed(lines, columns)
    for row, line in new.items():
        if row >= height or (before is not None and old.get(row) == line):
            continue
        taken = rows(line, columns)
        parts += [f"\x1b[{row + k + 1};1H\x1b[2K" for k in range(taken)]
        parts.append(f"\x1b[{row + 1};1H{line}")
    used = {row + k for row, line in new.items() for k in range(rows(line, columns))}
    stale = {row + k for row, line in old.items() for k in range(rows(line, columns))} - used
    parts += [f"\x1b[{row + 1};1H\x1b[2K" for row in sorted(stale)]
    text = "".join(parts)
    return f"\x1b[?2026h{text}\x1b[?2026l" if text else ""


def _placed(lines: list[str], columns: int) -> dict[int, str]:
    placed, row = {}, 0
    for line in lines:
        placed[row] = line
        row += rows(line, columns)
    return placed
