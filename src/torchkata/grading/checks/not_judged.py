"""Checks on the twin that it cannot run: no verdict if the same call works on the CPU."""

from __future__ import annotations

from torchkata.errors import KataError
from torchkata.grading.outcome import Outcome, undecided
from torchkata.grading.session import Session
from torchkata.i18n import EMPTY, _, join
from torchkata.result import CPU, NOT_JUDGED, TWIN
from torchkata.worker import builtin_probes


def without_limits_of_twin(session: Session, outcome: Outcome) -> Outcome:
    """Replace the outcome of a check that failed only because of what the twin cannot run.

    The worker says that an error is of that kind. That is believed only if the same call, repeated
    on the CPU, succeeds.
    """
    error, call = outcome.error, session.last_call
    if error is None or not error.twin_limit or call is None or call.device != TWIN:
        return outcome
    try:
        session.processes.worker_on().run(builtin_probes.run_on, call.probe, call.arguments(), CPU)
    except KataError:
        return outcome
    where = _("The call is on line {line}.", line=error.line) if error.line else EMPTY
    return undecided(
        NOT_JUDGED,
        join(
            _(
                "Not judged on {device}: this simulated GPU cannot run the call, but it works on "
                "the CPU.",
                device=call.device,
            ),
            where,
        ),
    )
