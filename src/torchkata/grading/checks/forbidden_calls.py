"""Check of own work: a function does not call what the library has for its very purpose."""

from __future__ import annotations

from fnmatch import fnmatchcase

from torchkata.course.spec.function import Function
from torchkata.errors import CheckFailed, SubmissionError
from torchkata.grading.checks.metering import read_meters
from torchkata.grading.checks.outputs import on, ordinary
from torchkata.grading.processes import Blocked
from torchkata.grading.session import Session
from torchkata.i18n import _, join
from torchkata.probes import called_functions
from torchkata.worker import builtin_probes


def own_work(session: Session, function: Function) -> None:
    """No forbidden function is called, on any case, in any dtype of the function.

    Both are looked at: what Python code calls, and which ops that comes to.
    """
    returned = 0
    for case in ordinary(function):
        for dtype in dict.fromkeys((*function.dtypes, *function.dtypes_of(case))):
            session.ask(function, case, dtype=dtype)
            arguments = (function.name, *session.draw(function, case, dtype))
            try:
                answer = session.worker.run(builtin_probes.measured, called_functions, arguments)
            except SubmissionError as error:
                if error.todo:
                    raise
                continue  # other checks say so
            returned += 1
            meters = read_meters(answer, lined=True)
            names = {str(name) for name in meters["value"]} | set(meters["ops"].ops)
            found = [
                name
                for name in sorted(names)
                if any(fnmatchcase(name, pattern) for pattern in function.forbidden)
            ]
            if found:
                raise CheckFailed(
                    join(
                        _(
                            "It calls {names} of the library. Here the point is what such a "
                            "function does inside: write it with exp, log, sum and the like.",
                            names=", ".join(found),
                        ),
                        on(case),
                    )
                )
    if not returned:
        raise Blocked(_("Not judged: every call raised."))
