"""Make open examples: small public inputs with the outputs of the reference."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import torch

from torchkata.course.exercise import Exercise
from torchkata.course.open_examples import NotPlainError, to_json
from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.course.spec.inputs import RandomSource
from torchkata.errors import CourseError, SubmissionError, WorkerDiedError
from torchkata.grading.checks.outputs import dtype_name, returning_cases
from torchkata.grading.compare import differences
from torchkata.grading.processes import Submission
from torchkata.grading.session import Session
from torchkata.grading.trees import to_float64
from torchkata.sandbox.launcher import Launcher

_SEED: Final = 20_000_101  # public, and of no run: hidden inputs are drawn from other seeds
_OTHER_SEED: Final = 20_000_102
_MOST_EXAMPLES: Final = 2
_MOST_NUMBERS: Final = 160  # in the arguments and the result of one example
_SMALL: Final = (3, 4, 2, 5, 2)  # sizes of an open example, one for each axis letter
_WITH_PRECISE: Final = (torch.float32, torch.float16, torch.bfloat16)


def example_data(exercise: Exercise, launcher: Launcher) -> dict[str, Any]:
    """Return an exercise's open examples as `torchkata.course.open_examples.dump` takes them.

    Args:
        exercise: The exercise.
        launcher: Starts the reference's worker.

    Raises:
        CourseError: The reference fails.
    """
    spec = exercise.spec
    session = Session(exercise, Submission(source=b"", file=""), launcher, RandomSource(_SEED), ())
    try:
        signatures = session.signatures(spec.names)
        functions = [_function(session, each) for each in spec.functions if each.adapter is None]
        return {
            "exercise": exercise.id,
            "shipped": spec.stub_digest,
            "weight": spec.weight,
            "contract": {name: signatures[name] for name in spec.names},
            "functions": [data for data in functions if data["examples"]],
        }
    finally:
        session.close()


def _function(session: Session, function: Function) -> dict[str, Any]:
    tolerance = function.tolerance
    examples: list[dict[str, Any]] = []
    for case in _candidates(function):
        if len(examples) < _MOST_EXAMPLES:
            with suppress(_UnsuitableError, NotPlainError):
                example = _example(session, function, case)
                if example not in examples:
                    examples.append(example)
    return {
        "name": function.name,
        "dtype": dtype_name(function.dtypes[0]),
        "tolerance": None
        if tolerance is None
        else {"rtol": tolerance.rtol, "atol": tolerance.atol},
        "examples": examples,
    }


class _UnsuitableError(Exception):
    """Raised if a case does not make an open example."""


def _candidates(function: Function) -> Iterator[Case]:
    """Yield small sizes, then the sizes of the drawn cases that are not empty, smallest first."""
    drawn = [case for case in returning_cases(function) if case.given is None]
    if not drawn:
        return
    variant_case = function.case_for_variants
    usual = variant_case if variant_case in drawn else drawn[-1]
    for shift in (0, 1):
        yield Case.at_sizes(
            {
                letter: min(size, _SMALL[(place + shift) % len(_SMALL)])
                for place, (letter, size) in enumerate(usual.sizes.items())
            }
        )
    for case in drawn:
        if all(size >= 1 for size in case.sizes.values()) and case.elements > 1:
            yield Case.at_sizes(case.sizes)


def _example(session: Session, function: Function, case: Case) -> dict[str, Any]:
    """Return an example on which reference and baseline agree, as they do on hidden inputs.

    Raises:
        _UnsuitableError: The sizes are unsuitable, or the example would reveal a hidden case.
        NotPlainError: JSON cannot hold the values.
    """
    arguments = _draw(session, function, case)
    shown = _by_name(function, arguments)
    is_random = shown != _by_name(function, _draw(session, function, case, _OTHER_SEED))
    if not is_random and any(case.sizes == hidden.sizes for hidden in function.cases):
        raise _UnsuitableError("nothing is random, so this is a hidden case")
    try:
        result = session.expect(function.name, _draw(session, function, case))
        worker, entry = session.processes.baseline(function.naive)
        (baseline_result,), _timing = worker.call(entry, [_draw(session, function, case)])
        precise = None
        if function.dtypes[0] in _WITH_PRECISE:
            inputs = to_float64(_draw(session, function, case))
            precise = _to_ten_digits(session.expect(function.name, inputs))
    except (CourseError, SubmissionError, WorkerDiedError) as error:
        raise _UnsuitableError(str(error)) from error
    shown_result = _reproducible(result, precise)
    for each in (result, baseline_result):
        axes = {
            difference.axis
            for difference in differences(
                each, shown_result, precise=precise, tolerance=function.tolerance, dtype=False
            )
        }
        if "values" in axes:
            raise _UnsuitableError("reference and baseline differ")
    if not 0 < _count_numbers(result) <= _MOST_NUMBERS - _count_numbers(arguments):
        raise _UnsuitableError("empty, or too large to read")
    return {"arguments": shown, "result": to_json(shown_result), "precise": to_json(precise)}


def _to_ten_digits(precise: Any) -> Any:
    """Round float64 values to ten digits, far more than the values compared with them have."""
    if not isinstance(precise, torch.Tensor) or precise.dtype is not torch.float64:
        return precise
    digits = [float(f"{value:.10g}") for value in precise.flatten().tolist()]
    return torch.tensor(digits, dtype=torch.float64).reshape(precise.shape)


def _reproducible(result: Any, precise: Any) -> Any:
    """Return the result without its last bits, which some LAPACK routines change in each run."""
    both = isinstance(result, torch.Tensor) and isinstance(precise, torch.Tensor)
    if both and result.is_floating_point() and result.shape == precise.shape:
        return precise.to(result.dtype)
    return result


def _by_name(function: Function, arguments: tuple[Any, ...]) -> dict[str, object]:
    return {name: to_json(each) for name, each in zip(function.inputs, arguments, strict=True)}


def _draw(session: Session, function: Function, case: Case, seed: int = _SEED) -> tuple[Any, ...]:
    session.random = RandomSource(seed)
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
        raise _UnsuitableError(str(error)) from error


def _count_numbers(tree: object) -> int:
    if isinstance(tree, torch.Tensor):
        return tree.numel()
    if isinstance(tree, list | tuple):
        return sum(map(_count_numbers, tree))
    return 1
