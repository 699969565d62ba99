"""Claims of custom tests: a condition, equality, agreement with the reference, an exception."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from torchkata.course.spec.tolerance import Tolerance
from torchkata.errors import CheckFailed, CourseError, SubmissionError
from torchkata.grading.checks.claims import record
from torchkata.grading.checks.custom_tests import Target
from torchkata.grading.compare import differences
from torchkata.i18n import EMPTY, Message, _


def require(condition: object, message: Message, **metrics: float) -> None:
    """Fail the check with a message for the learner unless `condition` holds.

    Args:
        condition: anything with a truth value.
        message: what was expected, what was found, and why it matters.
        metrics: numbers for the report, the unit in the key.
    """
    if not condition:
        raise CheckFailed(message, metrics=metrics)
    record(metrics)


def same(
    got: Any,
    expected: Any,
    *,
    what: Message = EMPTY,
    tolerance: Tolerance | None = None,
    dtype: bool = True,
) -> None:
    """Fail the check unless `got` equals `expected` in structure, shape, dtype and values.

    Args:
        got: what the submission returned.
        expected: what the reference returned.
        what: how the message names it (default: the result).
        tolerance: instead of the default, which follows from dtype and scale.
        dtype: whether dtypes must agree.
    """
    name = what or _("the result")
    try:
        found = differences(got, expected, tolerance=tolerance, dtype=dtype, name=name)
    except CourseError as error:  # a test may compare two results of the submission
        raise CheckFailed(
            _("{what} cannot be compared: {error}", what=name, error=error.message),
            code="not-comparable",
        ) from error
    for difference in found:
        raise CheckFailed(
            difference.message,
            code=difference.code,
            facts=difference.facts,
            metrics=difference.metrics,
        )


def same_as_reference(
    submission: Target,
    reference: Target,
    probe: Callable[..., Any],
    *arguments: Any,
    what: Message | Mapping[Any, Message] = EMPTY,
    device: str = "cpu",
    tolerance: Tolerance | None = None,
    dtype: bool = True,
) -> Any:
    """Fail the check unless a probe returns the same for the submission and the reference.

    Args:
        submission: the submission.
        reference: the reference.
        probe: runs in both with the same arguments.
        arguments: of the probe.
        what: how the message names the result; or the parts that are compared, by key or index,
            each with its name.
        device: of the tensors among the arguments.
        tolerance: instead of the default, which follows from dtype and scale.
        dtype: whether dtypes must agree.

    Returns:
        What the probe returned for the submission.
    """
    got, expected = (who.run(probe, *arguments, device=device) for who in (submission, reference))
    if isinstance(what, Message):
        same(got, expected, what=what, tolerance=tolerance, dtype=dtype)
    else:
        for part, name in what.items():
            same(got[part], expected[part], what=name, tolerance=tolerance, dtype=dtype)
    return got


def loader_yields(
    submission: Target,
    probe: Callable[..., Any],
    *arguments: Any,
    expected: Sequence[Any] | None = None,
    workers: Sequence[int] = (0, 2),
) -> list[list[list[Any]]]:
    """Fail the check unless a DataLoader yields the same batches with any number of workers.

    Args:
        submission: the submission.
        probe: `probe(kata, *arguments, num_workers)`, which returns what
            `torchkata.probes.loader_output` does.
        arguments: of the probe, apart from the last.
        expected: the batches of each pass; by default they are not compared.
        workers: the numbers of worker processes.

    Returns:
        For each number of worker processes, the batches of each pass.
    """
    passes_by_count = []
    for count in workers:
        got = submission.run(probe, *arguments, count)
        require(
            not got["error"],
            _(
                "A DataLoader with num_workers={count} failed: {error}",
                count=count,
                error=got["error"],
            ),
        )
        if expected is not None:
            what = _("the batches of a DataLoader with num_workers={count}", count=count)
            for batches in got["passes"]:
                same(batches, list(expected), what=what)
        passes_by_count.append(got["passes"])
    return passes_by_count


def loader_raises(
    submission: Target,
    probe: Callable[..., Any],
    *arguments: Any,
    fault: Message,
    naming: str = "",
    workers: Sequence[int] = (0, 2),
) -> list[dict[str, Any]]:
    """Fail the check unless a DataLoader passes on an error with any number of workers.

    Args:
        submission: the submission.
        probe: as for `loader_yields`.
        arguments: of the probe, apart from the last.
        fault: what is wrong with the data, as the beginning of a sentence.
        naming: what the error's text must contain.
        workers: the numbers of worker processes.

    Returns:
        What the probe returned, for each number of worker processes.
    """
    replies = [submission.run(probe, *arguments, count) for count in workers]
    for count, got in zip(workers, replies, strict=True):
        where = _("{fault} (num_workers={count})", fault=fault, count=count)
        require(
            got["error"],
            _(
                "{where}, but the pass continued without an error. Silent gaps and wrong samples "
                "are found months later: let the error through.",
                where=where,
            ),
        )
        require(
            not got["timed_out"],
            _(
                "{where}. Expected an error, but the DataLoader got no reply from a worker "
                "process: {error}",
                where=where,
                error=got["error"],
            ),
        )
        require(
            naming in got["text"],
            _(
                "{where}. Expected the error to name {naming}, so that the user can find it; got: "
                "{error}",
                where=where,
                naming=naming,
                error=got["error"],
            ),
        )
    return replies


def training_steps_ok(
    seen: Mapping[str, Any], *, steps: int | None = None, forwards: int | None = None
) -> None:
    """Fail the check unless training steps return their loss, detached, and do nothing twice.

    Args:
        seen: what `torchkata.probes.TrainingRecorder` recorded.
        steps: how many steps the optimizer must make; not judged by default.
        forwards: how often the model must be called; not judged by default.
    """
    for loss in seen["losses"]:
        require(
            torch.is_tensor(loss) and loss.dim() == 0,
            _("Expected a step to return the loss as a 0-d tensor, got {loss}.", loss=repr(loss)),
        )
    require(
        not any(seen["attached"]),
        _(
            "The returned loss is still attached to the autograd graph. Code that keeps the losses "
            "in a list keeps the graph of every step in memory: detach the loss."
        ),
    )
    made = {"steps": seen["steps"], "forwards": len(seen["outputs"])}
    due = {
        "steps": made["steps"] if steps is None else steps,
        "forwards": made["forwards"] if forwards is None else forwards,
    }
    require(
        made == due,
        _(
            "Expected {due_forwards} forward passes and {due_steps} optimizer steps, got "
            "{forwards} and {steps}.",
            **made,
            due_forwards=due["forwards"],
            due_steps=due["steps"],
        ),
    )


def raises(
    submission: Target, kind: type[Exception], probe: Callable[..., Any], *arguments: Any
) -> str:
    """Fail the check unless the probe raises `kind`; return the exception's text."""
    try:
        submission.run(probe, *arguments)
    except SubmissionError as error:
        if error.todo:
            raise
        require(
            error.kind == kind.__name__,
            _(
                "Expected {wanted}, got {kind}: {error}",
                wanted=kind.__name__,
                kind=error.kind,
                error=error.message,
            ),
        )
        return str(error)
    raise CheckFailed(
        _("Expected {wanted}, but the call returned.", wanted=kind.__name__), code="no-exception"
    )
