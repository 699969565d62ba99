"""Checks of what a function returns: shape, dtype, values, stability, exceptions."""

from __future__ import annotations

import re
from typing import Final

import torch

from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.course.spec.tolerance import Tolerance
from torchkata.grading.checks.check import describe_exception, raised_outcome
from torchkata.grading.compare import Difference, differences
from torchkata.grading.outcome import Outcome, failed, passed, skipped
from torchkata.grading.session import Observation, Session
from torchkata.i18n import EMPTY, Message, _, join, with_period

_BEFORE_VALUES = ("contract", "shape")


def differences_by_axis(
    function: Function,
    seen: Observation,
    *,
    tolerance: Tolerance | None = None,
    dtype: bool = False,
) -> dict[str, Difference]:
    """Return the differences of an observation, by axis."""
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


def dtype_name(dtype: torch.dtype) -> str:
    """Return a dtype as people write it."""
    return str(dtype).removeprefix("torch.")


def returning_cases(function: Function) -> list[Case]:
    """Return the cases that must not raise, smallest first."""
    cases = [case for case in function.cases if case.raises is None]
    return sorted(cases, key=lambda case: case.elements)


def from_difference(
    difference: Difference,
    case: Case,
    variant: Message = EMPTY,
    *,
    wrong_shape: bool = False,
) -> Outcome:
    """Return the outcome of a check that found a difference.

    Args:
        difference: from the expected result.
        case: on which case.
        variant: what was special about the inputs, in a sentence.
        wrong_shape: whether the shape check found it.
    """
    return failed(
        difference.code,
        join(difference.message, variant),
        case=case.label,
        metrics=difference.metrics,
        facts=difference.facts,
        wrong_shape=wrong_shape,
    )


def shape(session: Session, function: Function) -> Outcome:
    """Judge type, structure and shape of the result, in every case."""
    returned = 0
    for case in returning_cases(function):
        seen = session.observe(function, case)
        if seen.error is not None:
            continue
        returned += 1
        by_axis = differences_by_axis(function, seen)
        for axis in _BEFORE_VALUES:
            if axis in by_axis:
                return from_difference(by_axis[axis], case, wrong_shape=True)
    return passed() if returned else skipped(_("Not judged: every call raised."))


def skip_if_wrong_shape(
    session: Session, function: Function, by_axis: dict[str, Difference]
) -> Outcome | None:
    """Skip a check that would only repeat that the shape is wrong."""
    if function.name in session.learned.wrong_shape and any(a in by_axis for a in _BEFORE_VALUES):
        return skipped(_("Not judged: the shape is wrong."))
    return None


def values(session: Session, function: Function, case: Case, layout: str = "contiguous") -> Outcome:
    """Judge the values against the reference's, in each dtype of the case."""
    for dtype in function.dtypes_of(case):
        other_dtype = dtype is not function.dtypes[0]
        seen = session.observe(function, case, layout=layout, dtype=dtype if other_dtype else None)
        if seen.error is not None:
            return raised_outcome(seen.error, case=case.label)
        by_axis = differences_by_axis(function, seen, tolerance=case.tolerance_for(dtype))
        if (skip := skip_if_wrong_shape(session, function, by_axis)) is not None:
            return skip
        variant = EMPTY
        if other_dtype:
            variant = _("Inputs: {dtype}.", dtype=dtype_name(dtype))
        elif layout != "contiguous":
            variant = _("Inputs: {layout}.", layout=LAYOUT_NAMES[layout])
        for axis in _BEFORE_VALUES:
            if axis in by_axis:
                return from_difference(by_axis[axis], case, variant)
        if "values" in by_axis:
            return from_difference(by_axis["values"], case, join(variant, Message(case.why)))
    return passed()


LAYOUT_NAMES: Final = {
    "transposed": _("transposed"),
    "strided": _("strided"),
    "offset": _("in the middle of a larger buffer"),
    "expanded": _("expanded, with stride 0 in the first dim"),
    "overlapping": _("overlapping rows, as of unfold"),
}


def dtype(session: Session, function: Function, wanted: torch.dtype) -> Outcome:
    """Judge the dtype and the values of the result for inputs of one dtype, in all small cases."""
    for case in function.small_value_cases:
        finding = _of_dtype(session, function, wanted, case)
        if finding is not None:
            return finding
    return passed()


def _of_dtype(
    session: Session, function: Function, wanted: torch.dtype, case: Case
) -> Outcome | None:
    usual = wanted is function.dtypes[0]
    seen = session.observe(function, case, dtype=None if usual else wanted)
    if seen.error is not None:
        if function.name in session.learned.wrong_values:
            return skip_repetition()
        return raised_outcome(seen.error, case=case.label)
    by_axis = differences_by_axis(function, seen, dtype=True)
    if (skip := skip_if_wrong_shape(session, function, by_axis)) is not None:
        return skip
    variant = _("Inputs: {dtype}.", dtype=dtype_name(wanted))
    for axis in (*_BEFORE_VALUES, "dtype"):
        if axis in by_axis:
            return from_difference(by_axis[axis], case, variant)
    if "values" in by_axis and not usual:
        if function.name in session.learned.wrong_values:
            return skip_repetition()
        return from_difference(by_axis["values"], case, variant)
    return None


def skip_repetition() -> Outcome:
    """Skip a check that would only repeat that the values are wrong."""
    return skipped(_("Not judged: the values are wrong for the usual inputs, too."))


def raises(session: Session, function: Function, case: Case) -> Outcome:
    """Judge that wrong arguments raise the exception that the statement names."""
    seen = session.observe(function, case)
    assert case.raises is not None
    wanted = case.raises.__name__
    if seen.error is None:
        return failed(
            "no-exception",
            _("Expected {wanted}, but the call returned a result.", wanted=wanted),
            case=case.label,
        )
    if seen.error.kind != wanted:
        return failed(
            "wrong-exception",
            join(
                _("Expected {wanted}.", wanted=wanted),
                with_period(describe_exception(seen.error)),
            ),
            case=case.label,
            error=seen.error,
        )
    if case.match and not re.search(case.match, str(seen.error)):
        return failed(
            "wrong-exception-text",
            _(
                "The text of the {wanted} lacks something: {text}. The stub says what it must "
                "contain.",
                wanted=wanted,
                text=repr(str(seen.error)),
            ),
            case=case.label,
        )
    return passed()
