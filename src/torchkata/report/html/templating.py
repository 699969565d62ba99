"""Templates that escape every value, and the style sheet and script inside a page."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from torchkata.report.text import plain

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE: Final = Path(__file__).parent
_WHOLE: Final = re.compile(
    r"([(\[]*)`([^`]*)`([.,;:!?)\]\u3001\u3002\uff0c\uff1a\uff1b\uff1f\uff01\uff09]*)"
    r"|((?<![\w.])[-+\u2212\u00b1]?\d[\d.,]*e[-+]?\d+|(?<![\w.)\]])[-+\u2212\u00b1]\d[\d.,]*\d|(?<![\w.)\]])[-+\u2212\u00b1]\d)"
)
"""Code in backticks with brackets and punctuation around it, or a signed number."""


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
    """Escape a message, mark up text in backticks as code, and keep punctuation beside it.

    Code with brackets and punctuation around it, and numbers with a sign or an exponent, stay on
    one line.
    """
    from markupsafe import Markup, escape  # noqa: PLC0415 - only pages need it

    safe = plain(text)
    if safe.count("`") % 2:  # an unpaired backtick
        return escape(safe)
    parts, end = [], 0
    for found in _WHOLE.finditer(safe):
        parts.append(escape(safe[end : found.start()]))
        parts.append(_whole(*found.groups()))
        end = found.end()
    return Markup("").join([*parts, escape(safe[end:])])


def _whole(before: str | None, code: str | None, after: str | None, number: str | None) -> Any:
    """Return code with what belongs to it, or a number, as markup."""
    from markupsafe import Markup, escape  # noqa: PLC0415 - only pages need it

    if code is None:
        return Markup('<span class="whole">{}</span>').format(number)
    slash = Markup("/<wbr>")  # a path may wrap here
    chip = Markup("<code>{}</code>").format(slash.join(code.split("/")))
    if not before and not after:
        return chip
    return Markup('<span class="whole">{}{}{}</span>').format(escape(before), chip, escape(after))


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
