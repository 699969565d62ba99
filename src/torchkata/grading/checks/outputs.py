"""Checks of what a function returns: shape, dtype, values, stability."""

from __future__ import annotations

import re
from typing import Any

import torch

from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.course.spec.tolerance import Tolerance
from torchkata.course.translations import told
from torchkata.errors import CheckFailed
from torchkata.grading.checks.check import raised
from torchkata.grading.compare import Difference, differences
from torchkata.grading.processes import Blocked
from torchkata.grading.session import Observed, Session
from torchkata.i18n import _, join

_BEFORE_VALUES = ("contract", "shape")


def observed(session: Session, function: Function, case: Case, **variant: Any) -> Observed:
    """Observe a call; an exception of the submission fails the check and names the case."""
    seen = session.observe(function, case, **variant)
    if seen.error is not None:
        told = _("{what}. Case: {case}.", what=raised(seen.error), case=case.told)
        raise CheckFailed(told) from seen.error
    return seen


def on(case: Case, layout: str = "contiguous", dtype: str = "") -> str:
    """The sentence that names the case of a finding."""
    if dtype:
        return _("Inputs: {dtype}, case: {case}.", dtype=dtype, case=case.told)
    if layout == "contiguous":
        return _("Case: {case}.", case=case.told)
    return _("Case: {case} with {layout} inputs.", case=case.told, layout=layout)


def found(
    function: Function,
    seen: Observed,
    *,
    tolerance: Tolerance | None = None,
    dtype: bool = False,
) -> dict[str, Difference]:
    """The differences of an observation, by axis."""
    return {
        difference.axis: difference
        for difference in differences(
            seen.got,
            seen.expected,
            precise=seen.precise,
            tolerance=tolerance or function.tolerance,
            dtype=dtype,
            name=f"`{function.name}`",
        )
    }


def named(dtype: torch.dtype) -> str:
    """A dtype as people write it."""
    return str(dtype).removeprefix("torch.")


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
                raise CheckFailed(join(by_axis[axis].message, on(case)), by_axis[axis].facts)
    if not judged:
        raise Blocked(_("Not judged: every call raised."))


def shape_first(session: Session, function: Function, by_axis: dict[str, Difference]) -> None:
    """Where the shape check has failed, a wrong shape is not told again.

    Raises:
        Blocked: this check waits for the shape.
    """
    if function.name in session.misshapen and any(axis in by_axis for axis in _BEFORE_VALUES):
        raise Blocked(_("Not judged: the shape is wrong already."))


def _shape_differs(by_axis: dict[str, Difference], where: str) -> None:
    for axis in _BEFORE_VALUES:
        if axis in by_axis:
            raise CheckFailed(join(by_axis[axis].message, where), by_axis[axis].facts)


def values(session: Session, function: Function, case: Case, layout: str = "contiguous") -> None:
    """The values are the reference's, to a rounding error, in each dtype of the case."""
    for dtype in function.dtypes_of(case):
        other = dtype is not function.dtypes[0]
        seen = observed(session, function, case, layout=layout, dtype=dtype if other else None)
        by_axis = found(function, seen, tolerance=case.allowed(dtype))
        where = on(case, layout, named(dtype) if other else "")
        shape_first(session, function, by_axis)
        _shape_differs(by_axis, where)
        if "values" in by_axis:
            difference = by_axis["values"]
            raise CheckFailed(
                join(difference.message, where, told(case.why)),
                difference.facts,
                **difference.figures,
            )


def dtype(session: Session, function: Function, wanted: torch.dtype) -> None:
    """For inputs of one dtype, the result has the reference's dtype, and its values are right."""
    name = named(wanted)
    case = function.case_for_variants
    by_axis = found(function, observed(session, function, case, dtype=wanted), dtype=True)
    shape_first(session, function, by_axis)
    where = _("Inputs: {dtype}.", dtype=name)
    _shape_differs(by_axis, where)
    if "dtype" in by_axis:
        raise CheckFailed(join(by_axis["dtype"].message, where), by_axis["dtype"].facts)
    if "values" in by_axis and wanted is not function.dtypes[0]:
        where = on(case, dtype=name)
        raise CheckFailed(join(by_axis["values"].message, where), by_axis["values"].facts)


def raises(session: Session, function: Function, case: Case) -> None:
    """Bad arguments raise the exception that the statement names."""
    seen = session.observe(function, case)
    assert case.raises is not None
    wanted = case.raises.__name__
    if seen.error is None:
        raise CheckFailed(
            _(
                "{case}: this has to raise {wanted}, but a result came back.",
                case=case.told,
                wanted=wanted,
            )
        )
    if seen.error.kind != wanted:
        raise CheckFailed(
            _(
                "{case}: this has to raise {wanted}. {what}.",
                case=case.told,
                wanted=wanted,
                what=raised(seen.error),
            )
        )
    if case.match and not re.search(case.match, str(seen.error)):
        raise CheckFailed(
            _(
                "{case}: the {wanted} has to say more; its text is {text}. The stub says what has "
                "to stand in it.",
                case=case.told,
                wanted=wanted,
                text=repr(str(seen.error)),
            )
        )
