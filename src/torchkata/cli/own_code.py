"""`torchkata.cost`: what a call of the user's own code costs, line by line, in this process."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

from torch import nn

from torchkata.course.source_pieces import functions_around
from torchkata.errors import UsageError
from torchkata.i18n import Message, Translator, _
from torchkata.i18n.catalogues import locale_language
from torchkata.report.console import Console
from torchkata.report.receipt_html import receipt_html
from torchkata.report.receipt_table import draw_receipt, remarks
from torchkata.report.text import plain
from torchkata.result.cost_warning import CostWarning
from torchkata.result.receipt import Costs, Receipt
from torchkata.worker.receipts.own_code import measure_call, source_of

_WIDTH = 120


@dataclass(frozen=True, kw_only=True)
class CostReport:
    """What a call costs. It prints itself as text, and shows itself as a table in notebooks.

    Attributes:
        receipt: the costs of each line.
        warnings: costs that can be avoided.
    """

    receipt: Receipt
    warnings: tuple[CostWarning, ...]

    @property
    def total(self) -> Costs:
        """The costs of the whole call."""
        return self.receipt.total

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON-ready data; sentences are English."""
        return {
            **self.receipt.as_json(),
            "warnings": [each.as_json() for each in self.warnings],
        }

    def lines(self, console: Console, translate: Translator) -> list[Any]:
        """Return what the report prints, line by line.

        Args:
            console: where it will be printed.
            translate: the translator.
        """
        receipt = _with_short_names(self.receipt)
        lines: list[Any] = list(draw_receipt(receipt, console, translate))
        lines += [console.safe(translate(each)) for each in remarks(receipt)]
        lines += [(console.safe(translate(located(each))), "yellow") for each in self.warnings]
        return lines

    def __str__(self) -> str:
        out = io.StringIO()
        console = Console(out, color=False, width=_WIDTH)
        for line in self.lines(console, Translator(locale_language())):
            console.print_line(line)
        return out.getvalue().rstrip()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        translate = Translator(locale_language())
        warned = [(short_name(each.file), each.line) for each in self.warnings]
        table = receipt_html(_with_short_names(self.receipt), translate, warned)
        sentences = [escape(plain(translate(located(each)))) for each in self.warnings]
        return table + "".join(f"<p>{sentence}</p>" for sentence in sentences)


def cost(function: Callable[..., object], /, *args: object, **kwargs: object) -> CostReport:
    """Call a function once, and return what each line of it costs.

    Args:
        function: a function or a module. Its code, and the code of yours that it calls, is shown;
            the costs of libraries stand at the line that calls them.
        *args: its arguments.
        **kwargs: its keyword arguments.

    Raises:
        UsageError: it cannot be called, or has no source.
        Exception: whatever the function raises.
    """
    if not callable(function):
        raise UsageError(_("cost: expected a function, got {kind}.", kind=type(function).__name__))
    try:
        measured = measure_call(function, args, dict(kwargs))
    except Exception as error:
        error.add_note("This was raised by the call whose cost was counted.")
        raise
    receipt = measured.receipt
    lines: dict[str, set[int]] = {}
    for each in receipt.lines:
        if each.file:
            lines.setdefault(each.file, set()).add(each.line)
    if not lines and receipt.total.ops:
        raise UsageError(
            _(
                "{name} has no Python source that could be shown: it is built in, part of a "
                "library, or was typed at a prompt. Write it to a file, or call it in a function "
                "that is in one.",
                name=_name_of(function),
            )
        )
    sources = tuple(
        piece
        for file, numbers in sorted(lines.items())
        for piece in functions_around(source_of(file), file, numbers)
    )
    return CostReport(receipt=replace(receipt, sources=sources), warnings=measured.warnings)


def located(warning: CostWarning) -> Message:
    """Return the sentence of a warning with its place."""
    return _(
        "{file}, line {line}: {text}",
        file=short_name(warning.file),
        line=warning.line,
        text=warning.message,
    )


def short_name(file: str) -> str:
    """Return a file's name as it is shown: relative to the working directory, if it is below."""
    path = Path(file)
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else path.name


def _with_short_names(receipt: Receipt) -> Receipt:
    def short(thing: Any) -> Any:
        return replace(thing, file=short_name(thing.file)) if thing.file else thing

    return replace(
        receipt,
        lines=tuple(map(short, receipt.lines)),
        loops=tuple(map(short, receipt.loops)),
        sources=tuple(map(short, receipt.sources)),
    )


def _name_of(function: object) -> str:
    if isinstance(function, nn.Module):
        return type(function).__name__
    return getattr(function, "__qualname__", None) or type(function).__name__
