"""What an answer costs, as the page shows it: ladders with ops by name, and growth curves."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from torchkata.course.translations import told_case
from torchkata.i18n import _, quantities
from torchkata.report import labels
from torchkata.report.html import charts
from torchkata.report.html.charts import Bar, color_of
from torchkata.report.html.svg import Picture
from torchkata.result import CostRow, GrowthCurve

_YOURS: Final = "yours"
_REFERENCE: Final = "reference"
_LAST: Final = (_YOURS, _REFERENCE)
_COSTS: Final[tuple[tuple[str, Callable[[float], str]], ...]] = (
    ("seconds_median", quantities.seconds),
    ("ops", quantities.count),
    ("extra_bytes", quantities.size),
)


def ladders(rungs: Sequence[CostRow], name: str) -> Iterator[dict[str, Any]]:
    """One ladder per set of sizes: a table, a picture of each cost that differs, ops by name.

    Args:
        rungs: of one exercise, in any order.
        name: begins the ids of the pictures.
    """
    rungs = [rung for rung in rungs if rung.figures]
    drawn: list[Any] = []
    for place, case in enumerate(dict.fromkeys(rung.case for rung in rungs)):
        here = sorted((rung for rung in rungs if rung.case == case), key=_place)
        known = [
            key for key, _unused in _COSTS if any(_figure(rung, key) is not None for rung in here)
        ]
        yield {
            "case": told_case(case),
            "panels": list(_panels(here, f"{name}-l{place}")),
            "heads": [_title(key) for key in known],
            "rows": [
                {
                    "who": labels.contender(rung.who),
                    "kind": _kind(rung.who),
                    "cells": _cells(rung, known),
                }
                for rung in here
            ],
            **_ops(here, f"{name}-l{place}-h", drawn),
        }


def growths(curves: Sequence[GrowthCurve], name: str) -> Iterator[dict[str, Any]]:
    """One picture per budget of growth, with the figures as a table.

    Args:
        curves: of one exercise, in any order.
        name: begins the ids of the pictures.
    """
    budgets = dict.fromkeys((curve.function, curve.over, curve.of) for curve in curves)
    for place, budget in enumerate(budgets):
        here = [curve for curve in curves if (curve.function, curve.over, curve.of) == budget]
        written = _of(here[0].of)
        title = _growth_title(here[0])
        sizes = sorted({size for curve in here for size, _unused in curve.points})
        yield {
            "picture": charts.growth(here, written, name=f"{name}-g{place}", title=title),
            "curves": [
                {
                    "who": labels.contender(curve.who),
                    "kind": _kind(curve.who),
                    "over": curve.over,
                    "exponent": f"{curve.exponent:.2f}",
                    "sure": _(
                        "95%: {low:.2f} to {high:.2f}",
                        low=curve.exponent_low,
                        high=curve.exponent_high,
                    ),
                    "cells": [_at(curve, size) for size in sizes],
                }
                for curve in here
            ],
            "sizes": [f"{here[0].over}={size:g}" for size in sizes],
            "allowed": f"{here[0].exponent_allowed:g}",
        }


def _panels(rungs: Sequence[CostRow], name: str) -> Iterator[Picture]:
    for key, written in _COSTS:
        bars = [
            Bar(who=labels.contender(rung.who), value=value, color=color_of(rung.who))
            for rung in rungs
            if (value := _figure(rung, key)) is not None
        ]
        if len({bar.value for bar in bars}) > 1:  # the same for all needs no picture
            yield charts.costs(
                bars, written, name=f"{name}-{key.partition('_')[0]}", title=_title(key)
            )


def _title(key: str) -> str:
    return {"seconds_median": _("Time"), "ops": _("Ops")}.get(key, _("Extra memory"))


def _ops(rungs: Sequence[CostRow], name: str, drawn: list[Any]) -> dict[str, Any]:
    """Ops by name: a picture and its figures, or a sentence; nothing where they stand above."""
    nothing: dict[str, Any] = {"histogram": None, "names": [], "same": ""}
    tables = {rung.who: rung.ops_by_name for rung in rungs}
    yours, reference = tables.get(_YOURS, {}), tables.get(_REFERENCE, {})
    if not (yours and reference) or (yours, reference) in drawn:
        return nothing
    drawn.append((yours, reference))
    if yours == reference:
        counts = ", ".join(f"{quantities.count(count)} x {op}" for op, count in yours.items())
        told = _("Yours makes the same ops as the reference: {ops}.", ops=counts)
        return {**nothing, "same": told}
    title = _("Ops by name, yours and the reference's")
    rows = charts.ops_by_name(yours, reference)
    return {
        **nothing,
        "histogram": charts.histogram(rows, name=name, title=title),
        "names": [
            (op, quantities.count(mine), quantities.count(theirs)) for op, mine, theirs in rows
        ],
    }


def _growth_title(curve: GrowthCurve) -> str:
    noun = {"bytes": _("allocated bytes"), "ops": _("ops"), "time": _("time")}
    return _(
        "{function}: {cost} over {over}",
        function=curve.function,
        cost=noun.get(curve.of, curve.of),
        over=curve.over,
    )


def _of(kind: str) -> Callable[[float], str]:
    known = {"bytes": quantities.size, "time": lambda value: quantities.seconds(value * 1e-9)}
    return known.get(kind, quantities.count)


def _at(curve: GrowthCurve, size: float) -> str:
    cost = dict(curve.points).get(size)
    return "-" if cost is None else _of(curve.of)(cost)


def _cells(rung: CostRow, known: Sequence[str]) -> list[str]:
    values = [(_figure(rung, key), written) for key, written in _COSTS if key in known]
    return ["-" if value is None else written(value) for value, written in values]


def _figure(rung: CostRow, key: str) -> float | None:
    value = rung.figures.get(key)
    return value if value is not None and math.isfinite(value) and value >= 0 else None


def _kind(who: str) -> str:
    return who if who in _LAST else "baseline"


def _place(rung: CostRow) -> int:
    return _LAST.index(rung.who) + 1 if rung.who in _LAST else 0
