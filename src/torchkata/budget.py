"""Budgets: what an answer may cost, as data whose sentences stand word for word in the stub."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal


def _at(sizes: Mapping[str, float]) -> str:
    return " at " + ", ".join(f"{name}={size:g}" for name, size in sizes.items()) if sizes else ""


@dataclass(frozen=True)
class Ops:
    """At most so many dispatched ATen ops, on every case.

    Attributes:
        at_most: a number, or a formula over the axis letters such as `"n + 3"`.
        views: whether views (select, transpose, ...) count.
    """

    at_most: int | str
    views: bool = True

    def sentence(self) -> str:
        """The budget in words."""
        noun = "op" if str(self.at_most) == "1" else "ops"
        return f"at most {self.at_most} {noun}" + ("" if self.views else ", views not counted")


@dataclass(frozen=True)
class Memory:
    """At most so many extra bytes at the peak, over the inputs.

    Attributes:
        at_most: a formula over the axis letters, `output` and `input` (their bytes) and
            `itemsize` (bytes of one element).
        at: the sizes on which it is judged; every case when empty.
    """

    at_most: str
    at: Mapping[str, float] = field(default_factory=dict)

    def sentence(self) -> str:
        """The budget in words."""
        return f"at most {self.at_most} bytes of extra memory{_at(self.at)}"


@dataclass(frozen=True)
class Speedup:
    """At least so many times faster than a named slow version.

    Attributes:
        factor: how many times.
        over: the slow version, a function of the grader.
        at: the sizes on which it is judged.
    """

    factor: float
    over: Callable[..., object]
    at: Mapping[str, float]

    @property
    def rival(self) -> str:
        """The slow version's name in words."""
        return self.over.__name__.strip("_").replace("_", " ")

    def sentence(self) -> str:
        """The budget in words."""
        return f"at least {self.factor:g} x faster than the {self.rival}{_at(self.at)}"


@dataclass(frozen=True)
class Syncs:
    """At most so many host synchronisations: reads of a device's tensor by the CPU.

    Attributes:
        at_most: how many.
    """

    at_most: int = 0

    def sentence(self) -> str:
        """The budget in words."""
        if self.at_most == 0:
            return "no host synchronisation"
        return f"at most {self.at_most} host synchronisation" + "s" * (self.at_most > 1)


@dataclass(frozen=True)
class GrowthAtMost:
    """The cost rises with a size by at most this exponent.

    Attributes:
        at_most: 1 is linear, 2 quadratic.
        over: the axis letter whose size is varied.
        sizes: three or more of it, ascending.
        of: `bytes` (all that is ever allocated), `ops`, or `time`.
        at: the other axis letters' values.
    """

    at_most: float
    over: str
    sizes: tuple[int, ...]
    of: Literal["bytes", "ops", "time"] = "bytes"
    at: Mapping[str, float] = field(default_factory=dict)

    @property
    def noun(self) -> str:
        """What grows, in words."""
        return {"bytes": "allocated bytes", "ops": "ops", "time": "nanoseconds"}[self.of]

    def sentence(self) -> str:
        """The budget in words."""
        return f"{self.noun} grow at most like {self.over}^{self.at_most:g}"


Budget = Ops | Memory | Speedup | Syncs | GrowthAtMost
