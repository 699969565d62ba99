"""What the values, rows, columns or slices along a dim are called: alone, counted, in a range."""

from __future__ import annotations

from torchkata.grading.compare import describe
from torchkata.i18n.messages import say


class Slices:
    """The slices of a tensor along one of its dims.

    Args:
        sizes: the tensor's shape.
        dim: which dim.
    """

    def __init__(self, sizes: tuple[int, ...], dim: int) -> None:
        self.size = sizes[dim]
        self._dim = dim
        self._kind = {1: ("value",), 2: ("row", "column")}.get(len(sizes), ("slice",) * len(sizes))[
            dim
        ]

    @property
    def along(self) -> str:
        """` along dim 2`, where the name does not say it; else empty."""
        return say(" along dim {dim}", dim=self._dim) if self._kind == "slice" else ""

    def all(self) -> str:
        """How many there are: `5 rows`."""
        return {
            "value": say("{count} values", count=self.size),
            "row": say("{count} rows", count=self.size),
            "column": say("{count} columns", count=self.size),
            "slice": say("{count} slices", count=self.size),
        }[self._kind]

    def one(self, at: int) -> str:
        """One of them: `row 3`."""
        return {
            "value": say("value {at}", at=at),
            "row": say("row {at}", at=at),
            "column": say("column {at}", at=at),
            "slice": say("slice {at}", at=at),
        }[self._kind]

    def two(self, first: int, last: int) -> str:
        """Two of them: `rows 3 and 4`."""
        return {
            "value": say("values {first} and {last}", first=first, last=last),
            "row": say("rows {first} and {last}", first=first, last=last),
            "column": say("columns {first} and {last}", first=first, last=last),
            "slice": say("slices {first} and {last}", first=first, last=last),
        }[self._kind]

    def range(self, first: int, last: int) -> str:
        """Several in a row: `rows 3 to 7`."""
        return {
            "value": say("values {first} to {last}", first=first, last=last),
            "row": say("rows {first} to {last}", first=first, last=last),
            "column": say("columns {first} to {last}", first=first, last=last),
            "slice": say("slices {first} to {last}", first=first, last=last),
        }[self._kind]

    def every(self, step: int) -> str:
        """One of so many: `every 2nd row`."""
        nth = describe.ordinal(step)
        return {
            "value": say("every {nth} value", nth=nth),
            "row": say("every {nth} row", nth=nth),
            "column": say("every {nth} column", nth=nth),
            "slice": say("every {nth} slice", nth=nth),
        }[self._kind]

    def the(self) -> str:
        """All of them, with the article: `the slices along dim 2`."""
        return {
            "value": say("the values"),
            "row": say("the rows"),
            "column": say("the columns"),
            "slice": say("the slices along dim {dim}", dim=self._dim),
        }[self._kind]

    def the_right(self) -> str:
        """All of them, called right: `the right rows`."""
        return {
            "value": say("the right values"),
            "row": say("the right rows"),
            "column": say("the right columns"),
            "slice": say("the right slices along dim {dim}", dim=self._dim),
        }[self._kind]
