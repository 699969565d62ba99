"""Names of the values, rows, columns or slices along a dim: one of them, a range, or all."""

from __future__ import annotations

from torchkata.grading.compare import describe
from torchkata.i18n import Message, _


class Slices:
    """Names the slices of a tensor along one of its dims.

    The dims of a vector and a matrix have names of their own: values, rows and columns.

    Args:
        sizes: the tensor's shape.
        dim: the dim.
    """

    def __init__(self, sizes: tuple[int, ...], dim: int) -> None:
        self.size = sizes[dim]
        self._dim = dim
        self._name = {1: ("value",), 2: ("row", "column")}.get(len(sizes), ("slice",) * len(sizes))[
            dim
        ]

    @property
    def total(self) -> int | Message:
        """Return the number of slices, for `row 3 of ...`: `5`, or `5 along dim 2`."""
        if self._name == "slice":
            return _("{size} along dim {dim}", size=self.size, dim=self._dim)
        return self.size

    def counted(self) -> Message:
        """Return all of them, counted: `5 rows`, `5 slices along dim 2`."""
        return {
            "value": _("{size} values", size=self.size),
            "row": _("{size} rows", size=self.size),
            "column": _("{size} columns", size=self.size),
            "slice": _("{size} slices along dim {dim}", size=self.size, dim=self._dim),
        }[self._name]

    def one(self, index: int) -> Message:
        """Return one of them: `row 3`."""
        return {
            "value": _("value {index}", index=index),
            "row": _("row {index}", index=index),
            "column": _("column {index}", index=index),
            "slice": _("slice {index}", index=index),
        }[self._name]

    def two(self, first: int, last: int) -> Message:
        """Return two of them: `rows 3 and 4`."""
        return {
            "value": _("values {first} and {last}", first=first, last=last),
            "row": _("rows {first} and {last}", first=first, last=last),
            "column": _("columns {first} and {last}", first=first, last=last),
            "slice": _("slices {first} and {last}", first=first, last=last),
        }[self._name]

    def range(self, first: int, last: int) -> Message:
        """Return consecutive ones: `rows 3 to 7`."""
        return {
            "value": _("values {first} to {last}", first=first, last=last),
            "row": _("rows {first} to {last}", first=first, last=last),
            "column": _("columns {first} to {last}", first=first, last=last),
            "slice": _("slices {first} to {last}", first=first, last=last),
        }[self._name]

    def every(self, step: int) -> Message:
        """Return those at equal distances: `every 2nd row`, `every 2nd slice along dim 2`."""
        nth = describe.ordinal(step)
        return {
            "value": _("every {nth} value", nth=nth),
            "row": _("every {nth} row", nth=nth),
            "column": _("every {nth} column", nth=nth),
            "slice": _("every {nth} slice along dim {dim}", nth=nth, dim=self._dim),
        }[self._name]

    def all(self) -> Message:
        """Return all of them: `the rows`, `the slices along dim 2`."""
        return {
            "value": _("the values"),
            "row": _("the rows"),
            "column": _("the columns"),
            "slice": _("the slices along dim {dim}", dim=self._dim),
        }[self._name]

    def all_right(self) -> Message:
        """Return all of them as correct ones: `the right rows`."""
        return {
            "value": _("the right values"),
            "row": _("the right rows"),
            "column": _("the right columns"),
            "slice": _("the right slices along dim {dim}", dim=self._dim),
        }[self._name]
