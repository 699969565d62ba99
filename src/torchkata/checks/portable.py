"""Checks of how a function behaves: devices, untouched arguments, gradients."""

from __future__ import annotations

from typing import Any

import torch

from torchkata.checks.check import raised
from torchkata.checks.correct import shape_first
from torchkata.checks.session import Session, widened
from torchkata.compare import differences
from torchkata.errors import CheckFailed, CourseError, SubmissionError
from torchkata.isolation import probes
from torchkata.spec import Case, Function


def device(session: Session, function: Function, where: str) -> None:
    """On another device the results lie there, with the right values and gradients."""
    case = function.usual_case
    arguments = session.draw(function, case)
    try:
        answer = session.worker_on(where).run(probes.placed, function.name, arguments, where)
    except SubmissionError as error:
        if error.todo:
            raise
        raise CheckFailed(f"{raised(error)}. Inputs on {where}, case: {case.words}.") from error
    expected = session.expect(function.name, session.draw(function, case))
    wrong = sorted({str(got) for got in answer["devices"]} - {where})
    if wrong and _leaves(expected):
        raise CheckFailed(
            f"The result lies on {', '.join(wrong)}, but the inputs lie on {where} (a stand-in for "
            "a GPU). Create tensors where the inputs are: `x.new_zeros(...)` or `device=x.device`."
        )
    precise = session.expect(function.name, widened(session.draw(function, case)))
    _equal(session, function, answer["value"], expected, precise, f"on {where}, {case.words}")
    if function.differentiable:
        gradient(session, function, case, where)


def purity(session: Session, function: Function) -> None:
    """The arguments are the same after the call as before it."""
    case = function.usual_case
    touched = session.worker.run(probes.purity, function.name, session.draw(function, case))
    names = list(function.inputs)
    changed = [names[index] for index in touched if isinstance(index, int) and index < len(names)]
    if changed:
        raise CheckFailed(
            f"It modifies its argument {' and '.join(changed)}. Whoever passed it still needs the "
            "old values: work on a new tensor instead of in place."
        )


def gradient(
    session: Session, function: Function, case: Case | None = None, where: str = "cpu"
) -> None:
    """Gradients flow from the result to the arguments, with the reference's values."""
    case = case or function.usual_case
    arguments = session.draw(function, case)
    wanted = tuple(
        position
        for position in function.differentiable
        if torch.is_tensor(arguments[position]) and arguments[position].is_floating_point()
    )
    if not wanted:
        raise CourseError(f"{function.name} has no floating arguments: set gradient=False.")
    names = [list(function.inputs)[position] for position in wanted]
    result = session.expect(function.name, arguments)
    generator = session.seeds.generator(session.lesson.id, function.name, case.name, "cotangent")
    weights = [
        torch.randn(leaf.shape, generator=generator, dtype=torch.float64).to(leaf.dtype)
        for leaf in _leaves(result)
    ]

    def ask(worker: Any, given: tuple[Any, ...], device: str) -> Any:
        return worker.run(probes.gradients, function.name, given, wanted, weights, device)

    try:
        answer = ask(session.worker_on(where), session.draw(function, case), where)
    except SubmissionError as error:
        if error.todo:
            raise
        raise CheckFailed(f"In the gradient: {raised(error)}. Case: {case.words}.") from error
    truth = session.trusted(lambda: ask(session.reference, session.draw(function, case), "cpu"))
    precise = session.trusted(
        lambda: ask(session.reference, widened(session.draw(function, case)), "cpu")
    )
    got = answer["gradients"]
    if not answer["graph"] and truth["graph"] and any(leaf.numel() for leaf in _leaves(result)):
        raise CheckFailed(
            "No gradient flows: the result does not remember the arguments. Look for .detach(), "
            ".item(), .data, numpy or torch.tensor(...) on the way."
        )
    for name, mine, theirs, exact in zip(
        names, got, truth["gradients"], precise["gradients"], strict=True
    ):
        zero = theirs is None or not bool(theirs.any())
        if mine is None and zero:
            continue
        if mine is None:
            raise CheckFailed(f"No gradient reaches {name}. Case: {case.words}.")
        if theirs is None:
            theirs, exact = torch.zeros_like(mine), None  # noqa: PLW2901 - no flow is a zero
        _equal(
            session, function, mine, theirs, exact, f"gradient with respect to {name}, {case.words}"
        )


def _leaves(tree: Any) -> list[torch.Tensor]:
    leaves = torch.utils._pytree.tree_leaves(tree)  # noqa: SLF001 - has no public name
    return [leaf for leaf in leaves if torch.is_tensor(leaf)]


def _equal(
    session: Session, function: Function, got: Any, expected: Any, precise: Any, where: str
) -> None:
    found = differences(
        got,
        expected,
        precise=precise,
        tolerance=function.tolerance,
        dtype=False,
        name=f"`{function.name}`",
    )
    shape_first(session, function, {difference.axis: difference for difference in found})
    for difference in found:
        raise CheckFailed(f"{difference.message} ({where})", **difference.figures)
