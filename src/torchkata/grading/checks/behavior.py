"""Checks of how a function behaves: devices and gradients."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.course.spec.tolerance import Tolerance
from torchkata.errors import CourseError, SubmissionError
from torchkata.grading.checks.check import describe_exception
from torchkata.grading.checks.outputs import (
    from_difference,
    skip_if_wrong_shape,
    skip_repetition,
)
from torchkata.grading.compare import differences
from torchkata.grading.outcome import Outcome, failed, passed, skipped
from torchkata.grading.replies import argument_changes
from torchkata.grading.session import Session
from torchkata.grading.trees import cast_like, to_float64
from torchkata.i18n import EMPTY, Message, _, join, with_period
from torchkata.result import CPU
from torchkata.sandbox.worker_client import WorkerClient
from torchkata.worker import builtin_probes


def device(session: Session, function: Function, where: str) -> Outcome:
    """Judge results in all small cases, and gradients in one, for inputs on another device."""
    for case in function.small_value_cases:
        finding = _on_device(session, function, case, where)
        if finding is not None:
            return finding
    usual = function.case_for_variants
    if not function.differentiable(usual):
        return passed()
    if function.name in session.learned.wrong_gradients:
        return skipped(_("Not judged: the gradient is wrong on the CPU, too."))
    return gradient(session, function, usual, where)


def _on_device(session: Session, function: Function, case: Case, where: str) -> Outcome | None:
    session.note_call(function, case, where)
    worker = session.processes.worker_on(where)
    values_are_wrong = function.name in session.learned.wrong_values
    arguments = session.draw(function, case)
    has_device = bool(_tensors(arguments))  # an empty list has none
    try:
        reply = worker.run(builtin_probes.call_and_locate, function.name, arguments, where)
    except SubmissionError as error:
        if error.todo:
            raise
        if values_are_wrong:
            return skip_repetition()
        return failed(
            "raised",
            join(
                with_period(describe_exception(error)),
                _("Inputs: on {device}.", device=where),
            ),
            case=case.label,
            error=error,
        )
    expected = session.observe(function, case).expected
    wrong = sorted({str(got) for got in reply["devices"]} - {where})
    if wrong and has_device and _tensors(expected):
        return _wrong_device(", ".join(wrong), where, reply.get("made"), case)
    difference = _first_difference(
        session,
        function,
        reply["value"],
        expected,
        session.observe(function, case).precise,
        case,
        _("Inputs: on {device}.", device=where),
    )
    return skip_repetition() if difference is not None and values_are_wrong else difference


def _wrong_device(wrong: str, where: str, origin: object, case: Case) -> Outcome:
    """Return the finding that a result is on the wrong device.

    Args:
        wrong: devices of the results.
        where: the device of the inputs.
        origin: the call that made such a tensor and its line, as the twin device tells.
        case: on which case.
    """
    call, line = "", 0
    if isinstance(origin, dict):
        call, line = str(origin.get("call", ""))[:80], int(origin.get("line") or 0)
    if call and line:
        made = _("It was created by {call} on line {line}.", call=call, line=line)
    elif call:
        made = _("It was created by {call}.", call=call)
    else:
        made = EMPTY
    return failed(
        "wrong-device",
        join(
            _(
                "The result is on {wrong}, but the inputs are on {device} (a simulated GPU).",
                wrong=wrong,
                device=where,
            ),
            made,
            _("Create tensors on the device of the inputs: `x.new_zeros(...)` or "
              "`device=x.device`."),
        ),
        case=case.label,
        line=line,
    )  # fmt: skip


def gradient(
    session: Session, function: Function, case: Case | None = None, where: str = CPU
) -> Outcome:
    """Judge the gradients with respect to the arguments, in all cases by default.

    In one case, each argument is also the only one that requires grad.
    """
    if function.name in session.learned.wrong_shape:
        return skipped(_("Not judged: the shape is wrong."))
    if case is None and function.name in session.learned.wrong_values:
        case = function.case_for_variants  # where the values are wrong, the gradient is, too
    cases = function.gradient_cases if case is None else [case]
    for each in cases:
        for dtype in function.dtypes_of(each):
            finding = _gradient(session, function, each, where, dtype)
            if finding is not None:
                return finding
    usual = function.case_for_variants
    if case is None and len(function.differentiable(usual)) > 1:
        for number in range(len(function.differentiable(usual))):
            finding = _gradient(session, function, usual, where, function.dtypes[0], alone=number)
            if finding is not None:
                return finding
    return passed()


def _gradient(
    session: Session,
    function: Function,
    case: Case,
    where: str,
    dtype: torch.dtype,
    alone: int | None = None,
) -> Outcome | None:
    """Judge the gradients of one call; with `alone`, only that argument requires grad."""
    variant: dict[str, Any] = {} if dtype is function.dtypes[0] else {"dtype": dtype}
    session.note_call(function, case, where, **variant)
    draw = partial(session.draw, function, case, **variant)
    arguments = draw()
    wanted = tuple(
        position
        for position in function.differentiable(case)
        if position < len(arguments)  # the last ones may be left out
        and torch.is_tensor(arguments[position])
        and arguments[position].is_floating_point()
    )
    if not wanted:
        raise CourseError(f"{function.name} has no floating arguments: set gradient=False.")
    if alone is not None:
        wanted = wanted[alone : alone + 1]
        if not wanted:
            return None
    names = [list(function.inputs)[position] for position in wanted]
    result = session.expect(function.name, arguments)
    generator = session.random.generator(session.exercise.id, function.name, case.name, "cotangent")
    weights = [
        torch.randn(leaf.shape, generator=generator, dtype=torch.float64).to(leaf.dtype)
        for leaf in _tensors(result)
    ]

    def gradients(worker: WorkerClient, given: tuple[Any, ...], device: str) -> Any:
        return worker.run(builtin_probes.gradients, function.name, given, wanted, weights, device)

    processes = session.processes
    try:
        reply = gradients(processes.worker_on(where), draw(), where)
    except SubmissionError as error:
        if error.todo:
            raise
        return failed(
            "raised",
            with_period(_("In the gradient: {what}", what=describe_exception(error))),
            case=case.label,
            error=error,
        )
    # The check of purity says so if other calls modify it, too.
    if argument_changes(reply) and function.purity and not session.observe(function, case).changes:
        return failed(
            "modified-in-gradient",
            _(
                "The call modified an argument while its gradient was computed. Compute a new "
                "tensor instead of working in place."
            ),
            case=case.label,
        )
    truth = processes.trusted(lambda: gradients(processes.reference_on(), draw(), CPU))
    precise = processes.trusted(
        lambda: gradients(processes.reference_on(), to_float64(draw()), CPU)
    )
    flows = any(each is not None and bool(each.any()) for each in truth["gradients"])
    if not reply["graph"] and truth["graph"] and flows and alone is not None:
        return failed(
            "no-gradient",
            _("No gradient reaches {name} if no other argument requires grad.", name=names[0]),
            case=case.label,
            facts={"gradient": "none"},
        )
    if not reply["graph"] and truth["graph"] and flows:
        return failed(
            "no-gradient",
            _(
                "No gradient flows: the result is not connected to the arguments. Look for "
                ".detach(), .item(), .data, NumPy or torch.tensor(...)."
            ),
            case=case.label,
            facts={"gradient": "none"},
        )
    expected = truth["gradients"]
    if case.tolerance is not None:
        expected = cast_like(precise["gradients"], expected)
    for name, mine, theirs, exact in zip(
        names, reply["gradients"], expected, precise["gradients"], strict=True
    ):
        if mine is None and (theirs is None or not bool(theirs.any())):
            continue
        if mine is None:
            return failed(
                "no-gradient",
                _("No gradient reaches {name}.", name=name),
                case=case.label,
                facts={"gradient": "none"},
            )
        if theirs is None:
            theirs, exact = torch.zeros_like(mine), None  # noqa: PLW2901 - no flow is a zero
        variant_sentence = join(
            _("This is the gradient with respect to {name}.", name=name), Message(case.why)
        )
        difference = _first_difference(
            session, function, mine, theirs, exact, case, variant_sentence,
            case.tolerance_for(dtype),
        )  # fmt: skip
        if difference is not None:
            return difference
    return None


def _tensors(tree: Any) -> list[torch.Tensor]:
    leaves = torch.utils._pytree.tree_leaves(tree)  # noqa: SLF001 - has no public name
    return [leaf for leaf in leaves if torch.is_tensor(leaf)]


def _first_difference(
    session: Session,
    function: Function,
    got: Any,
    expected: Any,
    precise: Any,
    case: Case,
    variant: Message,
    tolerance: Tolerance | None = None,
) -> Outcome | None:
    """Return the outcome of the first difference; None if there is none."""
    found = differences(
        got,
        expected,
        precise=precise,
        tolerance=tolerance or function.tolerance,
        dtype=False,
        name=f"`{function.name}`",
    )
    by_axis = {difference.axis: difference for difference in found}
    if (skip := skip_if_wrong_shape(session, function, by_axis)) is not None:
        return skip
    return from_difference(found[0], case, variant) if found else None
