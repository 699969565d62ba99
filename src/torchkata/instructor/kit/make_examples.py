"""Open examples: small public inputs of their own, with what the reference returns for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import torch

from torchkata.course.catalogue import Exercise
from torchkata.course.open_examples import NotPlainError, plain
from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.course.spec.inputs import RandomSource
from torchkata.errors import CourseError, SubmissionError, WorkerDiedError
from torchkata.grading.checks.outputs import ordinary
from torchkata.grading.compare import differences
from torchkata.grading.processes import Submission
from torchkata.grading.session import Session, widened
from torchkata.sandbox.launcher import Launcher

_SEED: Final = 20_000_101  # public, and no run's: hidden inputs are drawn from other seeds
_OTHER: Final = 20_000_102
_MOST: Final = 2
_MOST_NUMBERS: Final = 160  # of one example, arguments and result together
_SMALL: Final = (3, 4, 2, 5, 2)  # sizes of an open example, axis letter by axis letter
_WITH_PRECISE: Final = (torch.float32, torch.float16, torch.bfloat16)


def facts_of(exercise: Exercise, launcher: Launcher) -> dict[str, Any]:
    """What open examples say of an exercise, as `torchkata.course.open_examples.written` takes it.

    Args:
        lesson: the exercise.
        launcher: starts the reference's worker.

    Raises:
        CourseError: the reference fails.
    """
    exercise = exercise.grader.spec
    session = Session(exercise, Submission(source=b"", file=""), launcher, RandomSource(_SEED), ())
    try:
        names = exercise.names
        functions = [
            _function(session, each) for each in exercise.functions if each.adapter is None
        ]
        return {
            "exercise": exercise.id,
            "shipped": spec.stub_digest,
            "weight": exercise.weight,
            "contract": {name: session.signatures(names)[name] for name in names},
            "functions": [facts for facts in functions if facts["examples"]],
        }
    finally:
        session.close()


def _function(session: Session, function: Function) -> dict[str, Any]:
    tolerance = function.tolerance
    found: list[dict[str, Any]] = []
    for case in _candidates(function):
        if len(found) < _MOST:
            with suppress(_UnfitError, NotPlainError):
                example = _example(session, function, case)
                if example not in found:
                    found.append(example)
    return {
        "name": function.name,
        "dtype": str(function.dtypes[0]).removeprefix("torch."),
        "tolerance": None
        if tolerance is None
        else {"rtol": tolerance.rtol, "atol": tolerance.atol},
        "examples": found,
    }


class _UnfitError(Exception):
    """These sizes make no open example."""


def _candidates(function: Function) -> Iterator[Case]:
    """Small sizes of our own, then those of the drawn cases that are not empty, smallest first."""
    drawn = [case for case in ordinary(function) if case.given is None]
    usual = (
        function.case_for_variants
        if function.case_for_variants in drawn
        else drawn[-1]
        if drawn
        else None
    )
    for turn in (0, 1):
        if usual is None:
            return
        yield Case.timed(
            {
                letter: min(size, _SMALL[(place + turn) % len(_SMALL)])
                for place, (letter, size) in enumerate(usual.sizes.items())
            }
        )
    for case in drawn:
        if all(size >= 1 for size in case.sizes.values()) and case.elements > 1:
            yield Case.timed(case.sizes)


def _example(session: Session, function: Function, case: Case) -> dict[str, Any]:
    """Ask reference and slow version; both have to agree, as they do on hidden inputs.

    Raises:
        _UnfitError: these sizes do not suit, or would make a hidden case known.
        NotPlainError: JSON cannot hold it.
    """
    arguments = _drawn(session, function, case)
    shown = _by_name(function, arguments)
    drawn = shown != _by_name(function, _drawn(session, function, case, _OTHER))
    if not drawn and any(case.sizes == hidden.sizes for hidden in function.cases):
        raise _UnfitError("nothing is drawn, so this is a hidden case")
    try:
        result = session.expect(function.name, _drawn(session, function, case))
        worker, entry = session.baseline(function.naive)
        (slow,), _ = worker.call(entry, [_drawn(session, function, case)])
        precise = None
        if function.dtypes[0] in _WITH_PRECISE:
            precise = _short(
                session.expect(function.name, widened(_drawn(session, function, case)))
            )
    except (CourseError, SubmissionError, WorkerDiedError) as error:
        raise _UnfitError(str(error)) from error
    shown_result = _steady(result, precise)
    for answer in (result, slow):
        found = differences(
            answer, shown_result, precise=precise, tolerance=function.tolerance, dtype=False
        )
        if any(each.axis == "values" for each in found):
            raise _UnfitError("reference and slow version differ here")
    if _numbers(arguments) + _numbers(result) > _MOST_NUMBERS or not _numbers(result):
        raise _UnfitError("too large to read, or empty")
    return {"arguments": shown, "result": plain(shown_result), "precise": plain(precise)}


def _short(precise: Any) -> Any:
    """Float64 values to ten digits: far more than what they are compared with has."""
    if not isinstance(precise, torch.Tensor) or precise.dtype is not torch.float64:
        return precise
    digits = [float(f"{value:.10g}") for value in precise.flatten().tolist()]
    return torch.tensor(digits, dtype=torch.float64).reshape(precise.shape)


def _steady(result: Any, precise: Any) -> Any:
    """The result without its last bits, which some of LAPACK's routines give anew in each run."""
    both = isinstance(result, torch.Tensor) and isinstance(precise, torch.Tensor)
    if both and result.is_floating_point() and result.shape == precise.shape:
        return precise.to(result.dtype)
    return result


def _by_name(function: Function, arguments: tuple[Any, ...]) -> dict[str, object]:
    return {name: plain(each) for name, each in zip(function.inputs, arguments, strict=True)}


def _drawn(session: Session, function: Function, case: Case, seed: int = _SEED) -> tuple[Any, ...]:
    session.seeds = RandomSource(seed)
    try:
        return session.draw(function, case)
    except (
        RuntimeError,
        ValueError,
        TypeError,
        IndexError,
        KeyError,
        AttributeError,
        CourseError,
    ) as error:
        raise _UnfitError(str(error)) from error


def _numbers(tree: object) -> int:
    if isinstance(tree, torch.Tensor):
        return tree.numel()
    if isinstance(tree, list | tuple):
        return sum(map(_numbers, tree))
    return 1
