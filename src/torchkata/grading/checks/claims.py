"""Claims about plain data, with default messages: expected X, got Y."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from torchkata.errors import CheckFailed
from torchkata.i18n import EMPTY, Message, _, comma_list, join

_FIGURES: Final[ContextVar[dict[str, float] | None]] = ContextVar("figures", default=None)
_ALLOWED: Final = "_allowed"


@contextmanager
def recorded_figures() -> Iterator[dict[str, float]]:
    """Collect the metrics of claims that hold, for the report of a check that passes.

    Of several claims with the same metric, the one that is nearest to its limit counts.
    """
    figures: dict[str, float] = {}
    token = _FIGURES.set(figures)
    try:
        yield figures
    finally:
        _FIGURES.reset(token)


def record(metrics: dict[str, float]) -> None:
    """Record the metrics of a claim that holds: a number, and its limit as `NAME_allowed`."""
    figures = _FIGURES.get()
    if figures is None:
        return
    for name, value in metrics.items():
        limit = metrics.get(name + _ALLOWED)
        if limit is None:
            continue
        known, known_limit = figures.get(name), figures.get(name + _ALLOWED, 0)
        if known is None or value / max(limit, 1) > known / max(known_limit, 1):
            figures |= {name: value, name + _ALLOWED: limit}


def equal(got: Any, expected: Any, *, what: Message, why: Message = EMPTY) -> None:
    """Fail the check unless plain data is equal: numbers, text, dtypes, or containers of these.

    Args:
        got: what the submission returned. Tensors are compared by `same`.
        expected: what it should be.
        what: what is compared, as the beginning of a sentence, such as `len(ds)`.
        why: why it matters or what to do, in a complete sentence.
    """
    if got != expected:
        raise CheckFailed(
            join(
                _("{what}: expected {expected}, got {got}.", what=what, expected=expected, got=got),
                why,
            )
        )


def at_most(
    got: float, limit: float, *, what: Message, why: Message = EMPTY, metric: str = ""
) -> None:
    """Fail the check if a number is above a limit.

    Args:
        got: what the submission needs.
        limit: the most that is allowed.
        what: what is counted, as the beginning of a sentence.
        why: why it matters or what to do, in a complete sentence.
        metric: the name of the number in reports, the unit in the name (`graphs`, `held_bytes`).
    """
    metrics = {metric: got, metric + _ALLOWED: limit} if metric else {}
    if got > limit:
        raise CheckFailed(
            join(
                _(
                    "{what}: expected at most {limit:,}, got {got:,}.",
                    what=what,
                    limit=limit,
                    got=got,
                ),
                why,
            ),
            metrics=metrics,
        )
    record(metrics)


def none_of(
    found: Iterable[object], *, what: Message, why: Message = EMPTY, **metrics: float
) -> None:
    """Fail the check if there is anything in `found`.

    Args:
        found: names, or lines of text.
        what: what was found, as the beginning of a sentence, such as "Changed settings".
        why: why it matters or what to do, in a complete sentence.
        metrics: numbers for the report, the unit in the key.
    """
    names = [name if isinstance(name, Message) else str(name) for name in found]
    if names:
        listed = comma_list(names)
        raise CheckFailed(
            join(_("{what}: expected none, got {names}.", what=what, names=listed), why),
            metrics=metrics,
        )
    record(metrics)
