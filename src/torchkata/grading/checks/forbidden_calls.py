"""The check of forbidden calls: a function must not call the library function it reimplements."""

from __future__ import annotations

from fnmatch import fnmatchcase

from torchkata.course.spec.function import Function
from torchkata.errors import SubmissionError
from torchkata.grading.checks.metering import read_meters
from torchkata.grading.checks.outputs import returning_cases
from torchkata.grading.outcome import Outcome, failed, passed, skipped
from torchkata.grading.session import Session
from torchkata.i18n import _
from torchkata.probes import called_functions
from torchkata.worker import builtin_probes


def check_forbidden_calls(session: Session, function: Function) -> Outcome:
    """Judge that no forbidden function is called, on any case in any dtype of the function.

    Both are inspected: the functions that Python code calls, and the ops that are dispatched.
    """
    returned = 0
    for case in returning_cases(function):
        for dtype in dict.fromkeys((*function.dtypes, *function.dtypes_of(case))):
            session.note_call(function, case, dtype=dtype)
            arguments = (function.name, *session.draw(function, case, dtype))
            worker = session.processes.worker_on()
            try:
                reply = worker.run(builtin_probes.run_metered, called_functions, arguments)
            except SubmissionError as error:
                if error.todo:
                    raise
                continue  # other checks say so
            returned += 1
            measurement = read_meters(reply, with_lines=True)
            names = {str(name) for name in measurement.value} | set(measurement.ops.ops)
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
    return passed() if returned else skipped(_("Not judged: every call raised."))
