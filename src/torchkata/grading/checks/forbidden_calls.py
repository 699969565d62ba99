"""The check of forbidden calls: a function must not call the library function it reimplements."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import torch

from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.errors import SubmissionError
from torchkata.grading.checks.metering import read_meters
from torchkata.grading.checks.outputs import differences_by_axis, returning_cases
from torchkata.grading.outcome import Outcome, failed, passed, skipped
from torchkata.grading.replies import unreadable_reply
from torchkata.grading.session import Session
from torchkata.i18n import _
from torchkata.worker import builtin_probes


def check_forbidden_calls(session: Session, function: Function) -> Outcome:
    """Judge that no forbidden function is called, on any case in any dtype of the function.

    Both are inspected: the functions that Python code calls, and the ops that are dispatched.
    """
    returned = 0
    for case in returning_cases(function):
        for dtype in dict.fromkeys((*function.dtypes, *function.dtypes_of(case))):
            drawn = None if dtype is function.dtypes[0] else dtype  # as `observe` is called
            session.note_call(function, case, dtype=drawn)
            arguments = (function.name, *session.draw(function, case, drawn))
            worker = session.processes.worker_on()
            try:
                reply = worker.run(
                    builtin_probes.run_metered, builtin_probes.call_and_name, arguments, audit=True
                )
            except SubmissionError as error:
                if error.todo:
                    raise
                continue  # other checks say so
            returned += 1
            measurement = read_meters(reply, with_lines=True)
            value, functions = _parsed(measurement.value)
            names = functions | set(measurement.ops.ops)
            forbidden = [
                name
                for name in sorted(names)
                if any(fnmatchcase(name, pattern) for pattern in function.forbidden)
            ]
            if forbidden:
                return failed(
                    "forbidden-call",
                    _(
                        "It calls {names} of the library. The point of this exercise is what such "
                        "a function does internally: write it with exp, log, sum and the like.",
                        names=", ".join(forbidden),
                    ),
                    case=case.label,
                )
            if _is_worse_than_usual(session, function, case, drawn, value):
                return failed(
                    "wrong-while-watched",
                    _(
                        "The result was wrong while the functions that it calls were recorded, "
                        "although it is right otherwise. Compute the same in every call."
                    ),
                    case=case.label,
                )
    return passed() if returned else skipped(_("Not judged: every call raised."))


def _parsed(reply: Any) -> tuple[Any, set[str]]:
    match reply:
        case {"value": value, "functions": list(functions)}:
            return value, {str(name) for name in functions}
    raise unreadable_reply()


def _is_worse_than_usual(
    session: Session, function: Function, case: Case, dtype: torch.dtype | None, value: Any
) -> bool:
    """Return whether a result is wrong, but not that of a call with equal arguments."""
    usual = session.observe(function, case, dtype)
    if usual.error is not None:
        return False
    tolerance = case.tolerance_for(dtype or function.dtypes[0])
    if differences_by_axis(function, usual, tolerance=tolerance):
        return False
    return bool(differences_by_axis(function, replace(usual, got=value), tolerance=tolerance))
