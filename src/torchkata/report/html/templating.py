"""Templates that escape every value, and the style sheet and script inside a page."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from torchkata.report.text import plain

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE: Final = Path(__file__).parent


@cache
def templates(folder: Path = _HERE) -> Environment:
    """Return the environment of templates; it sanitizes and escapes every value.

    Args:
        folder: The folder of a page's own templates; shared ones are beside this file.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - only pages need it

    environment = Environment(
        loader=FileSystemLoader([folder, _HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_sanitize,
    )
    environment.filters["prose"] = _prose
    return environment


def _sanitize(value: Any) -> Any:
    from markupsafe import Markup  # noqa: PLC0415 - only pages need it

    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _prose(text: str) -> Any:
    """Escape a message and mark up text in backticks as code."""
    from markupsafe import Markup, escape  # noqa: PLC0415 - only pages need it

    pieces = plain(text).split("`")
    if len(pieces) % 2 == 0:  # an unpaired backtick
        return escape("`".join(pieces))
    slash = Markup("/<wbr>")  # a path may wrap here
    return Markup("").join(
        Markup("<code>{}</code>").format(slash.join(piece.split("/")))
        if place % 2
        else escape(piece)
        for place, piece in enumerate(pieces)
    )


@cache
def asset(name: str, folder: Path = _HERE) -> Any:
    """Return a style sheet or script as markup."""
    return markup((folder / name).read_text(encoding="utf-8"))


def markup(text: str) -> Any:
    """Mark text as safe: only our own files and the output of our templates."""
    from markupsafe import Markup  # noqa: PLC0415 - only pages need it

    return Markup(text)  # noqa: S704 - our file, or the output of a template that escapes


def csp_hash(text: str) -> str:
    """Return the hash by which a page's policy (CSP) allows a style sheet or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
