"""What the values, rows, columns or slices along a dim are called: alone, counted, in a range."""

from __future__ import annotations

from torchkata.grading.compare import describe
from torchkata.i18n import _


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
        return _(" along dim {dim}", dim=self._dim) if self._kind == "slice" else ""

    def all(self) -> str:
        """How many there are: `5 rows`."""
        return {
            "value": _("{count} values", count=self.size),
            "row": _("{count} rows", count=self.size),
            "column": _("{count} columns", count=self.size),
            "slice": _("{count} slices", count=self.size),
        }[self._kind]

    def one(self, at: int) -> str:
        """One of them: `row 3`."""
        return {
            "value": _("value {at}", at=at),
            "row": _("row {at}", at=at),
            "column": _("column {at}", at=at),
            "slice": _("slice {at}", at=at),
        }[self._kind]

    def two(self, first: int, last: int) -> str:
        """Two of them: `rows 3 and 4`."""
        return {
            "value": _("values {first} and {last}", first=first, last=last),
            "row": _("rows {first} and {last}", first=first, last=last),
            "column": _("columns {first} and {last}", first=first, last=last),
            "slice": _("slices {first} and {last}", first=first, last=last),
        }[self._kind]

    def range(self, first: int, last: int) -> str:
        """Several in a row: `rows 3 to 7`."""
        return {
            "value": _("values {first} to {last}", first=first, last=last),
            "row": _("rows {first} to {last}", first=first, last=last),
            "column": _("columns {first} to {last}", first=first, last=last),
            "slice": _("slices {first} to {last}", first=first, last=last),
        }[self._kind]

    def every(self, step: int) -> str:
        """One of so many: `every 2nd row`."""
        nth = describe.ordinal(step)
        return {
            "value": _("every {nth} value", nth=nth),
            "row": _("every {nth} row", nth=nth),
            "column": _("every {nth} column", nth=nth),
            "slice": _("every {nth} slice", nth=nth),
        }[self._kind]

    def the(self) -> str:
        """All of them, with the article: `the slices along dim 2`."""
        return {
            "value": _("the values"),
            "row": _("the rows"),
            "column": _("the columns"),
            "slice": _("the slices along dim {dim}", dim=self._dim),
        }[self._kind]

    def the_right(self) -> str:
        """All of them, called right: `the right rows`."""
        return {
            "value": _("the right values"),
            "row": _("the right rows"),
            "column": _("the right columns"),
            "slice": _("the right slices along dim {dim}", dim=self._dim),
        }[self._kind]
