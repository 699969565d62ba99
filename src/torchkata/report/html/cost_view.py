"""What an answer costs, as the page shows it: ladders with ops by name, and growth curves."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from torchkata.course.translations import told_case
from torchkata.i18n.messages import say
from torchkata.report import labels, text
from torchkata.report.html import charts
from torchkata.report.html.charts import Bar, color_of
from torchkata.report.html.svg import Picture
from torchkata.result import Curve, Rung

_YOURS: Final = "yours"
_REFERENCE: Final = "reference"
_LAST: Final = (_YOURS, _REFERENCE)
_COSTS: Final[tuple[tuple[str, Callable[[float], str]], ...]] = (
    ("seconds_median", text.seconds),
    ("ops", text.count),
    ("extra_bytes", text.size),
)


def ladders(rungs: Sequence[Rung], name: str) -> Iterator[dict[str, Any]]:
    """One ladder per set of sizes: a table, a picture of each cost that differs, ops by name.

    Args:
        rungs: of one exercise, in any order.
        name: begins the ids of the pictures.
    """
    rungs = [rung for rung in rungs if rung.figures]
    drawn: list[Any] = []
    for place, case in enumerate(dict.fromkeys(rung.case for rung in rungs)):
        here = sorted((rung for rung in rungs if rung.case == case), key=_place)
        known = [key for key, _ in _COSTS if any(_figure(rung, key) is not None for rung in here)]
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


def growths(curves: Sequence[Curve], name: str) -> Iterator[dict[str, Any]]:
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
        sizes = sorted({size for curve in here for size, _ in curve.points})
        yield {
            "picture": charts.growth(here, written, name=f"{name}-g{place}", title=title),
            "curves": [
                {
                    "who": labels.contender(curve.who),
                    "kind": _kind(curve.who),
                    "over": curve.over,
                    "exponent": f"{curve.exponent:.2f}",
                    "sure": say(
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


def _panels(rungs: Sequence[Rung], name: str) -> Iterator[Picture]:
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
    return {"seconds_median": say("Time"), "ops": say("Ops")}.get(key, say("Extra memory"))


def _ops(rungs: Sequence[Rung], name: str, drawn: list[Any]) -> dict[str, Any]:
    """Ops by name: a picture and its figures, or a sentence; nothing where they stand above."""
    nothing: dict[str, Any] = {"histogram": None, "names": [], "same": ""}
    tables = {rung.who: rung.ops_by_name for rung in rungs}
    yours, reference = tables.get(_YOURS, {}), tables.get(_REFERENCE, {})
    if not (yours and reference) or (yours, reference) in drawn:
        return nothing
    drawn.append((yours, reference))
    if yours == reference:
        counts = ", ".join(f"{text.count(count)} x {op}" for op, count in yours.items())
        told = say("Yours makes the same ops as the reference: {ops}.", ops=counts)
        return {**nothing, "same": told}
    title = say("Ops by name, yours and the reference's")
    rows = charts.ops_by_name(yours, reference)
    return {
        **nothing,
        "histogram": charts.histogram(rows, name=name, title=title),
        "names": [(op, text.count(mine), text.count(theirs)) for op, mine, theirs in rows],
    }


def _growth_title(curve: Curve) -> str:
    noun = {"bytes": say("allocated bytes"), "ops": say("ops"), "time": say("time")}
    return say(
        "{function}: {cost} over {over}",
        function=curve.function,
        cost=noun.get(curve.of, curve.of),
        over=curve.over,
    )


def _of(kind: str) -> Callable[[float], str]:
    known = {"bytes": text.size, "time": lambda value: text.seconds(value * 1e-9)}
    return known.get(kind, text.count)


def _at(curve: Curve, size: float) -> str:
    cost = dict(curve.points).get(size)
    return "-" if cost is None else _of(curve.of)(cost)


def _cells(rung: Rung, known: Sequence[str]) -> list[str]:
    values = [(_figure(rung, key), written) for key, written in _COSTS if key in known]
    return ["-" if value is None else written(value) for value, written in values]


def _figure(rung: Rung, key: str) -> float | None:
    value = rung.figures.get(key)
    return value if value is not None and math.isfinite(value) and value >= 0 else None


def _kind(who: str) -> str:
    return who if who in _LAST else "baseline"


def _place(rung: Rung) -> int:
    return _LAST.index(rung.who) + 1 if rung.who in _LAST else 0
