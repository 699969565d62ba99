"""What plain tests claim: a condition, equality, agreement with the reference, an exception."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torchkata.checks.plain import Subject
from torchkata.compare import Tolerance, differences
from torchkata.errors import CheckFailed, CourseError, SubmissionError
from torchkata.messages import say
from torchkata.texts import told


def require(condition: object, message: str, **figures: float) -> None:
    """Fail the check with a message for the learner unless `condition` holds.

    Args:
        condition: anything with a truth value.
        message: what was expected, what came, and why it matters.
        figures: numbers for the report, the unit in the key.
    """
    if not condition:
        raise CheckFailed(told(message), **figures)


def same(
    got: Any,
    expected: Any,
    *,
    what: str = "",
    tolerance: Tolerance | None = None,
    dtype: bool = True,
) -> None:
    """Fail the check unless `got` equals `expected` in structure, shape, dtype and values.

    Args:
        got: what the submission answered.
        expected: what the reference answered.
        what: how the message names it; the result, unless told otherwise.
        tolerance: instead of the one that follows from dtype and scale.
        dtype: whether dtypes have to agree.
    """
    what = told(what) or say("the result")
    try:
        found = differences(got, expected, tolerance=tolerance, dtype=dtype, name=what)
    except CourseError as error:  # a test may compare two answers of the submission
        raise CheckFailed(
            say("{what} cannot be compared: {error}", what=what, error=error)
        ) from error
    for difference in found:
        raise CheckFailed(difference.message, difference.facts, **difference.figures)


def agree(
    submission: Subject,
    reference: Subject,
    probe: Callable[..., Any],
    *arguments: Any,
    what: str | Mapping[Any, str] = "",
    device: str = "cpu",
    tolerance: Tolerance | None = None,
    dtype: bool = True,
) -> Any:
    """Fail the check unless a probe answers the same of the submission and of the reference.

    Args:
        submission: asked first.
        reference: asked for what is expected.
        probe: run in both with the same arguments.
        arguments: of the probe.
        what: how the message names the answer; or which parts of it are compared, by key or
            index, each with its name.
        device: where the tensors among the arguments lie.
        tolerance: instead of the one that follows from dtype and scale.
        dtype: whether dtypes have to agree.

    Returns:
        The submission's whole answer.
    """
    got, expected = (who.run(probe, *arguments, device=device) for who in (submission, reference))
    if isinstance(what, str):
        same(got, expected, what=what, tolerance=tolerance, dtype=dtype)
    else:
        for part, name in what.items():
            same(got[part], expected[part], what=name, tolerance=tolerance, dtype=dtype)
    return got


def delivers(
    submission: Subject,
    probe: Callable[..., Any],
    *arguments: Any,
    expected: Sequence[Any],
    workers: Sequence[int] = (0, 2),
) -> None:
    """Fail the check unless a DataLoader gives the same batches, whatever its number of workers.

    Args:
        submission: asked.
        probe: `probe(kata, *arguments, num_workers)`, which returns what
            `torchkata.probes.delivered` does.
        arguments: of the probe, apart from the last.
        expected: the batches of each pass.
        workers: the numbers of worker processes.
    """
    for count in workers:
        got = submission.run(probe, *arguments, count)
        require(
            not got["error"],
            say(
                "A DataLoader with {count} worker processes failed: {error}",
                count=count,
                error=got["error"],
            ),
        )
        for batches in got["passes"]:
            what = say("what the DataLoader gives with {count} workers", count=count)
            same(batches, list(expected), what=what)


def raises(subject: Subject, kind: type[Exception], probe: Callable[..., Any], *a: Any) -> str:
    """Fail the check unless the probe raises `kind` in the submission; return the text."""
    try:
        subject.run(probe, *a)
    except SubmissionError as error:
        if error.todo:
            raise
        require(
            error.kind == kind.__name__,
            say(
                "This has to raise {wanted}, but {kind} came: {error}",
                wanted=kind.__name__,
                kind=error.kind,
                error=error,
            ),
        )
        return str(error)
    raise CheckFailed(say("This has to raise {wanted}, but it returned.", wanted=kind.__name__))
