"""Puts costs down to what made them: why a call is slow, or grows, by op name and line."""

from __future__ import annotations

from typing import Any, Final

from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.errors import KataError
from torchkata.grading.checks.metering import costs
from torchkata.grading.session import Session
from torchkata.i18n import _, join, quantities
from torchkata.worker.meters.counts import MemoryUse, OpCount, ranked

_FAR: Final = 2  # times as many ops, or bytes, explain a slow call
_MANY: Final = 8  # times one op in one line: a loop, for nobody writes that by hand


def why_slow(session: Session, function: Function, case: Case) -> str:
    """Say what sets a slow call apart from the reference's: ops, bytes, or work outside of both.

    Returns:
        One to three sentences; empty where the meters see no difference.
    """
    try:
        mine = costs(session, session.worker, function, case)
        theirs = session.trusted(lambda: costs(session, session.reference, function, case))
    except KataError:
        return ""  # the other checks say what is wrong with such an answer
    return compared(mine["ops"], theirs["ops"], mine["memory"], theirs["memory"])


def compared(mine: OpCount, theirs: OpCount, room: MemoryUse, their_room: MemoryUse) -> str:
    """Say in which respect the first call costs more than the second."""
    found = [_left(mine, theirs)]
    many = mine.total >= _FAR * max(theirs.total, 1)
    large = room.total_bytes >= _FAR * max(their_room.total_bytes, 1)
    if many and (not large or mine.total - theirs.total >= _MANY):
        counted = _(
            "It makes {yours}; the reference makes {theirs}.",
            yours=mine.sentence(),
            theirs=theirs.sentence(),
        )
        found += [counted, _loop(mine)]
    elif large:
        found.append(
            _(
                "It makes hardly more ops than the reference, but larger ones: {yours}, where the "
                "reference has {theirs}.",
                yours=ranked(room.allocated, 2),
                theirs=ranked(their_room.allocated, 1) or _("nothing of the kind"),
            )
        )
    elif not any(found):
        found.append(_otherwise(mine, theirs))
    return join(*found)


def _left(mine: OpCount, theirs: OpCount) -> str:
    """Whether values leave for Python or numpy, and in which lines."""
    more = {k: n for k, n in mine.conversions.items() if n > theirs.conversions.get(k, 0)}
    if not more:
        return ""
    return _(
        "It takes the numbers out of PyTorch ({what}) and works on in Python or NumPy.",
        what=mine.left(more),
    )


def _loop(mine: OpCount) -> str:
    """Whether one line makes one op over and over: a loop in Python."""
    rows = [(n, at, name) for at, ops in mine.by_line.items() if at for name, n in ops.items()]
    count, line, _unused = max(rows, default=(0, 0, ""))
    if count < _MANY:
        return ""
    return _("Line {line} is the body of a Python loop of {count:,} turns.", line=line, count=count)


def _otherwise(mine: OpCount, theirs: OpCount) -> str:
    """Neither more ops nor more bytes: other ops, or no ops at all."""
    if not mine.total:
        return _("It makes no ops at all: the work is done in Python itself.")
    known = {*theirs.ops, *theirs.views}
    other = [name for name in mine.ops if name not in known]
    if not other:
        return _(
            "It makes the same ops as the reference; the time goes into Python between them, or "
            "into more work inside of an op."
        )
    return _(
        "It makes no more ops than the reference, but others: {yours}, where the reference has "
        "{theirs}.",
        yours=mine.sentence(),
        theirs=theirs.sentence(),
    )


def risen(small: dict[str, Any], large: dict[str, Any]) -> str:
    """Say which op in which line has grown most from one size to another.

    Args:
        small: what `measure` read at the smaller size, `memory` or `ops`.
        large: the same at the larger size.
    """
    if "memory" in large:
        before, after = small["memory"].allocated, large["memory"].allocated
    else:
        before, after = small["ops"].lines, large["ops"].lines
    rows = [
        (size - before.get(name, {}).get(at, 0), name, at)
        for name, sizes in after.items()
        for at, size in sizes.items()
        if at
    ]
    if not rows:
        return ""
    _unused, name, at = max(rows)
    few, many = before.get(name, {}).get(at, 0), after[name][at]
    if "memory" in large:
        return _(
            "Most of it is {op} in line {line}: {few} there, then {many}.",
            op=name,
            line=at,
            few=quantities.size(few),
            many=quantities.size(many),
        )
    return _(
        "Most of it is {op} in line {line}: {few:,} x there, then {many:,} x.",
        op=name,
        line=at,
        few=few,
        many=many,
    )
