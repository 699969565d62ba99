"""The stream that a report is printed to: its width, its colors, the characters it can encode."""

from __future__ import annotations

import os
import sys
from typing import Final, TextIO

from rich.console import Console as RichConsole
from rich.text import Text

from torchkata.report.text import plain

MAX_PROSE_WIDTH: Final = 100  # cells; longer lines of prose are hard to read


class Console:
    """A stream that people read.

    Args:
        file: Where to print (default: standard output).
        color: Whether to use colors; None uses them on terminals, unless NO_COLOR is set.
        width: Cells per line (default: the terminal's width, or 80 if it is no terminal).

    Attributes:
        live: Whether the stream is a terminal that can move its cursor.
        rich: The underlying rich console.
        width: Cells per line of prose.
        ascii: Whether symbols and bars must be ASCII.
    """

    def __init__(
        self, file: TextIO | None = None, *, color: bool | None = None, width: int | None = None
    ) -> None:
        self.file = file or sys.stdout
        self.live = self.file.isatty() and os.environ.get("TERM") != "dumb"
        if color is None:
            color = self.live and not os.environ.get("NO_COLOR")
        self.rich = RichConsole(
            file=self.file,
            color_system="standard" if color else None,
            force_terminal=self.live or color,
            width=width or (None if self.live else 80),
            no_color=not color,
            force_jupyter=False,  # in a notebook, rich would display lines instead of writing them
        )
        self.width = width or min(self.rich.width, MAX_PROSE_WIDTH)
        self._encoding = getattr(self.file, "encoding", None) or "utf-8"
        self.ascii = self.safe("✓·█░★") != "✓·█░★"

    def print_line(self, *parts: str | tuple[str, str] | Text) -> None:
        """Print one line of plain strings, (string, style) pairs and rich texts."""
        text = Text.assemble(*parts)  # plain strings stay text, even if they look like markup
        text.rstrip()
        self.rich.print(text, soft_wrap=True)

    def safe(self, text: str) -> str:
        """Remove control characters from a text and escape what the stream can't encode."""
        return plain(text).encode(self._encoding, "backslashreplace").decode(self._encoding)
