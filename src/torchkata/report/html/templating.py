"""What pages are made of: templates that escape every value, style and script to stand in them."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from torchkata.report import text as units

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE: Final = Path(__file__).parent


@cache
def templates(folder: Path = _HERE) -> Environment:
    """The templates; every value in them is made plain and escaped, whoever wrote it.

    Args:
        folder: of a page; those that all pages share lie beside this file.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - only here

    made = Environment(
        loader=FileSystemLoader([folder, _HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_plain,
    )
    made.filters["prose"] = _prose
    return made


def _plain(value: Any) -> Any:
    from markupsafe import Markup  # noqa: PLC0415 - as above

    return units.plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _prose(text: str) -> Any:
    """Escape a message, and set what stands in backticks as code."""
    from markupsafe import Markup, escape  # noqa: PLC0415 - as above

    pieces = units.plain(text).split("`")
    if len(pieces) % 2 == 0:  # a backtick without its twin
        return escape("`".join(pieces))
    slash = Markup("/<wbr>")  # where a path may be broken
    return Markup("").join(
        Markup("<code>{}</code>").format(slash.join(piece.split("/")))
        if place % 2
        else escape(piece)
        for place, piece in enumerate(pieces)
    )


@cache
def asset(name: str, folder: Path = _HERE) -> Any:
    """A style sheet or script, to stand in a page as it is."""
    return markup((folder / name).read_text(encoding="utf-8"))


def markup(text: str) -> Any:
    """Take a text for markup; only ours, and what a template has escaped, may be."""
    from markupsafe import Markup  # noqa: PLC0415 - as above

    return Markup(text)  # noqa: S704 - a file of ours, or from a template that escapes


def digest(text: str) -> str:
    """How a page names a style sheet or script that it lets in."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
