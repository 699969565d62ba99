"""Outcomes for editors: one line per finding, `FILE:LINE:COLUMN: SEVERITY: MESSAGE`; a count."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TextIO

from torchkata.i18n import _, join
from torchkata.report import text as units
from torchkata.report.grouping import counted, grouped
from torchkata.result import ExerciseResult, Report, State, Verdict

_BROKEN = (State.ERROR, State.TIMEOUT)


class ProblemsReport:
    """Prints findings as compilers do, for problem matchers; see docs/editors.md.

    Args:
        file: where to print; standard output by default.
        folder: holds the submissions, as an editor's workspace sees it.
    """

    def __init__(self, *, file: TextIO | None = None, folder: str = "exercises") -> None:
        self._file = file or sys.stdout
        self._folder = folder

    def started(self, total: int) -> None:
        """Say nothing."""

    def running(self, exercise_id: str) -> None:
        """Say nothing."""

    def finished(self, result: ExerciseResult) -> None:
        """Print what was found in one exercise."""
        for line, severity, message in _found(result):
            text = " ".join(units.plain(message).split())
            self._print(f"{self._folder}/{result.id}.py:{line}:1: {severity}: {text}")

    def closing(self, report: Report, notes: Sequence[str]) -> None:
        """Print the counts, without the notes on the run."""
        del notes
        self._print(counted(report))

    def _print(self, text: str) -> None:
        encoding = getattr(self._file, "encoding", None) or "utf-8"
        print(
            text.encode(encoding, "backslashreplace").decode(encoding), file=self._file, flush=True
        )


def _found(result: ExerciseResult) -> Iterator[tuple[int, str, str]]:
    """Line, severity and message of each finding, those of a line together."""
    failed = result.failed
    if (result.state in _BROKEN or result.state is State.FAILED) and not failed:
        yield 1, "error", result.message
    for line in dict.fromkeys(check.line for check in failed):
        here = [check for check in failed if check.line == line]
        why = join(*dict.fromkeys(check.why for check in here))
        findings = [f"{axis}: {text}" for axis, text in grouped(here)]
        for number, text in enumerate(findings, start=1):
            yield max(line, 1), "error", join(text, why if number == len(findings) else "")
    if result.state is State.UNMEASURABLE:
        unsure = [check for check in result.checks if check.verdict is Verdict.UNMEASURABLE]
        for axis, text in grouped(unsure):
            yield 1, "warning", join(f"{axis}:", _("No verdict."), text)
