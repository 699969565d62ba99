"""A case as data: one set of hidden inputs of a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from torchkata.course.spec.inputs import Sizes
from torchkata.course.spec.tolerance import Tolerance
from torchkata.course.translations import told_case
from torchkata.errors import CourseError
from torchkata.result import AXES

Given = Callable[[Sizes, torch.Generator], tuple[object, ...]]


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the reference returned in an open example.

    Attributes:
        expected: for the arguments of the example.
        precise: for the same in float64, where that is more.
    """

    expected: object
    precise: object = None


class Case:
    """One set of hidden inputs, drawn afresh in each run.

    Args:
        name: what is special about it, in words.
        axis: the axis that it judges: `values`, or `stability` for inputs at the edges.
        given: makes the arguments of this case instead of the function's `inputs`.
        raises: the exception that the function has to raise here.
        match: a regular expression that the exception's text has to match.
        gradient: whether the gradient is judged on this case too, or the names of the parameters
            to differentiate.
        tolerance: of this case alone; per dtype to be judged in each of them, else in the
            function's first. Values and gradients are then compared with what the reference makes
            of the same inputs in float64, rounded to its dtype.
        why: a sentence for those who fail here: what usually lies behind it.
        known: what the reference returns, in an open example; it is asked otherwise.
        sizes: the axis letters' values.
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
        known: Known | None = None,
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
            raise CourseError(f"Case {name!r}: {axis!r} is no axis; use one of {', '.join(AXES)}.")

    def allowed(self, dtype: torch.dtype) -> Tolerance | None:
        """Its own tolerance in a dtype; None where that of the function holds."""
        own = self.tolerance
        return own.get(dtype) if isinstance(own, Mapping) else own

    @classmethod
    def timed(cls, sizes: Mapping[str, float]) -> Case:
        """The case of a budget that names its own sizes."""
        case = cls("timed")
        case.sizes = dict(sizes)
        return case

    @property
    def words(self) -> str:
        """The name with the sizes, for messages."""
        sizes = ", ".join(f"{letter}={size:g}" for letter, size in self.sizes.items())
        return f"{self.name} ({sizes})" if sizes else self.name

    @property
    def told(self) -> str:
        """The same in the language in force."""
        return told_case(self.words)

    @property
    def elements(self) -> float:
        """The product of the sizes, zeros counted as one: how large the case is."""
        product = 1.0
        for size in self.sizes.values():
            product *= max(1.0, abs(size))
        return product
