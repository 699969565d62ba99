"""A receipt as HTML, for notebooks and pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from torchkata.i18n import Message, Translator, _
from torchkata.i18n.op_names import spelling
from torchkata.report.receipt_table import (
    Row,
    closing_rows,
    column_label,
    format_cost,
    remarks,
    rows_of,
    shown_columns,
)
from torchkata.report.text import plain
from torchkata.result.receipt import BACKWARD, Receipt

_STYLE = (
    "<style>.kata-receipt{border-collapse:collapse;font:12px/1.5 ui-monospace,monospace}"
    ".kata-receipt td,.kata-receipt th{padding:0 .7em;text-align:right;white-space:pre;"
    "border:0;background:none}"
    ".kata-receipt td.code,.kata-receipt th.code{text-align:left}"
    ".kata-receipt tr.total td{border-top:1px solid;font-weight:bold}"
    ".kata-receipt tr.warned td{background:rgba(255,170,0,.25)}</style>"
)


def receipt_html(
    receipt: Receipt, translate: Translator, warned: Sequence[tuple[str, int]] = ()
) -> str:
    """Return a receipt as a table that stands alone; hovering over a line lists its ops.

    Args:
        receipt: What to show.
        translate: The translator of the exercise, or that of no exercise.
        warned: File and number of the lines to mark.
    """
    names = shown_columns(receipt)
    heads = [_("line"), _("turns"), *map(column_label, names)]
    backward = f"{translate(_('backward'))}: "
    titles = [
        backward * (name in BACKWARD[1:]) + translate(head)
        for name, head in zip(("", "", *names), heads, strict=True)
    ]
    cells = "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    parts = [_STYLE, '<table class="kata-receipt">', f'<tr>{cells}<th class="code"></th></tr>']
    shown = ""
    for source in receipt.sources:
        if source.file != shown and len({each.file for each in receipt.sources}) > 1:
            columns = len(heads) + 1
            name = escape(plain(source.file))
            parts.append(f'<tr><th class="code" colspan="{columns}">{name}</th></tr>')
        shown = source.file
        for row in rows_of(receipt, source):
            is_warned = (source.file, row.number) in warned
            parts.append(_row(row, names, translate, "warned" if is_warned else ""))
    parts += [_row(row, names, translate, "total") for row in closing_rows(receipt)]
    parts.append("</table>")
    parts += _paragraphs(remarks(receipt), translate)
    return "".join(parts)


def _row(row: Row, names: Sequence[str], translate: Translator, kind: str) -> str:
    cells = [
        translate(row.label) if row.label else str(row.number),
        "" if row.turns is None else f"{row.turns:,}x",
        *(
            "" if row.costs is None else format_cost(name, getattr(row.costs, name))
            for name in names
        ),
    ]
    ops = ", ".join(f"{count:,} x {spelling(name)}" for name, count in row.ops_by_name)
    title = f' title="{escape(plain(ops))}"' if ops else ""
    code = f'<td class="code">{escape(plain(row.code))}</td>'
    drawn = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr class="{kind}"{title}>{drawn}{code}</tr>'


def _paragraphs(messages: Sequence[Message], translate: Translator) -> Iterator[str]:
    for message in messages:
        yield f"<p>{escape(plain(translate(message)))}</p>"
