"""Judge a changed copy of a submission: whether a change makes failed checks pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from torchkata.grading.checks.check import Check, run_check
from torchkata.grading.data_dir import DataDir
from torchkata.grading.processes import Processes, Submission
from torchkata.grading.session import Session
from torchkata.result import CPU, Verdict
from torchkata.sandbox.worker_client import WorkerClient

_MOST_SECONDS: Final = 2.0  # of a request: a change may cause an endless loop


class _BorrowedReference(Processes):
    """Processes of a changed submission that use the original's reference and data.

    Args:
        original: the processes of the original submission.
        submission: the changed one.
    """

    def __init__(self, original: Processes, submission: Submission) -> None:
        super().__init__(original.exercise, submission, original.launcher)
        self._original = original

    def reference_on(self, device: str = CPU) -> WorkerClient:
        """Return the original's reference."""
        return self._original.reference_on(device)

    def worker_on(self, device: str = CPU) -> WorkerClient:
        """Return a worker that holds the changed submission, with a short time limit."""
        worker = super().worker_on(device)
        worker.limit = min(worker.limit, _MOST_SECONDS)
        return worker

    @property
    def data_dir(self) -> DataDir:
        """The original's data."""
        return self._original.data_dir


def passing(session: Session, source: bytes, checks: Sequence[Check]) -> list[bool]:
    """Return which checks pass for another version of the file; none after the first that fails.

    Args:
        session: the exercise under judgment.
        source: the changed file.
        checks: checks that fail for the original; the first has to pass for the others to count.
    """
    changed = replace(session.submission, source=source)
    trial = Session(
        session.exercise, changed, session.processes.launcher, session.random, session.devices
    )
    trial.processes = _BorrowedReference(session.processes, changed)
    results: list[bool] = []
    try:
        for check in checks:
            results.append(run_check(check, trial).result.verdict is Verdict.PASSED)
            if not results[0] or trial.learned.deaths:
                break
    finally:
        trial.close()
    return results
