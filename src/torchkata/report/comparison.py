"""After a pass: the submission beside the reference, and what makes the difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.syntax import Syntax
from rich.text import Text

from torchkata.i18n import EMPTY, Message, Translator, _, join, quantities, with_period
from torchkata.i18n.lists import comma_list, semicolon_list
from torchkata.i18n.op_names import spelling
from torchkata.report import cost_table
from torchkata.report.budget_figures import budget_figures, is_budgeted
from torchkata.report.console import Console
from torchkata.report.cost_table import COSTS
from torchkata.result import Comparison, CostRow, ExerciseResult

_GAP: Final = 3  # cells between two columns of code
_INDENT: Final = "  "
_MOST_NAMES: Final = 3  # ops that a sentence names
_MIN_LEAD: Final = 1.15
"""For the lower bound of a lead: in 132 races of a submission against itself it reached 1.06."""
_NEW_BEST: Final = 0.9  # of the earlier time, because the times of two runs differ by a few percent
_WELL_BELOW: Final = 0.9  # of the reference's cost: less is not worth praise
_MUCH: Final = {"ops": 2, "extra_bytes": 1024}
"""By metric: the smallest difference that is worth praise."""

_REASONS: Final = {
    "Correct": _("Why it is right"),
    "Fast": _("Why it is fast"),
    "Small": _("Why it is small"),
}


def sources(comparison: Comparison) -> list[tuple[Message, str]]:
    """Return title and code of both sources; nothing if one of them is not known."""
    if not comparison.yours or not comparison.reference:
        return []
    return [(_("Yours"), comparison.yours), (_("Reference"), comparison.reference)]


def code_lines(comparison: Comparison, console: Console, translate: Translator) -> list[Text]:
    """Lay out both sources: side by side if every line fits, else one below the other.

    Lines of code are never broken, because the result would not be Python any more.

    Args:
        comparison: What to show.
        console: Where it will be printed.
        translate: The translator of the exercise.
    """
    columns = [
        [Text(console.safe(translate(title)), "bold"), *_highlight(source, console)]
        for title, source in sources(comparison)
    ]
    if not columns:
        return []
    left, right = columns
    width = console.rich.width - len(_INDENT)
    left_width, right_width = (max(line.cell_len for line in column) for column in (left, right))
    if left_width + _GAP + right_width > width:
        return [Text(_INDENT).append_text(line) for line in [*left, Text(), *right]]
    lines = []
    for number in range(max(len(left), len(right))):
        mine = left[number] if number < len(left) else Text()
        line = Text(_INDENT).append_text(mine)
        if number < len(right):
            line.append(" " * (left_width - mine.cell_len + _GAP)).append_text(right[number])
        lines.append(line)
    return lines


def remarks(result: ExerciseResult) -> Iterator[tuple[Message, Message]]:
    """Yield a label and a text each: budgets, praise, the difference, the reason, the best.

    Args:
        result: A pass with a comparison.
    """
    comparison = result.comparison
    if comparison is None:
        return
    pairs = _pairs(result.cost_table)
    if figures := budget_figures(result):
        yield _("Budget"), with_period(semicolon_list(figures))
    if praise := join(*_praise(result, pairs)):
        yield _("Bravo"), praise
    if difference := _difference(pairs):
        yield _("Difference"), difference
    if comparison.reason:
        yield _REASONS.get(comparison.quality, _("Why it wins")), comparison.reason
    if comparison.best is not None and (best := _best(comparison.best, [y for y, _r in pairs])):
        yield _("Your best"), best


def _highlight(source: str, console: Console) -> list[Text]:
    syntax = Syntax("", "python", theme="ansi_dark", background_color="default")
    lines = list(syntax.highlight(console.safe(source)).split("\n"))
    for line in lines:
        line.rstrip()
    return lines


def _pairs(rows: Sequence[CostRow]) -> list[tuple[CostRow, CostRow]]:
    """Return the submission's row and the reference's, for each case that has both."""
    reference = {row.case: row for row in rows if row.who == cost_table.REFERENCE}
    return [
        (row, reference[row.case])
        for row in rows
        if row.who == cost_table.YOURS and row.case in reference
    ]


def _difference(pairs: Sequence[tuple[CostRow, CostRow]]) -> Message:
    """Describe the difference on the case that was timed, else where the ops differ most."""
    known = [pair for pair in pairs if all(row.ops_by_name or not row.metrics.get("ops", 0)
             for row in pair)]  # fmt: skip
    if not known:
        return EMPTY

    def rank(pair: tuple[CostRow, CostRow]) -> tuple[bool, float]:
        fewer, more = sorted(row.metrics.get("ops", 0) + 1 for row in pair)
        return "seconds_median" in pair[0].metrics, more / fewer

    yours, reference = max(known, key=rank)
    difference = join(_ops_difference(yours, reference), _memory_difference(yours, reference))
    several = len({str(row.case) for row, _reference in pairs}) > 1
    return join(difference, _("Case: {case}.", case=yours.case)) if several else difference


def _ops_difference(yours: CostRow, reference: CostRow) -> Message:
    mine, theirs = (_spelled(row.ops_by_name) for row in (yours, reference))
    total, reference_total = mine.total(), theirs.total()
    if mine == theirs:
        if not total:
            return _("No ops, like the reference.")
        if total == 1:
            return _("Same op as the reference: {ops}.", ops=list_ops(mine))
        return _("The same {n:,} ops as the reference: {ops}.", n=total, ops=list_ops(mine))
    only_mine, only_theirs = mine - theirs, theirs - mine
    return join(
        _("Your code makes as many ops as the reference ({n:,}), but different ones.", n=total)
        if total == reference_total
        else _(
            "Your code makes {n}, the reference {reference}.",
            n=_count_ops(total),
            reference=_count_ops(reference_total),
        ),
        _("Only yours: {ops}.", ops=list_ops(only_mine)) if only_mine else EMPTY,
        _("Only the reference: {ops}.", ops=list_ops(only_theirs)) if only_theirs else EMPTY,
    )


def _spelled(ops: Mapping[str, int]) -> Counter[str]:
    """Return the counts by the names that learners know; ops with the same name are summed up."""
    counts: Counter[str] = Counter()
    for name, count in ops.items():
        counts[spelling(name)] += count
    return counts


def _count_ops(count: int) -> Message:
    return _("1 op") if count == 1 else _("{count} ops", count=quantities.count(count))


def list_ops(counts: Counter[str]) -> Message:
    """List the most frequent ops; the rest is summed up, unless it is a single name."""
    ranked = counts.most_common()
    shown = ranked if len(ranked) <= _MOST_NAMES + 1 else ranked[:_MOST_NAMES]
    parts: list[Message | str] = [f"{count:,} x {name}" for name, count in shown]
    if rest := sum(count for _name, count in ranked[len(shown) :]):
        parts.append(_("{count:,} x other", count=rest))
    return comma_list(parts)


def _memory_difference(yours: CostRow, reference: CostRow) -> Message:
    mine, theirs = (row.metrics.get("extra_bytes") for row in (yours, reference))
    if mine is None or theirs is None or mine == theirs:
        return EMPTY
    return _(
        "At its peak, your code holds {size} of extra memory, the reference {other}.",
        size=quantities.size(mine),
        other=quantities.size(theirs),
    )


def _praise(result: ExerciseResult, pairs: Sequence[tuple[CostRow, CostRow]]) -> Iterator[Message]:
    """Say what is better than the reference beyond doubt: exact counts, and times of paired races.

    No meter counts the work of NumPy, so a submission that converts more often gets no praise.
    """
    leads = [
        (check.metrics["lead"], check.metrics["lead_low"])
        for check in result.checks
        if check.axis == "speed" and "lead_low" in check.metrics
    ]
    if leads and min(low for _lead, low in leads) > _MIN_LEAD:
        lead = min(lead for lead, _low in leads)
        yield _("{ratio} as fast as the reference.", ratio=quantities.ratio(lead))
    if any(_conversions(yours) > _conversions(reference) for yours, reference in pairs):
        return
    if pair := _leaner(result, pairs, "ops"):
        mine, theirs = (quantities.count(row.metrics["ops"]) for row in pair)
        yield _("Fewer ops than the reference: {mine} vs. {theirs}.",
                mine=mine, theirs=theirs)  # fmt: skip
    if pair := _leaner(result, pairs, "extra_bytes"):
        mine, theirs = (quantities.size(row.metrics["extra_bytes"]) for row in pair)
        yield _("Less extra memory than the reference: {mine} vs. {theirs}.",
                mine=mine, theirs=theirs)  # fmt: skip


def _leaner(
    result: ExerciseResult, pairs: Sequence[tuple[CostRow, CostRow]], key: str
) -> tuple[CostRow, CostRow] | None:
    """Return the first case with a much lower cost than the reference's, if no case has a higher.

    A cost that no budget limits is not what the exercise is about.
    """
    both = [pair for pair in pairs if all(key in row.metrics for row in pair)]
    if not is_budgeted(result, key):
        return None
    if any(yours.metrics[key] > reference.metrics[key] for yours, reference in both):
        return None
    for yours, reference in both:
        measured = yours.metrics.get("ops", 1)  # without any op, no meter has seen the work
        mine, theirs = yours.metrics[key], reference.metrics[key]
        if measured and mine <= _WELL_BELOW * theirs and theirs - mine >= _MUCH[key]:
            return yours, reference
    return None


def _conversions(row: CostRow) -> float:
    return row.metrics.get("conversions", 0)


def _best(before: Mapping[str, Mapping[str, float]], rows: Sequence[CostRow]) -> Message:
    """Describe the best costs so far, and the earlier ones that this submission improves on."""
    now = {str(row.case): row.metrics for row in rows}
    if not now:
        return EMPTY
    if not before:
        first = cost_table.format_metrics(cost_table.most_telling(now))
        return _("{metrics}, on your first pass.", metrics=first)
    improved = [
        _(
            "{new}, down from {old}",
            new=_format_cost(cost.key, new),
            old=_format_cost(cost.key, old),
        )
        for case, metrics in now.items()
        for cost in COSTS
        if (old := before.get(case, {}).get(cost.key)) is not None
        and (new := metrics.get(cost.key)) is not None
        and new < old * (_NEW_BEST if cost.key == "seconds_median" else 1)
    ]
    if improved:
        return _("New best: {improved}.", improved=semicolon_list(list(dict.fromkeys(improved))))
    lowest = {
        case: {
            cost.key: min(value, metrics.get(cost.key, value))
            for cost in COSTS
            if (value := {**metrics, **before.get(case, {})}.get(cost.key)) is not None
        }
        for case, metrics in now.items()
    }
    best = cost_table.format_metrics(cost_table.most_telling(lowest))
    return _("{metrics} so far.", metrics=best)


def _format_cost(key: str, value: float) -> Message | str:
    return cost_table.format_metrics({key: value}) or quantities.size(0)
