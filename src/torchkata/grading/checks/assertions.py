"""What plain tests claim: a condition, equality, agreement with the reference, an exception."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from torchkata.course.spec.tolerance import Tolerance
from torchkata.course.translations import told
from torchkata.errors import CheckFailed, CourseError, SubmissionError
from torchkata.grading.checks.custom_tests import Subject
from torchkata.grading.compare import differences
from torchkata.i18n import _


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
    what = told(what) or _("the result")
    try:
        found = differences(got, expected, tolerance=tolerance, dtype=dtype, name=what)
    except CourseError as error:  # a test may compare two answers of the submission
        raise CheckFailed(
            _("{what} cannot be compared: {error}", what=what, error=error)
        ) from error
    for difference in found:
        raise CheckFailed(difference.message, difference.facts, **difference.figures)


def same_as_reference(
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


def loader_yields(
    submission: Subject,
    probe: Callable[..., Any],
    *arguments: Any,
    expected: Sequence[Any] | None = None,
    workers: Sequence[int] = (0, 2),
) -> list[list[list[Any]]]:
    """Fail the check unless a DataLoader gives the same batches, whatever its number of workers.

    Args:
        submission: asked.
        probe: `probe(kata, *arguments, num_workers)`, which returns what
            `torchkata.probes.loader_output` does.
        arguments: of the probe, apart from the last.
        expected: the batches of each pass; by default they are not compared.
        workers: the numbers of worker processes.

    Returns:
        For each number of worker processes, the batches of each pass.
    """
    came = []
    for count in workers:
        got = submission.run(probe, *arguments, count)
        require(
            not got["error"],
            _(
                "A DataLoader with {count} worker processes failed: {error}",
                count=count,
                error=got["error"],
            ),
        )
        if expected is not None:
            what = _("what the DataLoader gives with {count} workers", count=count)
            for batches in got["passes"]:
                same(batches, list(expected), what=what)
        came.append(got["passes"])
    return came


def loader_raises(
    submission: Subject,
    probe: Callable[..., Any],
    *arguments: Any,
    fault: str,
    naming: str = "",
    workers: Sequence[int] = (0, 2),
) -> list[dict[str, Any]]:
    """Fail the check unless a DataLoader passes on an error, whatever its number of workers.

    Args:
        submission: asked.
        probe: as for `delivers`.
        arguments: of the probe, apart from the last.
        fault: what is wrong with the data, as the beginning of a sentence.
        naming: what the error's text has to name, if anything.
        workers: the numbers of worker processes.

    Returns:
        What the probe told, for each number of worker processes.
    """
    told_each = [submission.run(probe, *arguments, count) for count in workers]
    for count, got in zip(workers, told_each, strict=True):
        where = _("{fault} (num_workers={count})", fault=told(fault), count=count)
        require(
            got["error"],
            _(
                "{where}, but the pass went on without an error: silent gaps and wrong samples "
                "are found months later. Let the error through.",
                where=where,
            ),
        )
        require(
            naming in got["text"],
            _(
                "{where}; the error that came does not name it, so nobody can find it: {error}",
                where=where,
                error=got["error"],
            ),
        )
    return told_each


def training_steps_ok(
    seen: Mapping[str, Any], *, steps: int | None = None, forwards: int | None = None
) -> None:
    """Fail the check unless training steps return their loss, detached, and do nothing twice.

    Args:
        seen: what `torchkata.probes.TrainingRecorder` has seen, and `TwoLayers`.
        steps: how many steps the optimizer has to make; not judged by default.
        forwards: how often the model has to be called; not judged by default.
    """
    for loss in seen["losses"]:
        require(
            torch.is_tensor(loss) and loss.dim() == 0,
            _("A step has to return the loss, a 0-d tensor, not {loss}.", loss=repr(loss)),
        )
    require(
        not any(seen["attached"]),
        _(
            "The returned loss still hangs on its gradient graph. Whoever keeps it in a list keeps "
            "the graph of every step: detach it."
        ),
    )
    made = {"steps": seen["steps"], "calls": len(seen["outputs"])}
    due = {
        "steps": made["steps"] if steps is None else steps,
        "calls": made["calls"] if forwards is None else forwards,
    }
    require(
        made == due,
        _(
            "The model was called {calls} x and the optimizer {steps} x, instead of {forwards} x "
            "and {wanted} x.",
            **made,
            forwards=due["calls"],
            wanted=due["steps"],
        ),
    )


def raises(subject: Subject, kind: type[Exception], probe: Callable[..., Any], *a: Any) -> str:
    """Fail the check unless the probe raises `kind` in the submission; return the text."""
    try:
        subject.run(probe, *a)
    except SubmissionError as error:
        if error.todo:
            raise
        require(
            error.kind == kind.__name__,
            _(
                "This has to raise {wanted}, but {kind} came: {error}",
                wanted=kind.__name__,
                kind=error.kind,
                error=error,
            ),
        )
        return str(error)
    raise CheckFailed(_("This has to raise {wanted}, but it returned.", wanted=kind.__name__))
