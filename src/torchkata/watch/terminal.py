"""The terminal: reads single keys, draws whole screens, and is restored however watch mode ends."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

from torchkata.errors import UsageError
from torchkata.i18n import _
from torchkata.watch.layout import row_count
from torchkata.watch.view import TerminalCaps

_ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[2J"  # alternate screen, no cursor
_LEAVE: Final = "\x1b[?25h\x1b[?1049l"


class Terminal:
    """A terminal that reads single keys and shows whole screens.

    Args:
        color: whether to show colors if the terminal supports them.

    Attributes:
        input: the file descriptor to read keys from.
        dumb: whether the terminal can only print line after line.
        caps: what the terminal supports.

    Raises:
        UsageError: there is no Unix terminal.
    """

    def __init__(self, *, color: bool = True) -> None:
        if os.name == "nt":
            raise UsageError(_("Watch mode needs a Unix terminal. On Windows, use WSL2."))
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise UsageError(
                _(
                    "Watch mode needs a terminal to read keys. Without one, use "
                    "`nox -s grade -- NAME`, which grades once."
                )
            )
        self.input, self._output = sys.stdin.fileno(), sys.stdout.fileno()
        self.dumb = os.environ.get("TERM", "dumb") in ("", "dumb")
        self.caps = TerminalCaps(
            color=color and not self.dumb and not os.environ.get("NO_COLOR"),
            encoding=sys.stdout.encoding or "utf-8",
            scrolls_only=self.dumb,
        )
        self._modes: list[Any] | None = None
        self._shown: list[str] = []
        self._size = (0, 0)

    def __enter__(self) -> Self:
        """Switch to reading single keys without echo, and to the alternate screen."""
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
        """Restore the modes and the screen, unless the terminal is gone."""
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
        """The current columns and rows."""
        try:
            columns, lines = os.get_terminal_size(self._output)
        except OSError:
            columns, lines = 80, 24
        return columns or 80, lines or 24  # a terminal without a size reports 0

    def draw(self, lines: list[str]) -> None:
        """Show lines; on a screen that was drawn before, write only the changes.

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
        """Print the page if it has changed, on a terminal that can only scroll."""
        if lines != self._shown:
            self._write("\n" + "\n".join(lines) + "\n")

    def _write(self, text: str) -> None:
        data = text.encode(self.caps.encoding, "replace")
        while data:
            data = data[os.write(self._output, data) :]


def _changes(lines: list[str], before: list[str] | None, columns: int, height: int) -> str:
    """Return the terminal's commands that change one screen to another; None clears it first."""
    commands = ["" if before is not None else "\x1b[2J"]
    old = _by_row(before or [], columns)
    new = _by_row(lines, columns)
    for row, line in new.items():
        if row >= height or (before is not None and old.get(row) == line):
            continue
        commands += [f"\x1b[{row + k + 1};1H\x1b[2K" for k in range(row_count(line, columns))]
        commands.append(f"\x1b[{row + 1};1H{line}")
    stale = _used_rows(old, columns) - _used_rows(new, columns)
    commands += [f"\x1b[{row + 1};1H\x1b[2K" for row in sorted(stale)]
    text = "".join(commands)
    return f"\x1b[?2026h{text}\x1b[?2026l" if text else ""


def _by_row(lines: list[str], columns: int) -> dict[int, str]:
    """Return the lines by the row in which they start."""
    by_row, row = {}, 0
    for line in lines:
        by_row[row] = line
        row += row_count(line, columns)
    return by_row


def _used_rows(by_row: dict[int, str], columns: int) -> set[int]:
    return {row + k for row, line in by_row.items() for k in range(row_count(line, columns))}
