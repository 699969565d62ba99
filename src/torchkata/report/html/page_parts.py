"""Parts that all pages share: anchors, chapter titles, the bar of states."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

_BAR_WIDTH: Final = 1000.0  # units of the SVG


def anchor(text: str) -> str:
    """Return the id of an element, such as `04_operators--01_outer` for an exercise's id."""
    return re.sub(r"[^\w-]", "", text.replace("/", "--"), flags=re.ASCII) or "part"


def chapter_title(folder: str) -> tuple[str, str]:
    """Return the number and the title of a chapter; the number may be empty.

    Args:
        folder: Such as `08_mixed_precision`, which gives `08` and `Mixed precision`.
    """
    number, _separator, name = folder.partition("_")
    if not (number.isdigit() and name):
        number, name = "", folder
    title = name.replace("_", " ")
    return number, title[:1].upper() + title[1:]


def state_bar(counts: Iterable[tuple[str, str, str, int]]) -> list[dict[str, Any]]:
    """Return the states that occur, each with its count and its segment of a bar.

    Args:
        counts: State, symbol, label and number of exercises, in order.
    """
    counts = list(counts)
    total = max(1, sum(n for *_names, n in counts))
    segments, start = [], 0.0
    for state, symbol, label, n in counts:
        if n:
            width = _BAR_WIDTH * n / total
            segments.append(
                {
                    "state": state,
                    "label": label,
                    "symbol": symbol,
                    "n": n,
                    "x": round(start, 1),
                    "width": round(width, 1),
                }
            )
            start += width
    return segments
