"""One exercise as its part of the page shows it: plain values and charts, no markup."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from torchkata.i18n import EMPTY, Message, Translator, _, quantities, verbatim
from torchkata.report import comparison, cost_table, grouping, labels
from torchkata.report.html.cost_view import cost_tables, growth_charts
from torchkata.report.html.page_parts import anchor
from torchkata.report.printed import split_output
from torchkata.report.text import plain
from torchkata.result import AXES, FAILING, TODO, CheckResult, ExerciseResult, State, Verdict

_MOST_LINES: Final = 60  # of the learner's output
_MOST_CHARACTERS: Final = 3500
_MOST_WARNINGS: Final = 10
_RATIOS: Final = ("ratio", "threshold")


def exercise_view(
    result: ExerciseResult, translate: Translator, folder: str | None
) -> dict[str, Any]:
    """Return what the page shows of an exercise.

    Args:
        result: The result of the exercise.
        translate: The translator of the exercise.
        folder: The folder of the submissions, for the paths in the advice; None for a part that
            is shown alone, open and without advice.
    """
    failed = [check for check in result.failed if check.message_with_case != result.message]
    undecided = [
        check
        for check in result.checks
        if check.verdict is Verdict.UNMEASURABLE and check.code != TODO
    ]
    findings = grouping.group_findings(failed)
    shown, rest = grouping.most_important(findings)
    printed = split_output(result.output)
    failing = result.state in FAILING or result.state is State.UNMEASURABLE
    passed = result.state is State.PASSED
    steps = [] if passed or folder is None else list(_next_steps(result, folder))
    return {
        "anchor": anchor(result.id),
        "id": result.id,
        "name": result.name,
        "state": result.state.value,
        "label": translate(labels.state(result.state)),
        "symbol": labels.SYMBOLS[result.state],
        "kind": "failing" if failing else result.state.value,
        "message": translate(grouping.state_message(result, findings)),
        "seconds": quantities.seconds(result.seconds) if result.seconds else "",
        "cost": translate(cost_table.summary(result.cost_table)) if passed else "",
        "findings": _findings(shown, translate),
        "rest": translate(rest),
        "whys": [translate(why) for why in grouping.explanations(result.failed)],
        "undecided": _findings(grouping.group_findings(undecided), translate),
        "comparison": _comparison(result, translate),
        "open": failing or folder is None,
        "next": [(translate(label), translate(text)) for label, text in steps],
        "axes": _axes(result.checks, translate),
        "check_count": translate(_check_count(len(result.checks))),
        "warnings": [translate(warning) for warning in printed.warnings[:_MOST_WARNINGS]],
        "output": _output(printed.text),
        "cut": translate(_cut_note(printed.text)),
        "cost_tables": list(cost_tables(result.cost_table, translate, anchor(result.id))),
        "growths": list(growth_charts(result.growth, translate, anchor(result.id))),
        "bare": not (result.checks or result.output or result.cost_table or failing),
    }


def metric_items(metrics: Mapping[str, float]) -> list[tuple[str, str]]:
    """Return label and formatted value of each finite metric.

    Args:
        metrics: Numbers with the unit in the key, such as `extra_bytes` or `seconds_median`.
    """
    return [
        (key.replace("_", " "), _format_metric(key, value))
        for key, value in metrics.items()
        if isinstance(value, int | float) and math.isfinite(value)
    ]


def _format_metric(key: str, value: float) -> str:
    parts = key.split("_")
    if "seconds" in parts:
        return quantities.seconds(value)
    if "bytes" in parts:
        return quantities.size(value)
    if parts[0] in _RATIOS or parts[-1] in _RATIOS:
        return quantities.ratio(value)
    if parts[0] == "exponent":
        return f"{value:.2f}"
    if parts[0] == "time":  # of a growth curve, in nanoseconds
        return quantities.seconds(value * 1e-9)
    return quantities.count(value)


def _findings(findings: Sequence[grouping.Finding], translate: Translator) -> list[tuple[str, str]]:
    return [
        (translate(labels.axis(finding.axis)), translate(finding.message)) for finding in findings
    ]


def _comparison(result: ExerciseResult, translate: Translator) -> dict[str, Any] | None:
    """Return both sources and the remarks on them, after a pass."""
    if result.comparison is None:
        return None
    return {
        "sources": [
            {"title": translate(title), "code": code}
            for title, code in comparison.sources(result.comparison)
        ],
        "remarks": [
            (translate(label), translate(text)) for label, text in comparison.remarks(result)
        ],
    }


def _next_steps(result: ExerciseResult, folder: str) -> Iterator[tuple[Message, Message]]:
    command = f"`nox -s grade -- {result.name}`"
    if result.state is State.UNMEASURABLE:
        yield _("Run"), _("{command} again when the machine is less busy", command=command)
        return
    yield _("Edit"), verbatim(f"`{folder}/{result.id}.py`")
    yield _("Run"), verbatim(command)
    yield _("Stuck?"), verbatim(f"`nox -s hint -- {result.name}`")


def _check_count(count: int) -> Message:
    return _("1 check") if count == 1 else _("{n} checks", n=count)


def _axes(checks: Sequence[CheckResult], translate: Translator) -> list[dict[str, Any]]:
    """Return the checks by axis, in the order in which to fix them; unknown axes come last."""
    axes = dict.fromkeys([*AXES, *(check.axis for check in checks)])
    groups = {axis: [check for check in checks if check.axis == axis] for axis in axes}
    return [_axis(axis, group, translate) for axis, group in groups.items() if group]


def _axis(axis: str, checks: Sequence[CheckResult], translate: Translator) -> dict[str, Any]:
    verdicts = [check.verdict for check in checks]
    worst = next((v for v in (Verdict.FAILED, Verdict.UNMEASURABLE) if v in verdicts), None)
    label, passed = labels.axis(axis), verdicts.count(Verdict.PASSED)
    tally = _("{axis}: {passed} of {total} passed", axis=label, passed=passed, total=len(checks))
    return {
        "axis": translate(label),
        "verdict": (worst or Verdict.PASSED).value,
        "tally": f"{passed}/{len(checks)}",
        "tally_sentence": translate(tally),
        "checks": [_check(check, translate) for check in checks],
    }


def _check(check: CheckResult, translate: Translator) -> dict[str, Any]:
    name, case = map(translate, labels.check_name(check))
    return {
        "name": name,
        "case": case,
        "verdict": check.verdict.value,
        "label": translate(labels.verdict(check.verdict)),
        "message": translate(check.message),
        "metrics": metric_items(check.metrics),
    }


def _output(output: str) -> str:
    if not output.strip():
        return ""
    start = output[:_MOST_CHARACTERS]
    if len(output) > len(start):  # end with a whole line or at least a whole word
        start = start[: max(start.rfind("\n"), start.rfind(" ")) + 1] or start
    return "\n".join(plain(start).splitlines()[:_MOST_LINES]).rstrip()


def _cut_note(output: str) -> Message:
    if len(output) <= _MOST_CHARACTERS and len(output.splitlines()) <= _MOST_LINES:
        return EMPTY
    return _("Truncated ({n} characters).", n=quantities.count(len(output)))
