"""Claims about plain data, with default messages: expected X, got Y."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torchkata.errors import CheckFailed
from torchkata.i18n import EMPTY, Message, _, comma_list, join


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
            metrics={metric: got, f"{metric}_allowed": limit} if metric else {},
        )


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
