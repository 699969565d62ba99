"""After a pass: the learner's answer beside the reference, and the words on their difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.syntax import Syntax
from rich.text import Text

from torchkata.i18n import _, join
from torchkata.report import cost_table
from torchkata.report.console import Screen
from torchkata.result import Comparison, CostRow, ExerciseResult

_GAP: Final = 3  # cells between two columns of code
_INDENT: Final = "  "
_MOST_NAMES: Final = 3  # of ops in a sentence
_SURELY_FASTER: Final = 1.15
"""For the lower end of the lead: in 132 races of an answer against itself it reached 1.06."""
_NEWS: Final = 0.9  # of the time before: times of two runs differ by a few per cent for no reason


def answers(comparison: Comparison, screen: Screen) -> list[Text]:
    """Both answers: side by side where no line has to be broken for it, else one below the other.

    Args:
        comparison: what to show.
        screen: where it will be printed.
    """
    if not comparison.yours or not comparison.reference:
        return []
    room = screen.console.width - len(_INDENT)
    heads = [Text(screen.safe(name), "bold") for name in (_("Yours"), _("Reference"))]
    codes = [_code(text, screen) for text in (comparison.yours, comparison.reference)]
    left, right = ([head, *code] for head, code in zip(heads, codes, strict=True))
    wide = [max(line.cell_len for line in column) for column in (left, right)]
    if sum(wide) + _GAP > room:
        folded = [
            part
            for line in [*left, Text(), *right]
            for part in (line.wrap(screen.console, room, overflow="fold") or [line])
        ]
        return [Text(_INDENT).append_text(line) for line in folded]
    lines = []
    for number in range(max(len(left), len(right))):
        line = Text(_INDENT)
        mine = left[number] if number < len(left) else Text()
        line.append_text(mine)
        if number < len(right):
            line.append(" " * (wide[0] - mine.cell_len + _GAP)).append_text(right[number])
        lines.append(line)
    return lines


def words(result: ExerciseResult) -> Iterator[tuple[str, str]]:
    """Labels and sentences: what is better than the reference, the difference, why, and the best.

    Args:
        result: a pass with a comparison.
    """
    comparison = result.comparison
    if comparison is None:
        return
    pairs = _pairs(result.ladder)
    if praise := join(*_praise(result, pairs)):
        yield _("Bravo"), praise
    if pairs:
        yield _("Difference"), _difference(pairs)
    if comparison.reason:
        yield _("Reference"), comparison.reason
    told = (
        "" if comparison.best is None else _best(comparison.best, [mine for mine, _unused in pairs])
    )
    if told:
        yield _("Your best"), told


def _code(text: str, screen: Screen) -> list[Text]:
    syntax = Syntax("", "python", theme="ansi_dark", background_color="default")
    lines = syntax.highlight(screen.safe(text)).split("\n")
    for line in lines:
        line.rstrip()
    return list(lines)


def _pairs(rungs: Sequence[CostRow]) -> list[tuple[CostRow, CostRow]]:
    """The learner's rung and the reference's, for each case that has both."""
    theirs = {rung.case: rung for rung in rungs if rung.who == "reference"}
    return [
        (rung, theirs[rung.case]) for rung in rungs if rung.who == "yours" and rung.case in theirs
    ]


def _difference(pairs: Sequence[tuple[CostRow, CostRow]]) -> str:
    """Say what makes the difference, on the case where numbers of ops are furthest apart."""

    def apart(pair: tuple[CostRow, CostRow]) -> float:
        few, many = sorted(rung.figures.get("ops", 0) + 1 for rung in pair)
        return many / few

    mine, theirs = max(pairs, key=apart)
    return join(_ops(mine, theirs), _memory(mine, theirs))


def _ops(mine: CostRow, theirs: CostRow) -> str:
    counts, honest = Counter(mine.ops_by_name), Counter(theirs.ops_by_name)
    n, few = counts.total(), honest.total()
    if counts == honest:
        if not n:
            return _("No ops, like the reference.")
        named = _named(counts)
        if n == 1:
            return _("The same 1 op as the reference: {ops}.", ops=named)
        return _("The same {n:,} ops as the reference: {ops}.", n=n, ops=named)
    more, less = _named(counts - honest), _named(honest - counts)
    start = _("You make {n}, the reference {few}.", n=_times(n), few=_times(few))
    if n == few:
        start = _("You make as many ops as the reference ({n:,}), but others.", n=n)
    return join(
        start,
        _("Only yours: {ops}.", ops=more) if more else "",
        _("Only the reference: {ops}.", ops=less) if less else "",
    )


def _times(count: int) -> str:
    return _("1 op") if count == 1 else _("{count} ops", count=quantities.count(count))


def _named(counts: Counter[str]) -> str:
    ranked = counts.most_common()
    parts = [f"{count:,} x {name}" for name, count in ranked[:_MOST_NAMES]]
    if rest := sum(count for _unused, count in ranked[_MOST_NAMES:]):
        parts.append(_("{count:,} x other", count=rest))
    return _(", ").join(parts)


def _memory(mine: CostRow, theirs: CostRow) -> str:
    held, honest = (rung.figures.get("extra_bytes") for rung in (mine, theirs))
    if held is None or honest is None or held == honest:
        return ""
    return _(
        "At its peak it holds {size} of extra memory, the reference {other}.",
        size=quantities.size(held),
        other=quantities.size(honest),
    )


def _praise(result: ExerciseResult, pairs: Sequence[tuple[CostRow, CostRow]]) -> Iterator[str]:
    """Where the answer beats the reference for sure: counts exactly, times by a race in pairs.

    Work that left for numpy is counted nowhere, so who goes there more often is leaner nowhere.
    """
    leads = [
        (check.figures["lead"], check.figures["lead_low"])
        for check in result.checks
        if check.axis == "speed" and "lead_low" in check.figures
    ]
    if leads and min(low for _unused, low in leads) > _SURELY_FASTER:
        lead = min(lead for lead, _unused in leads)
        yield _("Faster than the reference: {ratio} as fast.", ratio=quantities.ratio(lead))
    if any(_figure(mine, "conversions") > _figure(theirs, "conversions") for mine, theirs in pairs):
        return
    for key, write in (("ops", quantities.count), ("extra_bytes", quantities.size)):
        both = [pair for pair in pairs if all(key in rung.figures for rung in pair)]
        if any(mine.figures[key] > theirs.figures[key] for mine, theirs in both):
            continue
        fewer = [pair for pair in both if pair[0].figures[key] < pair[1].figures[key]]
        fewer = [pair for pair in fewer if pair[0].figures.get("ops", 1)]  # no ops: not seen at all
        if fewer:
            mine, theirs = fewer[0]
            figures = [write(rung.figures[key]) for rung in (mine, theirs)]
            text = (
                _("Fewer ops than the reference: {mine}, where it makes {theirs}.",
                    mine=figures[0], theirs=figures[1])
                if key == "ops"
                else _("Less memory than the reference: {mine} extra, where it holds {theirs}.",
                         mine=figures[0], theirs=figures[1])
            )  # fmt: skip
            yield text


def _figure(rung: CostRow, key: str) -> float:
    return rung.figures.get(key, 0)


def _best(before: Mapping[str, Mapping[str, float]], rungs: Sequence[CostRow]) -> str:
    """Say what the best is so far, and the figure before where this one is better."""
    now = {rung.case: rung.figures for rung in rungs}
    if not now:
        return ""
    if not before:
        return _(
            "{figures}, at your first pass.", figures=cost_table.brief(cost_table.telling(now))
        )
    news = []
    for case, figures in now.items():
        for key, margin in (("seconds_median", _NEWS), ("ops", 1), ("extra_bytes", 1)):
            old, new = before.get(case, {}).get(key), figures.get(key)
            if old is not None and new is not None and new < old * margin:
                told = [
                    cost_table.brief({key: value}) or quantities.size(0) for value in (new, old)
                ]
                news.append(_("{new}, before {old}", new=told[0], old=told[1]))
    if news:
        return _("New best: {news}.", news=_("; ").join(dict.fromkeys(news)))
    lowest = {
        case: {key: min(value, figures.get(key, value))
               for key, value in {**figures, **before.get(case, {})}.items()
               if key in ("seconds_median", "ops", "extra_bytes")}
        for case, figures in now.items()
    }  # fmt: skip
    return _("{figures} so far.", figures=cost_table.brief(cost_table.telling(lowest)))
