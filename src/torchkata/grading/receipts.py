"""Receipts of an exercise: what each line of the submission, or of the reference, costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from torchkata.course.source_pieces import pieces
from torchkata.course.spec.budgets import Growth, Memory, Speedup
from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.errors import KataError, ProtocolError, SubmissionError, UsageError
from torchkata.grading.session import Session
from torchkata.i18n import Message, _
from torchkata.result import TWIN
from torchkata.result.receipt import BACKWARD, COLUMNS, Costs, LineCosts, Loop, Receipt
from torchkata.sandbox.worker_client import WorkerClient
from torchkata.worker import builtin_probes
from torchkata.worker.meters.validation import read_count, read_counts, read_fields
from torchkata.worker.receipts.probe import run_backward_receipt, run_receipt

_MOST_ROWS: Final = 10_000
_SYNCHRONIZATIONS: Final = "synchronizations"


def receipt_case(function: Function) -> Case:
    """Return the case of a receipt: the sizes of a budget if it states some, else a usual case."""
    for budget in function.budget:
        match budget:
            case Speedup(at=at) | Memory(at=at) if at:
                return Case.at_sizes(at)
            case Growth(over=over, sizes=sizes, at=at):
                return Case.at_sizes({**at, over: sizes[-1]})
    return function.case_for_variants


def case_with_sizes(function: Function, sizes: Mapping[str, float]) -> Case:
    """Return a case with some sizes replaced.

    Raises:
        UsageError: the function has no such size.
    """
    known = receipt_case(function).sizes
    if unknown := [name for name in sizes if name not in known]:
        raise UsageError(
            _(
                "{function} has no size {name!r}. Its sizes are {sizes}.",
                function=function.name,
                name=unknown[0],
                sizes=", ".join(known),
            )
        )
    return Case.at_sizes({**known, **sizes})


def draw_receipt(
    session: Session, function: Function, case: Case, *, reference: bool = False
) -> Receipt:
    """Return what each line costs in a call of the submission, or of the reference.

    Args:
        session: the exercise.
        function: what to call.
        case: on which inputs.
        reference: whether to call the reference instead.

    Raises:
        SubmissionError: the code raises.
        WorkerDiedError: its process ends.
        KataError: the reply is malformed.
    """
    processes = session.processes
    workers = processes.reference_on if reference else processes.worker_on
    file = session.exercise.solution_path.name if reference else session.submission.file

    def arguments() -> tuple[Any, ...]:
        return (function.name, *session.draw(function, case, turn="receipt"))

    forward = _read(workers().run(run_receipt, builtin_probes.call, arguments()), file)
    missing: dict[str, Message] = {}
    wanted = function.differentiable(case)
    if wanted:
        backward, kept = (
            _backward(workers(), arguments(), wanted, file, saved=saved) for saved in (False, True)
        )
        if backward is not None:
            forward = _combined(forward, backward, BACKWARD[1:])
        else:
            missing = dict.fromkeys(BACKWARD, _("No gradient flows through this call."))
        if kept is not None:
            forward = _combined(forward, kept, BACKWARD[:1])
        elif backward is not None:
            missing = {BACKWARD[0]: _("`torch.func` does not allow to record what autograd keeps.")}
    else:
        missing = {BACKWARD[0]: _("The gradient of this function is not judged.")}
        if not any(each.costs.backward_ops for each in forward.lines):
            missing = dict.fromkeys(BACKWARD, missing[BACKWARD[0]])
    try:
        reads = workers(TWIN).run(
            builtin_probes.run_metered, builtin_probes.call, arguments(), device=TWIN, ops=False
        )["synchronizations"]
        forward = _with_reads(forward, reads, file)
    except (KataError, KeyError, TypeError, ValueError):
        missing[_SYNCHRONIZATIONS] = _("This call does not run on the simulated device.")
    source = session.exercise.reference_source if reference else session.submission.source
    lines = {each.line for each in forward.lines if each.line}
    text = source.decode("utf-8-sig", "replace")
    names = {function.name} if function.adapter is None else set(session.spec.names)
    shown = pieces(text, file, names, lines)
    return replace(forward, missing=missing, sources=shown)


def _backward(
    worker: WorkerClient,
    arguments: tuple[Any, ...],
    wanted: tuple[int, ...],
    file: str,
    *,
    saved: bool,
) -> Receipt | None:
    """Return the receipt of a call with its backward pass; None if there is none to measure."""
    positions = tuple(1 + each for each in wanted)  # after the name of the entry point
    try:
        reply = worker.run(
            run_backward_receipt, builtin_probes.call, arguments, positions, saved=saved
        )
    except SubmissionError:  # an in-place change of what autograd needs; grading says so
        return None
    return None if reply is None else _read(reply, file)


def _combined(forward: Receipt, backward: Receipt, names: Sequence[str]) -> Receipt:
    """Return a receipt with some costs of another one."""
    by_line = {each.line: each for each in forward.lines}
    for each in backward.lines:
        known = by_line.get(each.line, LineCosts(file=each.file, line=each.line, costs=Costs()))
        taken = {name: getattr(each.costs, name) for name in names}
        by_line[each.line] = replace(known, costs=replace(known.costs, **taken))
    lines = tuple(by_line[line] for line in sorted(by_line))
    return replace(forward, lines=tuple(each for each in lines if each.costs != Costs()))


def _with_reads(receipt: Receipt, reads: Any, file: str) -> Receipt:
    """Add host synchronizations to a receipt.

    Raises:
        ValueError: they are malformed.
    """
    by_line = {each.line: each for each in receipt.lines}
    for _op, line in list(reads)[:_MOST_ROWS]:
        at = 0 if line is None else read_count(line, "a line")
        name = file if at else ""
        known = by_line.get(at, LineCosts(file=name, line=at, costs=Costs()))
        by_line[at] = replace(known, costs=known.costs + Costs(synchronizations=1))
    return replace(receipt, lines=tuple(by_line[line] for line in sorted(by_line)))


def _read(reply: Any, file: str) -> Receipt:
    """Read a reply of the probe.

    Raises:
        KataError: it is malformed.
    """
    try:
        fields = read_fields(reply, "a receipt", {"peak_bytes", "lines", "loops"})
        rows, loops = fields["lines"], fields["loops"]
        if not isinstance(rows, list) or not isinstance(loops, list):
            raise TypeError("a receipt has no rows")  # noqa: TRY301 - as other malformed data
        return Receipt(
            lines=tuple(_line(row, file) for row in rows[:_MOST_ROWS]),
            loops=tuple(_loop(row, file) for row in loops[:_MOST_ROWS]),
            peak_bytes=read_count(fields["peak_bytes"], "a peak"),
        )
    except (TypeError, ValueError) as error:
        raise ProtocolError(
            _("The meters' reply cannot be read. Do not modify the meters.")
        ) from error


def _line(row: object, file: str) -> LineCosts:
    fields = read_fields(row, "a line", {"line", "ops_by_name", *COLUMNS})
    line = read_count(fields["line"], "a line")
    return LineCosts(
        file=file if line else "",
        line=line,
        costs=Costs(**{name: read_count(fields[name], name) for name in COLUMNS}),
        ops_by_name=read_counts(fields["ops_by_name"], "ops"),
    )


def _loop(row: object, file: str) -> Loop:
    if not isinstance(row, list):
        raise TypeError("a loop is not a row")
    line, first, last, turns = (read_count(value, "a loop") for value in row)
    return Loop(file=file, line=line, first=first, last=last, turns=turns)
