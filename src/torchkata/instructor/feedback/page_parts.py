"""What both pages are made of: the frame filled in, states and chapters in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from torchkata.i18n import _
from torchkata.instructor.gradebook.csv_export import MISSING
from torchkata.report import labels
from torchkata.report.html.strings import SYMBOLS
from torchkata.report.html.templating import asset, digest, markup, templates
from torchkata.result import State

_HERE: Final = Path(__file__).parent
_TRACK: Final = 1000.0  # units along the bar of states


def rendered(template: str, facts: Sequence[tuple[str, str]], **values: Any) -> str:
    """Fill in one of the templates beside this file, with style and script as all pages have."""
    style = markup(asset("style.css") + asset("more.css", _HERE))
    script = asset("script.js")
    page: str = (
        templates(_HERE)
        .get_template(template)
        .render(
            language=chosen(),
            style=style,
            script=script,
            style_hash=digest(style),
            script_hash=digest(script),
            facts=facts,
            **values,
        )
    )
    return page


def counts(summary: Mapping[str, int]) -> list[dict[str, Any]]:
    """How many exercises are in each state that occurs, and their stretch of a bar of states."""
    total, start = max(1, sum(summary.values())), 0.0
    found = []
    for state in (*SYMBOLS, MISSING):
        if n := summary.get(state, 0):
            wide = _TRACK * n / total
            found.append(
                {
                    "state": state,
                    "word": word(state),
                    "symbol": symbol(state),
                    "n": n,
                    "x": round(start, 1),
                    "wide": round(wide, 1),
                }
            )
            start += wide
    return found


def word(state: str) -> str:
    """A state of the gradebook in words."""
    return _("not handed in") if state == MISSING else labels.state(state)


def symbol(state: str) -> str:
    """The sign of a state of the gradebook."""
    return "-" if state == MISSING else SYMBOLS[State(state)]


def title(chapter: str) -> tuple[str, str]:
    """Number and name of a chapter, by its folder's name."""
    number, _unused, name = chapter.partition("_")
    titled = number.isdigit() and name
    plain = (name if titled else chapter).replace("_", " ")
    return (number if titled else "", plain[:1].upper() + plain[1:])


def points(value: float) -> str:
    """Points as they are written: `1`, `0.5`."""
    return f"{value:g}"


def anchor(text: str) -> str:
    """An id on a page."""
    return re.sub(r"[^\w-]", "", text.replace("/", "--"), flags=re.ASCII) or "part"
