"""Attribute costs to ops and lines: why a call is slow, or why its cost grows."""

from __future__ import annotations

from typing import Final, Literal

from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.errors import KataError
from torchkata.grading.checks.metering import Measurement, cached_costs
from torchkata.grading.session import Session
from torchkata.i18n import EMPTY, Message, _, join, quantities
from torchkata.i18n.op_names import spelling
from torchkata.worker import builtin_probes, explaining_probes
from torchkata.worker.meters.counts import MemoryUse, OpCount, describe_makers

_FAR: Final = 2  # times as many ops, or bytes, explain a slow call
_MANY: Final = 8  # times one op in one line: a loop, because nobody writes that by hand


def why_slow(session: Session, function: Function, case: Case) -> Message:
    """Explain a slow call: more ops than the reference, more bytes, or work outside of both.

    Returns:
        One to three sentences; empty if the meters see no difference.
    """
    processes = session.processes
    try:
        mine = cached_costs(session, processes.worker_on(), function, case)
        theirs: Measurement = processes.trusted(
            lambda: cached_costs(session, processes.reference_on(), function, case)
        )
    except KataError:
        return EMPTY  # other checks say what is wrong with such a submission
    line = _busiest_line(mine.ops)
    turns = _turns(session, function, case, line) if line else 0
    return compare_costs(mine.ops, theirs.ops, mine.memory, theirs.memory, (line, turns))


def compare_costs(
    mine: OpCount,
    theirs: OpCount,
    my_memory: MemoryUse,
    their_memory: MemoryUse,
    loop: tuple[int, int] = (0, 0),
) -> Message:
    """Say in which respect the first call costs more than the second.

    Args:
        mine: ops of the first.
        theirs: ops of the second.
        my_memory: memory of the first.
        their_memory: memory of the second.
        loop: a line of the first, and how often it runs.
    """
    conversions = _conversions(mine, theirs)
    many_ops = mine.total >= _FAR * max(theirs.total, 1)
    many_bytes = my_memory.total_bytes >= _FAR * max(their_memory.total_bytes, 1)
    if many_ops and (not many_bytes or mine.total - theirs.total >= _MANY):
        counted = _(
            "It makes {yours}; the reference makes {theirs}.",
            yours=mine.describe(),
            theirs=theirs.describe(),
        )
        return join(conversions, counted, _loop(*loop))
    if many_bytes:
        larger = _(
            "It makes hardly more ops than the reference, but larger ones: {yours}, where the "
            "reference has {theirs}.",
            yours=describe_makers(my_memory.allocated, 2),
            theirs=describe_makers(their_memory.allocated, 1) or _("nothing comparable"),
        )
        return join(conversions, larger)
    return conversions or _same_counts(mine, theirs)


def _conversions(mine: OpCount, theirs: OpCount) -> Message:
    """Say whether values leave PyTorch for Python or NumPy, and in which lines."""
    more = {k: n for k, n in mine.conversions.items() if n > theirs.conversions.get(k, 0)}
    if not more:
        return EMPTY
    return _(
        "It takes values out of PyTorch ({what}) and continues in Python or NumPy.",
        what=mine.describe_conversions(more),
    )


def _busiest_line(count: OpCount) -> int:
    """Return the line that repeats one op most often, if that is often; else 0."""
    rows = [(max(ops.values()), line) for line, ops in count.by_line.items() if line]
    most, line = max(rows, default=(0, 0))
    return line if most >= _MANY else 0


def _turns(session: Session, function: Function, case: Case, line: int) -> int:
    """Return how often a line of the submission runs in a call; 0 if that cannot be counted."""
    arguments = (function.name, *session.draw(function, case))
    try:
        turns = session.processes.worker_on().run(
            explaining_probes.count_turns, line, builtin_probes.call, arguments
        )
    except KataError:
        return 0
    return turns if isinstance(turns, int) else 0


def _loop(line: int, turns: int) -> Message:
    """Say whether a line is the body of a Python loop."""
    if turns < _MANY:
        return EMPTY
    return _(
        "Line {line} is the body of a Python loop with {count:,} iterations.",
        line=line,
        count=turns,
    )


def _same_counts(mine: OpCount, theirs: OpCount) -> Message:
    """Explain a slow call with neither more ops nor more bytes."""
    if not mine.total:
        return _("It makes no ops at all: the work is done in Python.")
    known = {*theirs.ops, *theirs.views}
    if all(name in known for name in mine.ops):
        return _(
            "It makes the same ops as the reference; the time goes into Python between them, or "
            "into more work inside an op."
        )
    if mine.total > theirs.total:
        return _(
            "It makes {yours}; the reference makes {theirs}.",
            yours=mine.describe(),
            theirs=theirs.describe(),
        )
    return _(
        "It makes no more ops than the reference, but others: {yours}, where the reference has "
        "{theirs}.",
        yours=mine.describe(),
        theirs=theirs.describe(),
    )


def largest_increase(
    small: Measurement, large: Measurement, *, of: Literal["bytes", "ops", "time"]
) -> Message:
    """Say which op in which line grew most from one size to another.

    Args:
        small: what the meters saw at the smaller size.
        large: the same at the larger size.
        of: what grew.
    """
    of_bytes = of == "bytes"
    before = small.memory.allocated if of_bytes else small.ops.lines
    after = large.memory.allocated if of_bytes else large.ops.lines
    rows = [
        (size - before.get(name, {}).get(at, 0), name, at)
        for name, sizes in after.items()
        for at, size in sizes.items()
        if at
    ]
    if not rows:
        return EMPTY
    _increase, name, at = max(rows)
    few, many = before.get(name, {}).get(at, 0), after[name][at]
    if of_bytes:
        return _(
            "Most of it is {op} on line {line}: {few}, then {many}.",
            op=spelling(name),
            line=at,
            few=quantities.size(few),
            many=quantities.size(many),
        )
    return _(
        "Most of it is {op} on line {line}: {few:,}x, then {many:,}x.",
        op=spelling(name),
        line=at,
        few=few,
        many=many,
    )
