"""Checks of how a function behaves: devices, untouched arguments, gradients."""

from __future__ import annotations

import re
from functools import partial
from typing import Any, Final

import torch

from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.course.spec.tolerance import Tolerance
from torchkata.course.translations import told
from torchkata.errors import CheckFailed, CourseError, SubmissionError
from torchkata.grading.checks.check import raised
from torchkata.grading.checks.outputs import shape_first
from torchkata.grading.compare import differences
from torchkata.grading.session import Session, rounded, widened
from torchkata.i18n import _, join
from torchkata.worker import builtin_probes

_MOST_TEXT: Final = 200  # of what a worker says


def device(session: Session, function: Function, where: str) -> None:
    """On another device the results lie there, with the right values and gradients."""
    case = function.case_for_variants
    session.ask(function, case, where)
    arguments = session.draw(function, case)
    try:
        answer = session.worker_on(where).run(
            builtin_probes.placed, function.name, arguments, where
        )
    except SubmissionError as error:
        if error.todo:
            raise
        raise CheckFailed(
            _(
                "{what}. Inputs on {device}, case: {case}.",
                what=raised(error),
                device=where,
                case=case.told,
            )
        ) from error
    expected = session.expect(function.name, session.draw(function, case))
    made = str(answer.get("made", ""))[:_MOST_TEXT]
    origin = re.search(r"\bline (\d+)", made)
    wrong = sorted({str(got) for got in answer["devices"]} - {where})
    if wrong and _leaves(expected):
        raise CheckFailed(
            _(
                "The result lies on {wrong}, but the inputs lie on {device} (a stand-in for a "
                "GPU){made}. Create tensors where the inputs are: `x.new_zeros(...)` or "
                "`device=x.device`.",
                wrong=", ".join(wrong),
                device=where,
                made=_("; it comes from {call}", call=made) if made else "",
            ),
            {"line": int(origin[1]) if origin else 0},
        )
    precise = session.expect(function.name, widened(session.draw(function, case)))
    found = _("(on {device}, {case})", device=where, case=case.told)
    _equal(session, function, answer["value"], expected, precise, found)
    if function.differentiable(case):
        gradient(session, function, case, where)


def purity(session: Session, function: Function) -> None:
    """The arguments are the same after the call as before it."""
    case = function.case_for_variants
    session.ask(function, case)
    touched = session.worker.run(builtin_probes.purity, function.name, session.draw(function, case))
    names = list(function.inputs)
    changed = [names[index] for index in touched if isinstance(index, int) and index < len(names)]
    if changed:
        raise CheckFailed(
            _(
                "It modifies its argument {names}. Whoever passed it still needs the old values: "
                "work on a new tensor instead of in place.",
                names=_(" and ").join(changed),
            )
        )


def gradient(
    session: Session, function: Function, case: Case | None = None, where: str = "cpu"
) -> None:
    """Gradients flow from the result to the arguments, with the reference's values."""
    case = case or function.case_for_variants
    for dtype in function.dtypes_of(case):
        _gradient(session, function, case, where, dtype)


def _gradient(
    session: Session, function: Function, case: Case, where: str, dtype: torch.dtype
) -> None:
    variant: dict[str, Any] = {} if dtype is function.dtypes[0] else {"dtype": dtype}
    session.ask(function, case, where, **variant)
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
    names = [list(function.inputs)[position] for position in wanted]
    result = session.expect(function.name, arguments)
    generator = session.seeds.generator(session.exercise.id, function.name, case.name, "cotangent")
    weights = [
        torch.randn(leaf.shape, generator=generator, dtype=torch.float64).to(leaf.dtype)
        for leaf in _leaves(result)
    ]

    def ask(worker: Any, given: tuple[Any, ...], device: str) -> Any:
        return worker.run(builtin_probes.gradients, function.name, given, wanted, weights, device)

    try:
        answer = ask(session.worker_on(where), draw(), where)
    except SubmissionError as error:
        if error.todo:
            raise
        raise CheckFailed(
            _("In the gradient: {what}. Case: {case}.", what=raised(error), case=case.told)
        ) from error
    truth = session.trusted(lambda: ask(session.reference, draw(), "cpu"))
    precise = session.trusted(lambda: ask(session.reference, widened(draw()), "cpu"))
    got = answer["gradients"]
    if not answer["graph"] and truth["graph"] and any(leaf.numel() for leaf in _leaves(result)):
        raise CheckFailed(
            _(
                "No gradient flows: the result does not remember the arguments. Look for "
                ".detach(), .item(), .data, numpy or torch.tensor(...) on the way."
            ),
            {"gradient": "none"},
        )
    expected = truth["gradients"]
    if case.tolerance is not None:
        expected = rounded(precise["gradients"], expected)
    for name, mine, theirs, exact in zip(names, got, expected, precise["gradients"], strict=True):
        zero = theirs is None or not bool(theirs.any())
        if mine is None and zero:
            continue
        if mine is None:
            raise CheckFailed(
                _("No gradient reaches {name}. Case: {case}.", name=name, case=case.told),
                {"gradient": "none"},
            )
        if theirs is None:
            theirs, exact = torch.zeros_like(mine), None  # noqa: PLW2901 - no flow is a zero
        found = _("(gradient with respect to {name}, {case})", name=name, case=case.told)
        _equal(session, function, mine, theirs, exact, found, case.allowed(dtype), case.why)


def _leaves(tree: Any) -> list[torch.Tensor]:
    leaves = torch.utils._pytree.tree_leaves(tree)  # noqa: SLF001 - has no public name
    return [leaf for leaf in leaves if torch.is_tensor(leaf)]


def _equal(
    session: Session,
    function: Function,
    got: Any,
    expected: Any,
    precise: Any,
    where: str,
    tolerance: Tolerance | None = None,
    why: str = "",
) -> None:
    found = differences(
        got,
        expected,
        precise=precise,
        tolerance=tolerance or function.tolerance,
        dtype=False,
        name=f"`{function.name}`",
    )
    shape_first(session, function, {difference.axis: difference for difference in found})
    for difference in found:
        raise CheckFailed(
            join(difference.message, where, told(why)), difference.facts, **difference.figures
        )
