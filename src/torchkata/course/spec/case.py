"""A case as data: one set of hidden inputs of a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import torch

from torchkata.course.spec.inputs import Sizes
from torchkata.course.spec.tolerance import Tolerance
from torchkata.errors import CourseError
from torchkata.i18n import Message, _
from torchkata.result import AXES

Given = Callable[[Sizes, torch.Generator], tuple[object, ...]]

_AT_SIZES: Final = _("timed")
"""The name of a budget's case."""
_EQUAL_SIZES: Final = _("all sizes equal")


@dataclass(frozen=True, kw_only=True)
class ExpectedOutput:
    """The stored output of the reference in an open example.

    Attributes:
        expected: for the arguments of the example.
        precise: for the same arguments in float64, if that is more precise.
    """

    expected: object
    precise: object = None


class Case:
    """One set of hidden inputs, drawn anew in each run.

    Args:
        name: what is special about the case; learners read it.
        axis: the axis that it judges: `values`, or `stability` for inputs at the edges of a dtype.
        given: makes the arguments of this case instead of the function's `inputs`.
        raises: the exception that the function must raise.
        match: a regular expression that the exception's text must match.
        gradient: whether the gradient is judged on this case too, or the names of the parameters
            to differentiate.
        tolerance: of this case only. With a tolerance per dtype, the case is judged in each of
            these dtypes, else in the function's first. Values and gradients are then compared
            with the reference in float64, rounded to its dtype.
        why: a sentence for learners who fail this case: the usual cause.
        known: the stored output of the reference, in an open example.
        sizes: the values of the axis letters.

    Raises:
        CourseError: `axis` is no axis.
    """

    def __init__(
        self,
        name: str,
        /,
        *,
        axis: str = "values",
        given: Given | None = None,
        raises: type[Exception] | None = None,
        match: str = "",
        gradient: bool | tuple[str, ...] = False,
        tolerance: Tolerance | Mapping[torch.dtype, Tolerance] | None = None,
        why: str = "",
        known: ExpectedOutput | None = None,
        **sizes: float,
    ) -> None:
        self.name = name
        self.axis = "contract" if raises else axis
        self.given = given
        self.raises = raises
        self.match = match
        self.gradient = gradient
        self.tolerance = tolerance
        self.why = why
        self.known = known
        self.sizes: Mapping[str, float] = sizes
        if self.axis not in AXES:
            raise CourseError(f"Case {name!r}: expected an axis ({', '.join(AXES)}), got {axis!r}.")

    def tolerance_for(self, dtype: torch.dtype) -> Tolerance | None:
        """Return the case's tolerance in a dtype; None if the function's applies."""
        own = self.tolerance
        return own.get(dtype) if isinstance(own, Mapping) else own

    @classmethod
    def at_sizes(cls, sizes: Mapping[str, float]) -> Case:
        """Return the case of a budget that states its sizes."""
        case = cls(_AT_SIZES.template)
        case.sizes = dict(sizes)
        return case

    @classmethod
    def of_equal_sizes(cls, sizes: Mapping[str, float]) -> Case:
        """Return the case in which all axis letters have the same size."""
        case = cls(_EQUAL_SIZES.template)
        case.sizes = dict(sizes)
        return case

    @property
    def label(self) -> Message:
        """The name with the sizes."""
        sizes = ", ".join(f"{letter}={size:g}" for letter, size in self.sizes.items())
        name = self._name
        return _("{case} ({sizes})", case=name, sizes=sizes) if sizes else name

    @property
    def _name(self) -> Message:
        match self.known, self.name.rpartition(" ")[2]:
            case ExpectedOutput(), number:
                return _("open example {number}", number=number)
        return Message(self.name)

    @property
    def elements(self) -> float:
        """The product of the sizes, with zeros counted as one."""
        product = 1.0
        for size in self.sizes.values():
            product *= max(1.0, abs(size))
        return product
