"""Checks of what a function returns: contract, shape, dtype, values, stability."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

import torch

from torchkata.checks.check import raised
from torchkata.checks.session import Observed, Session
from torchkata.checks.workers import Blocked
from torchkata.compare import Difference, differences
from torchkata.errors import CheckFailed, CourseError, SubmissionError
from torchkata.isolation import probes
from torchkata.spec import Case, Function

_BEFORE_VALUES = ("contract", "shape")


def contract(session: Session) -> None:
    """The submission loads, and its entry points have the names and parameters that were asked."""
    try:
        worker = session.worker
    except SubmissionError as error:
        raise CheckFailed(unloadable(error, session.submission.file)) from error
    names = session.exercise.names
    got = worker.run(probes.describe, names)
    expected = session.trusted(lambda: session.reference.run(probes.describe, names))
    if not isinstance(got, dict):
        raise CheckFailed("The submission cannot be looked into.")
    for name in names:
        if expected[name] is not None and got.get(name) is None:
            raise CheckFailed(_missing(name, worker.run(probes.defined)))
        _same_contract(name, got.get(name), expected[name])


def _missing(name: str, defined: Any) -> str:
    """Say that a name is missing, and which one of the file's own was likely meant."""
    others = [str(other)[:80] for other in defined] if isinstance(defined, list) else []
    near = get_close_matches(name, others, n=1, cutoff=0.6)
    if near:
        hint = f"The file defines `{near[0]}`; was that meant?"
    elif others:
        hint = f"The file defines {', '.join(f'`{other}`' for other in others[:5])}."
    else:
        hint = "It defines no function or class at all."
    return f"The file defines no `{name}`. {hint} Define it under exactly that name."


def _same_contract(name: str, got: Any, expected: Any) -> None:
    if expected is None:
        raise CourseError(f"The solution does not define {name}.")
    if not isinstance(got, dict):
        raise CheckFailed(f"`{name}` cannot be looked into.")
    if got.get("kind") != expected["kind"]:
        raise CheckFailed(
            f"`{name}` has to be a {expected['kind']}, but it is a {got.get('kind')} "
            f"({got.get('type')})."
        )
    if expected["kind"] == "value" or got.get("parameters") is None:
        return
    wanted = [parameter[0] for parameter in expected["parameters"]]
    parameters = got["parameters"]
    if any(parameter[1] in ("VAR_POSITIONAL", "VAR_KEYWORD") for parameter in parameters):
        return  # *args takes whatever comes; the calls will tell
    taken = [parameter[0] for parameter in parameters]
    needless = all(parameter[2] for parameter in parameters[len(wanted) :])
    if taken[: len(wanted)] != wanted or not needless:
        raise CheckFailed(
            f"`{name}` takes ({', '.join(taken)}), but ({', '.join(wanted)}) was asked for. Keep "
            "the signature of the stub."
        )


def unloadable(error: SubmissionError, file: str) -> str:
    """Say why a file cannot be loaded, and what to do about it."""
    where = f"{file}, line {error.line}" if error.line else file
    match error.kind:
        case "SyntaxError" | "IndentationError" | "TabError":
            return f"{where}: Python cannot read this: {error}."
        case "UnicodeDecodeError" if error.line is None:
            return f"{file} is not saved as UTF-8 text. Save it as UTF-8 in your editor."
        case "ModuleNotFoundError" | "ImportError":
            return (
                f"{where}: {error}. An answer needs torch, numpy and Python's own library, nothing "
                "else; remove that import."
            )
        case "SystemExit":
            return f"{where}: the file calls sys.exit() while it is imported. Remove that call."
        case _:
            return f"{where}: importing the file failed. {raised(error)}"


def observed(session: Session, function: Function, case: Case, **variant: Any) -> Observed:
    """Observe a call; an exception of the submission fails the check and names the case."""
    seen = session.observe(function, case, **variant)
    if seen.error is not None:
        raise CheckFailed(f"{raised(seen.error)}. Case: {case.words}.")
    return seen


def found(function: Function, seen: Observed, *, dtype: bool = False) -> dict[str, Difference]:
    """The differences of an observation, by axis."""
    return {
        difference.axis: difference
        for difference in differences(
            seen.got,
            seen.expected,
            precise=seen.precise,
            tolerance=function.tolerance,
            dtype=dtype,
            name=f"`{function.name}`",
        )
    }


def ordinary(function: Function) -> list[Case]:
    """The cases that return, smallest first."""
    cases = [case for case in function.cases if case.raises is None]
    return sorted(cases, key=lambda case: case.elements)


def shape(session: Session, function: Function) -> None:
    """The result is a tensor (or what the reference returns) of the right shape, in every case."""
    judged = 0
    for case in ordinary(function):
        seen = session.observe(function, case)
        if seen.error is not None:
            continue
        judged += 1
        by_axis = found(function, seen)
        for axis in _BEFORE_VALUES:
            if axis in by_axis:
                session.misshapen.add(function.name)
                raise CheckFailed(f"{by_axis[axis].message} Case: {case.words}.")
    if not judged:
        raise Blocked("Not judged: every call raised.")


def shape_first(session: Session, function: Function, by_axis: dict[str, Difference]) -> None:
    """Where the shape check has failed, a wrong shape is not told again.

    Raises:
        Blocked: this check waits for the shape.
    """
    if function.name in session.misshapen and any(axis in by_axis for axis in _BEFORE_VALUES):
        raise Blocked("Not judged: the shape is wrong already.")


def _shape_differs(by_axis: dict[str, Difference], where: str) -> None:
    for axis in _BEFORE_VALUES:
        if axis in by_axis:
            raise CheckFailed(f"{by_axis[axis].message} {where}")


def values(session: Session, function: Function, case: Case, layout: str = "contiguous") -> None:
    """The values are the reference's, to a rounding error."""
    by_axis = found(function, observed(session, function, case, layout=layout))
    kind = "" if layout == "contiguous" else f" with {layout} inputs"
    shape_first(session, function, by_axis)
    _shape_differs(by_axis, f"Case: {case.words}{kind}.")
    if "values" in by_axis:
        difference = by_axis["values"]
        raise CheckFailed(f"{difference.message} Case: {case.words}{kind}.", **difference.figures)


def dtype(session: Session, function: Function, wanted: torch.dtype) -> None:
    """For inputs of one dtype, the result has the reference's dtype, and its values are right."""
    name = str(wanted).removeprefix("torch.")
    case = function.usual_case
    by_axis = found(function, observed(session, function, case, dtype=wanted), dtype=True)
    shape_first(session, function, by_axis)
    _shape_differs(by_axis, f"Inputs: {name}.")
    if "dtype" in by_axis:
        raise CheckFailed(f"{by_axis['dtype'].message} Inputs: {name}.")
    if "values" in by_axis and wanted is not function.dtypes[0]:
        raise CheckFailed(f"{by_axis['values'].message} Inputs: {name}, case: {case.words}.")


def raises(session: Session, function: Function, case: Case) -> None:
    """Bad arguments raise the exception that the statement names."""
    seen = session.observe(function, case)
    assert case.raises is not None
    wanted = case.raises.__name__
    if seen.error is None:
        raise CheckFailed(f"{case.words}: this has to raise {wanted}, but a result came back.")
    if seen.error.kind != wanted:
        raise CheckFailed(f"{case.words}: this has to raise {wanted}. {raised(seen.error)}")
    if case.match and not re.search(case.match, str(seen.error)):
        raise CheckFailed(
            f"{case.words}: the {wanted} has to say more; its text is {str(seen.error)!r}. "
            "The stub says what has to stand in it."
        )
