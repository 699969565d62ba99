"""A receipt as a table for terminals: the source, with what each line costs beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.syntax import Syntax
from rich.text import Text

from torchkata.i18n import EMPTY, Message, Translator, _, join, quantities
from torchkata.report.console import Console
from torchkata.result.receipt import BACKWARD, Costs, Receipt, Source

_GAP: Final = "  "
_BEGINNINGS: Final = ("def ", "async def ", "class ", "@")
_COUNTS: Final = ("ops", "synchronizations", "backward_ops")
_LABELS: Final = {
    "ops": _("ops"),
    "allocated_bytes": _("allocated"),
    "copied_bytes": _("copied"),
    "synchronizations": _("waits"),
    "kept_bytes": _("kept"),
    "backward_ops": _("ops"),
    "backward_bytes": _("allocated"),
}
LEGEND: Final = {
    "copied_bytes": _("copied: bytes that ops wrote which only move data, such as `clone`."),
    "synchronizations": _("waits: how often the CPU waits for the device, on a GPU."),
    "kept_bytes": _("kept: memory that autograd keeps until the backward pass."),
}
"""What a column means, if its head does not say it all."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a receipt.

    Attributes:
        number: of the line; 0 in rows that are no line.
        turns: how often the loop body ran that holds the line; None outside of loops.
        costs: what it costs; None for lines without costs.
        code: the line's text; empty in rows that are no line.
        label: of rows that are no line.
        ops_by_name: how often it dispatched each op.
    """

    number: int = 0
    turns: int | None = None
    costs: Costs | None = None
    code: str = ""
    label: Message = EMPTY
    ops_by_name: tuple[tuple[str, int], ...] = ()


def shown_columns(receipt: Receipt) -> tuple[str, ...]:
    """Return the costs that were measured and that are not zero in all lines; ops always."""
    total = receipt.total
    return tuple(name for name in receipt.columns if name == "ops" or getattr(total, name))


def rows_of(receipt: Receipt, source: Source) -> list[Row]:
    """Return a row per line of a piece of source."""
    rows = []
    before: int | None = None
    for number, code in enumerate(source.lines, start=source.first):
        line = receipt.at(source.file, number)
        turns = receipt.turns(source.file, number)
        has_costs = line.costs != Costs()
        rows.append(
            Row(
                number=number,
                turns=turns if has_costs or turns != before else None,
                costs=line.costs if has_costs else None,
                code=code,
                ops_by_name=tuple(line.ops_by_name.items()),
            )
        )
        before = turns
    return rows


def closing_rows(receipt: Receipt) -> list[Row]:
    """Return the rows below the source: costs of other lines, if there are any, and the totals."""
    shown = {
        (source.file, number)
        for source in receipt.sources
        for number in range(source.first, source.first + len(source.lines))
    }
    others = [each.costs for each in receipt.lines if (each.file, each.line) not in shown]
    rows = [Row(label=_("total"), costs=receipt.total)]
    return [Row(label=_("elsewhere"), costs=Costs.total(others)), *rows] if others else rows


def format_cost(name: str, value: int) -> str:
    """Format a cost; zero is a dot."""
    if not value:
        return "."
    return quantities.count(value) if name in _COUNTS else quantities.size(value)


def column_label(name: str) -> Message:
    """Return the head of a column."""
    return _LABELS[name]


def remarks(receipt: Receipt) -> list[Message]:
    """Return what to know about the figures: the meaning of columns, and what is missing."""
    shown = shown_columns(receipt)
    found = [LEGEND[name] for name in shown if name in LEGEND]
    if receipt.peak_bytes:
        found.append(
            _("Extra memory at the peak: {size}.", size=quantities.size(receipt.peak_bytes))
        )
    reasons: dict[str, list[str]] = {}
    for name, reason in receipt.missing.items():
        reasons.setdefault(str(reason), []).append(name)
    for names in reasons.values():
        reason = receipt.missing[names[0]]
        if names == [BACKWARD[0]]:
            found.append(join(_("What autograd keeps is not shown."), reason))
        elif set(names) <= set(BACKWARD):
            found.append(join(_("The backward pass is not shown."), reason))
        else:
            found.append(join(_("Waits for the device are not shown."), reason))
    return found


def draw_receipt(receipt: Receipt, console: Console, translate: Translator) -> list[Text]:
    """Draw a receipt: a row per line of source, and the totals.

    Args:
        receipt: What to draw.
        console: Where it will be printed.
        translate: The translator of the exercise.
    """
    names = shown_columns(receipt)
    pieces = [rows_of(receipt, source) for source in receipt.sources]
    closing = closing_rows(receipt)
    rows = [row for piece in pieces for row in piece]
    has_turns = any(row.turns is not None for row in rows)
    heads = [translate(_("line")), *([translate(_("turns"))] if has_turns else [])]
    heads += [translate(column_label(name)) for name in names]

    def cells(row: Row) -> list[str]:
        number = translate(row.label) if row.label else str(row.number)
        turns = [f"{row.turns:,}x" if row.turns is not None else ""] if has_turns else []
        costs = [
            "" if row.costs is None else format_cost(name, getattr(row.costs, name))
            for name in names
        ]
        return [number, *turns, *costs]

    has_files = len({source.file for source in receipt.sources}) > 1
    table = [heads, *map(cells, rows), *map(cells, closing)]
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    lines = list(_group_head(names, widths, translate))
    lines.append(Text(_aligned(heads, widths), "bold"))
    for number, piece in enumerate(pieces):
        file = receipt.sources[number].file
        if number and piece[0].code.lstrip().startswith(_BEGINNINGS):  # not the rest of one
            lines.append(Text())
        if has_files and (not number or file != receipt.sources[number - 1].file):
            lines.append(Text(console.safe(file), "bold"))
        code = _highlight([row.code for row in piece], console)
        for row, text in zip(piece, code, strict=True):
            lines.append(Text(_aligned(cells(row), widths) + _GAP).append_text(text))
    lines.append(Text("-" * (sum(widths) + len(_GAP) * (len(widths) - 1))))
    lines += [Text(_aligned(cells(row), widths), "bold" * (row is closing[-1])) for row in closing]
    return lines


def _group_head(
    names: Sequence[str], widths: Sequence[int], translate: Translator
) -> Iterator[Text]:
    """Yield the line above the heads, if there are columns of the backward pass."""
    backward = [name for name in names if name in BACKWARD[1:]]
    if not backward:
        return
    first = len(widths) - len(backward)
    start = sum(widths[:first]) + len(_GAP) * first
    title = f" {translate(_('backward'))} "
    room = sum(widths[first:]) + len(_GAP) * (len(backward) - 1)
    dashes = max(room - cell_len(title), 0)
    yield Text(" " * start + "-" * (dashes // 2) + title + "-" * (dashes - dashes // 2), "bold")


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return _GAP.join(
        " " * (width - cell_len(cell)) + cell for cell, width in zip(cells, widths, strict=True)
    )


def _highlight(code: Sequence[str], console: Console) -> list[Text]:
    """Color lines of Python; the result has as many lines."""
    safe = [console.safe(line) for line in code]
    syntax = Syntax("", "python", theme="ansi_dark", background_color="default")
    lines = list(syntax.highlight("\n".join(safe)).split("\n", allow_blank=True))[: len(safe)]
    lines += [Text()] * (len(safe) - len(lines))
    for line in lines:
        line.rstrip()
    return lines
