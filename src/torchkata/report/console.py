"""Where text is printed: how wide it is, whether it has colours, and which characters it knows."""

from __future__ import annotations

import os
import sys
from typing import Final, TextIO

from rich.console import Console
from rich.text import Text

from torchkata.report import text as units

WIDEST: Final = 100  # cells; longer lines of prose are hard to read


class Screen:
    """A stream that people read.

    Args:
        file: where to print; standard output by default.
        color: True or False to insist; None for colour on terminals, unless NO_COLOR is set.
        width: cells to a line; None for the terminal's width, 80 elsewhere.

    Attributes:
        live: whether it is a terminal that can move its cursor.
        console: rich's view of it.
        width: cells to a line of prose.
        ascii: whether symbols and bars have to do with ASCII.
    """

    def __init__(
        self, file: TextIO | None = None, *, color: bool | None = None, width: int | None = None
    ) -> None:
        self.file = file or sys.stdout
        self.live = self.file.isatty() and os.environ.get("TERM") != "dumb"
        if color is None:
            color = self.live and not os.environ.get("NO_COLOR")
        self.console = Console(
            file=self.file,
            color_system="standard" if color else None,
            force_terminal=self.live or color,
            width=width or (None if self.live else 80),
            no_color=not color,
            force_jupyter=False,  # there rich would display lines instead of writing them
        )
        self.width = width or min(self.console.width, WIDEST)
        self._encoding = getattr(self.file, "encoding", None) or "utf-8"
        self.ascii = self.safe("✓·█░★") != "✓·█░★"

    def line(self, *parts: str | tuple[str, str] | Text) -> None:
        """Print one line: plain strings, strings with a style, or finished text."""
        text = Text.assemble(*parts)  # plain strings: what looks like markup in them stays text
        text.rstrip()
        self.console.print(text, soft_wrap=True)

    def safe(self, text: str) -> str:
        """Make text plain, and of characters that the stream can encode."""
        text = units.plain(text)
        return text.encode(self._encoding, "backslashreplace").decode(self._encoding)
