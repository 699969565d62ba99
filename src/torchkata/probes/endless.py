"""What a probe raises instead of going on for ever; the judge puts it into words."""

from __future__ import annotations


class EndlessError(BaseException):
    """Something does not come to its end: no `Exception`, so that no submission catches it.

    Args:
        what: `compiling` or `items`.
        limit: seconds, or how many items have come.
    """

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"{what} {limit}")
