"""Findings of several checks merged into one, and counts of exercises by state."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Final

from torchkata.i18n import EMPTY, Message, _, join
from torchkata.i18n.lists import and_list, comma_list
from torchkata.report import labels
from torchkata.result import AXES, CPU, NOT_JUDGED, CheckResult, ExerciseResult, Report, State

MOST_FINDINGS: Final = 3
"""The most findings of an exercise that a report shows, unless it shows every check."""

_WAITING: Final = ("skipped", "not-timed")
"""The codes of checks that were not judged because another one failed."""

_NUMBERS: Final = re.compile(r"[-+]?\d[\d,.]*(?:e[-+]?\d+)?|\bnan\b|\binf\b")
_LISTS: Final = re.compile(r"#(?:[,x] ?#)+")
_LAST: Final = len(AXES)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One finding, which one check or several share.

    Attributes:
        axis: The first of its axes, in the order in which a learner should fix them.
        message: What was found, on which cases, inputs and devices.
        checks: The checks that share it, the one that shows it best first.
    """

    axis: str
    message: Message
    checks: tuple[CheckResult, ...]

    @property
    def kind(self) -> str:
        """What was found, without where: `wrong-values`, or another code of the checks."""
        return _family(self.checks[0])


def state_counts(report: Report) -> Message:
    """Return the number of exercises in each state that occurs."""
    counts = [
        _("{count} {state}", count=count, state=labels.state(state))
        for state in labels.SYMBOLS
        if (count := report.summary[state.value])
    ]
    listed = comma_list(counts) or _("none selected")
    total = len(report.exercises)
    if total == 1:
        return _("1 exercise: {counts}", counts=listed)
    return _("{count} exercises: {counts}", count=total, counts=listed)


def group_findings(checks: Sequence[CheckResult]) -> list[Finding]:
    """Merge findings that repeat each other in other cases, dtypes, layouts and devices.

    A group is shown by its smallest case in which no two sizes are equal, because such a case
    tells dimensions apart.

    Args:
        checks: The checks with findings.

    Returns:
        The findings in the order in which a learner should fix them.
    """
    groups: dict[object, list[CheckResult]] = {}
    for check in sorted(checks, key=_axis_rank):
        groups.setdefault(_repeated_part(check), []).append(check)
    return [
        Finding(axis=group[0].axis, message=_merged(ranked := _ranked(group)), checks=tuple(ranked))
        for group in groups.values()
    ]


def most_important(findings: Sequence[Finding]) -> tuple[list[Finding], Message]:
    """Return the findings to show, and a sentence on the number of the others.

    Args:
        findings: From `group_findings`. One with an explanation is always shown.
    """
    if len(findings) <= MOST_FINDINGS:
        return list(findings), EMPTY
    shown, hidden = list(findings[:MOST_FINDINGS]), list(findings[MOST_FINDINGS:])
    for place, finding in enumerate(hidden):
        if any(check.why for check in finding.checks):
            shown[-1], hidden[place] = finding, shown[-1]
            break
    kinds = {finding.kind for finding in shown}
    count = len(hidden)
    others = sum(finding.kind not in kinds for finding in hidden)
    if not others:
        return shown, _(
            "And 1 more of the same kind." if count == 1 else "And {count} more of the same kind.",
            count=count,
        )
    if others == count:
        return shown, _(
            "And 1 more of another kind." if count == 1 else "And {count} more of other kinds.",
            count=count,
        )
    return shown, _(
        "And {count} more, 1 of them of another kind."
        if others == 1
        else "And {count} more, {others} of them of other kinds.",
        count=count,
        others=others,
    )


def explanations(checks: Sequence[CheckResult]) -> list[Message]:
    """Return the explanations of known traps, each once."""
    return list(dict.fromkeys(check.why for check in checks if check.why))


def split_waiting(checks: Sequence[CheckResult]) -> tuple[list[CheckResult], list[CheckResult]]:
    """Split undecided checks into those with a reason of their own, and those that wait.

    Args:
        checks: Checks without a verdict. Those that wait repeat only that another check failed.
    """
    waiting = [check for check in checks if check.code in _WAITING]
    return [check for check in checks if check.code not in _WAITING], waiting


def no_verdict(finding: Finding) -> Message:
    """Return what to say about a finding of undecided checks; a message may say it by itself."""
    if finding.checks[0].code == NOT_JUDGED:
        return finding.message
    return join(_("No verdict."), finding.message)


def state_message(result: ExerciseResult, findings: Sequence[Finding]) -> Message:
    """Return the message on an exercise's state, and where to start if there is a choice."""
    if result.state is State.FAILED and len(findings) > 1:
        return join(result.message, _("Start with the first one."))
    return result.message


def _axis_rank(check: CheckResult) -> int:
    return AXES.index(check.axis) if check.axis in AXES else _LAST


def _family(check: CheckResult) -> str:
    """Return the code of a check, the same for all patterns that wrong values follow."""
    return "wrong-values" if "wrong_share" in check.metrics else check.code


def _repeated_part(check: CheckResult) -> object:
    """Return what checks with the same finding share: its code and words, but not its numbers."""
    raised = _find(check.message, "kind") if check.code == "raised" else None
    if raised is not None:
        return check.code, str(_without_numbers(raised))
    label = check.message.values.get("label")
    if check.code and label is not None:
        return _family(check), str(_without_numbers(label))
    return check.code, str(_without_numbers(check.message))


def _find(message: Message, name: str) -> Message | None:
    """Return the message, or the first one inside it, that has a value of this name."""
    if name in message.values:
        return message
    inside = (value for value in message.values.values() if isinstance(value, Message))
    return next((found for value in inside if (found := _find(value, name))), None)


def _without_numbers(value: object) -> object:
    """Return a message, or a value in it, without its case and with `#` for each number."""
    if not isinstance(value, Message):
        return _LISTS.sub("#", _NUMBERS.sub("#", str(value)))
    values = [
        (name, _without_numbers(part)) for name, part in value.values.items() if name != "case"
    ]
    return (value.template, values, [_without_numbers(part) for part in value.following])


def _ranked(group: Sequence[CheckResult]) -> list[CheckResult]:
    """Sort checks of one finding: the first axis, the CPU, then cases that show it best."""

    def rank(check: CheckResult) -> tuple[int, bool, bool, float]:
        sizes = _sizes(check.case)
        alike = len(set(sizes)) < len(sizes) or any(size <= 1 for size in sizes)
        return _axis_rank(check), check.device != CPU, alike, _elements(check.case)

    return sorted(group, key=rank)


def _elements(case: Message) -> float:
    """Return the product of a case's sizes, with zeros counted as one."""
    return prod(max(size, 1) for size in _sizes(case))


def _sizes(case: Message) -> list[float]:
    """Return the sizes that the label of a case names by a letter, such as N=4."""
    for value in case.values.values():
        if isinstance(value, Message) and (sizes := _sizes(value)):
            return sizes
    named = re.findall(r"\b[A-Za-z]=(\d+)", str(case.values.get("sizes", "")))
    return [float(size) for size in named]


def _merged(group: Sequence[CheckResult]) -> Message:
    message, first = group[0].message, group[0].case
    cases = list(dict.fromkeys(check.case for check in group if check.case))
    devices = list(dict.fromkeys(check.device for check in group))
    axes = list(dict.fromkeys(check.axis for check in group))
    parts = [message]
    if first and not _mentions(message, first):
        parts.append(
            _("Case: {case}.", case=first)
            if len(cases) == 1
            else _(
                "In {count} cases, the smallest: {case}."
                if _elements(first) == min(map(_elements, cases))
                else "In {count} cases, for example: {case}.",
                count=len(cases),
                case=first,
            )
        )
    elif len(cases) > 1:
        more = len(cases) - 1
        parts.append(
            _("The same in 1 more case.")
            if more == 1
            else _("The same in {count} more cases.", count=more)
        )
    parts.append(group[0].inputs and _("With {inputs}.", inputs=group[0].inputs))
    if devices != [CPU] and not all(_mentions(message, device) for device in devices):
        parts.append(_("On {devices}.", devices=and_list(devices)))
    if len(axes) > 1:
        others = comma_list([labels.axis(axis) for axis in axes[1:]])
        parts.append(_("The same for {axes}.", axes=others))
    return join(*parts)


def _mentions(message: Message, wanted: object) -> bool:
    """Return whether a value of the message, or of one inside it, is the wanted one."""
    return any(
        value == wanted or (isinstance(value, Message) and _mentions(value, wanted))
        for part in (message, *message.following)
        for value in part.values.values()
    )
