"""The report for editors: one line per finding, `FILE:LINE:COLUMN: SEVERITY: MESSAGE`; a count."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Final, TextIO

from torchkata.i18n import EMPTY, Message, _, join
from torchkata.report.grouping import (
    group_findings,
    most_important,
    no_verdict,
    split_waiting,
    state_counts,
)
from torchkata.report.text import plain
from torchkata.result import ExerciseResult, Localize, Report, State, Verdict

_BROKEN: Final = (State.ERROR, State.TIMEOUT)


class EditorReport:
    """Prints findings as compilers do, for problem matchers; see docs/editors.md.

    Args:
        localize: Returns the translator of an exercise.
        file: Where to print (default: standard output).
        folder: The folder of the submissions, as an editor's workspace sees it.
    """

    def __init__(
        self, localize: Localize, *, file: TextIO | None = None, folder: str = "exercises"
    ) -> None:
        self._localize = localize
        self._file = file or sys.stdout
        self._folder = folder

    def started(self, total: int, *, list_untouched: bool = True) -> None:
        """Print nothing."""

    def running(self, exercise_id: str) -> None:
        """Print nothing."""

    def finished(self, result: ExerciseResult) -> None:
        """Print the findings of one exercise."""
        translate = self._localize(result.id)
        for line, severity, message in _findings(result):
            text = " ".join(plain(translate(message)).split())
            self._print(f"{self._folder}/{result.id}.py:{line}:1: {severity}: {text}")

    def closing(self, report: Report, notes: Sequence[Message]) -> None:
        """Print the counts; the notes on the run are left out."""
        del notes
        self._print(self._localize("")(state_counts(report)))

    def _print(self, text: str) -> None:
        encoding = getattr(self._file, "encoding", None) or "utf-8"
        printable = text.encode(encoding, "backslashreplace").decode(encoding)
        print(printable, file=self._file, flush=True)


def _findings(result: ExerciseResult) -> Iterator[tuple[int, str, Message]]:
    """Yield line, severity and message of the most important findings."""
    failed = result.failed
    if (result.state in _BROKEN or result.state is State.FAILED) and not failed:
        yield 1, "error", result.message
    shown, rest = most_important(group_findings(failed))
    for finding in shown:
        why = join(*dict.fromkeys(check.why for check in finding.checks))
        message = _on_axis(finding.axis, join(why, finding.message))
        last = rest if finding is shown[-1] else EMPTY
        yield max(finding.checks[0].line, 1), "error", join(message, last)
    if result.state is State.UNMEASURABLE:
        undecided = [check for check in result.checks if check.verdict is Verdict.UNMEASURABLE]
        own_reason, _waiting = split_waiting(undecided)
        for finding in group_findings(own_reason):
            yield 1, "warning", _on_axis(finding.axis, no_verdict(finding))


def _on_axis(axis: str, message: Message) -> Message:
    return _("{axis}: {finding}", axis=axis, finding=message)
