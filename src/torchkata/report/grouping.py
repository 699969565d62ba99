"""Findings of several checks that say the same, put together; and how many went how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from torchkata.course.translations import told_case
from torchkata.i18n import _, join
from torchkata.report import labels
from torchkata.result import AXES, CheckResult, Report, State

_COUNTED = (*(state for state in State if state is not State.TODO), State.TODO)


def counted(report: Report) -> str:
    """How many exercises are in which state, those that are not started last."""
    counts = [
        _("{count} {state}", count=n, state=labels.state(state))
        for state in _COUNTED
        if (n := report.summary[state.value])
    ]
    total = len(report.exercises)
    return _(
        "1 exercise: {counts}" if total == 1 else "{count} exercises: {counts}",
        count=total,
        counts=_(", ").join(counts) or _("none selected"),
    )


def grouped(checks: Sequence[CheckResult]) -> Iterator[tuple[str, str]]:
    """Say each finding once, under its first axis, with the smallest of its cases.

    Axes come in the order of mending. Checks come from the smallest case to the largest, so the
    first of a group is the smallest.
    """
    groups: dict[str, list[CheckResult]] = {}
    order = {axis: place for place, axis in enumerate(AXES)}
    for check in sorted(checks, key=lambda check: order.get(check.axis, len(order))):
        body = check.message.removesuffix(_("Case: {case}.", case=told_case(check.case))).rstrip()
        groups.setdefault(body, []).append(check)
    for body, group in groups.items():
        axes, cases, devices = (
            list(dict.fromkeys(getattr(check, key) for check in group))
            for key in ("axis", "case", "device")
        )
        parts = [body]
        cases = [told_case(case).rstrip(".。") for case in cases if case]
        if len(cases) > 1:
            parts.append(
                _("In {count} cases, the smallest: {case}.", count=len(cases), case=cases[0])
            )
        elif cases and cases[0] not in body:
            parts.append(_("Case: {case}.", case=cases[0]))
        if devices != ["cpu"] and not all(device in body for device in devices):
            parts.append(_("On {devices}.", devices=_(" and ").join(devices)))
        if len(axes) > 1:
            others = _(", ").join(labels.axis(axis) for axis in axes[1:])
            parts.append(_("The same for {axes}.", axes=others))
        yield axes[0], join(*parts)
