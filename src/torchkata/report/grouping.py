"""Findings of several checks merged into one, and counts of exercises by state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torchkata.i18n import Message, _, join
from torchkata.i18n.lists import and_list, comma_list
from torchkata.report import labels
from torchkata.result import AXES, CPU, CheckResult, Report


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


def group_findings(checks: Sequence[CheckResult]) -> Iterator[tuple[str, Message]]:
    """Merge equal findings of several checks, which may differ in axis, case and device.

    Args:
        checks: The checks with findings. Those of one axis are ordered from the smallest case to
            the largest, so the first of a group has the smallest.

    Yields:
        The first axis of a group, in the order in which a learner should fix them, and the finding.
    """
    order = {axis: place for place, axis in enumerate(AXES)}
    groups: dict[tuple[str, Message], list[CheckResult]] = {}
    for check in sorted(checks, key=lambda check: order.get(check.axis, len(order))):
        groups.setdefault((check.code, _without_case(check.message)), []).append(check)
    for group in groups.values():
        yield group[0].axis, _merged(group)


def _merged(group: Sequence[CheckResult]) -> Message:
    message = group[0].message
    cases = list(dict.fromkeys(check.case for check in group if check.case))
    devices = list(dict.fromkeys(check.device for check in group))
    axes = list(dict.fromkeys(check.axis for check in group))
    parts = [message]
    if cases and not _mentions(message, cases[0]):
        parts.append(
            _("Case: {case}.", case=cases[0])
            if len(cases) == 1
            else _("In {count} cases, the smallest: {case}.", count=len(cases), case=cases[0])
        )
    elif len(cases) > 1:
        more = len(cases) - 1
        parts.append(
            _("The same in 1 more case.")
            if more == 1
            else _("The same in {count} more cases.", count=more)
        )
    if devices != [CPU] and not all(_mentions(message, device) for device in devices):
        parts.append(_("On {devices}.", devices=and_list(devices)))
    if len(axes) > 1:
        others = comma_list([labels.axis(axis) for axis in axes[1:]])
        parts.append(_("The same for {axes}.", axes=others))
    return join(*parts)


def _without_case(message: Message) -> Message:
    """Return the message without the values that name a case, to compare findings of cases."""
    values = {
        name: _without_case(value) if isinstance(value, Message) else value
        for name, value in message.values.items()
        if name != "case"
    }
    return Message(message.template, values, tuple(map(_without_case, message.following)))


def _mentions(message: Message, wanted: object) -> bool:
    """Return whether a value of the message, or of one inside it, is the wanted one."""
    return any(
        value == wanted or (isinstance(value, Message) and _mentions(value, wanted))
        for part in (message, *message.following)
        for value in part.values.values()
    )
