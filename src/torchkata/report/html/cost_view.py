"""The costs of an exercise as the page shows them: tables, charts, ops by name, growth curves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from torchkata.i18n import Message, Translator, _, quantities
from torchkata.i18n.lists import comma_list
from torchkata.i18n.op_names import spelling
from torchkata.report import labels
from torchkata.report.cost_table import (
    COSTS,
    REFERENCE,
    YOURS,
    costs_in,
    format_cells,
    rows_by_case,
)
from torchkata.report.html import charts
from torchkata.report.html.charts import Bar, color_of
from torchkata.report.html.svg import Chart
from torchkata.result import CostRow, GrowthCurve

_GROWING: Final = {"bytes": _("allocated bytes"), "ops": _("ops"), "time": _("time")}


def cost_tables(
    rows: Sequence[CostRow], translate: Translator, name: str
) -> Iterator[dict[str, Any]]:
    """Yield for each case a table, a chart of each cost that differs, and ops by name.

    Args:
        rows: Of one exercise, in any order.
        translate: The translator of the exercise.
        name: The start of the charts' ids.
    """
    shown: list[tuple[dict[str, int], dict[str, int]]] = []
    for place, (case, members) in enumerate(rows_by_case([row for row in rows if row.metrics])):
        costs = costs_in(members)
        yield {
            "case": translate(case),
            "panels": list(_cost_charts(members, translate, f"{name}-l{place}")),
            "heads": [translate(cost.title) for cost in costs],
            "rows": [
                {
                    "who": translate(labels.contender(row.who)),
                    "kind": _kind(row.who),
                    "cells": format_cells(row, costs),
                }
                for row in members
            ],
            **_ops_by_name(members, translate, f"{name}-l{place}-h", shown),
        }


def growth_charts(
    curves: Sequence[GrowthCurve], translate: Translator, name: str
) -> Iterator[dict[str, Any]]:
    """Yield for each growth budget a chart and its data as a table.

    Args:
        curves: Of one exercise, in any order.
        translate: The translator of the exercise.
        name: The start of the charts' ids.
    """
    budgets = dict.fromkeys(map(_budget, curves))
    for place, budget in enumerate(budgets):
        members = [curve for curve in curves if _budget(curve) == budget]
        first, form = members[0], _formatter(members[0].of)
        sizes = sorted({size for curve in members for size, _cost in curve.points})
        title = translate(_growth_title(first))
        yield {
            "chart": charts.growth(members, form, translate, name=f"{name}-g{place}", title=title),
            "curves": [_curve(curve, sizes, translate) for curve in members],
            "sizes": [f"{first.over}={size:g}" for size in sizes],
            "allowed": f"{first.exponent_allowed:g}",
        }


def _cost_charts(rows: Sequence[CostRow], translate: Translator, name: str) -> Iterator[Chart]:
    for cost in COSTS:
        bars = [
            Bar(
                who=translate(labels.contender(row.who)),
                value=value,
                color=color_of(row.who),
            )
            for row in rows
            if (value := cost.of(row)) is not None
        ]
        if len({bar.value for bar in bars}) > 1:  # equal costs need no chart
            id_ = f"{name}-{cost.key.partition('_')[0]}"
            yield charts.costs(bars, cost.format, translate, name=id_, title=translate(cost.title))


def _ops_by_name(
    rows: Sequence[CostRow],
    translate: Translator,
    name: str,
    shown: list[tuple[dict[str, int], dict[str, int]]],
) -> dict[str, Any]:
    """Return a histogram with its data, or a sentence if the ops are the same; nothing twice.

    Args:
        rows: Of one case.
        translate: The translator of the exercise.
        name: The id of the chart.
        shown: The ops of earlier cases; those of this case are added.
    """
    view: dict[str, Any] = {"histogram": None, "linear": True, "ops": [], "same": ""}
    by_contender = {row.who: row.ops_by_name for row in rows}
    yours, reference = by_contender.get(YOURS, {}), by_contender.get(REFERENCE, {})
    if not (yours and reference) or (yours, reference) in shown:
        return view
    shown.append((yours, reference))
    if yours == reference:
        ops = comma_list(
            [f"{quantities.count(count)} x {spelling(op)}" for op, count in yours.items()]
        )
        same = _("Yours makes the same ops as the reference: {ops}.", ops=ops)
        return {**view, "same": translate(same)}
    title = translate(_("Ops by name: yours and the reference"))
    bars = charts.largest_ops(yours, reference, translate)
    return {
        **view,
        "histogram": charts.histogram(bars, translate, name=name, title=title),
        "linear": charts.is_linear(bars),
        "ops": [
            (op, quantities.count(mine), quantities.count(theirs)) for op, mine, theirs in bars
        ],
    }


def _budget(curve: GrowthCurve) -> tuple[str, str, str]:
    return curve.function, curve.over, curve.of


def _curve(curve: GrowthCurve, sizes: Sequence[float], translate: Translator) -> dict[str, Any]:
    interval = _("95%: {low:.2f} to {high:.2f}", low=curve.exponent_low, high=curve.exponent_high)
    costs, form = dict(curve.points), _formatter(curve.of)
    return {
        "who": translate(labels.contender(curve.who)),
        "kind": _kind(curve.who),
        "over": curve.over,
        "exponent": f"{curve.exponent:.2f}",
        "interval": translate(interval),
        "cells": [form(costs[size]) if size in costs else "-" for size in sizes],
    }


def _growth_title(curve: GrowthCurve) -> Message:
    return _(
        "{function}: {cost} over {over}",
        function=curve.function,
        cost=_GROWING.get(curve.of, curve.of),
        over=curve.over,
    )


def _formatter(of: str) -> Callable[[float], str]:
    """Return the function that formats a cost of a growth curve."""
    formatters = {"bytes": quantities.size, "time": lambda value: quantities.seconds(value * 1e-9)}
    return formatters.get(of, quantities.count)


def _kind(who: str) -> str:
    return who if who in (YOURS, REFERENCE) else "baseline"
