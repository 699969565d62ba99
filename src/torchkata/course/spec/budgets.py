"""Budgets: what an answer may cost, as data whose sentences stand word for word in the stub."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from torchkata.course.translations import told


def _at(sizes: Mapping[str, float], _: Say) -> str:
    named = ", ".join(f"{name}={size:g}" for name, size in sizes.items())
    return _(" at {sizes}", sizes=named) if sizes else ""


@dataclass(frozen=True)
class Ops:
    """At most so many dispatched ATen ops, on every case.

    Attributes:
        at_most: a number, or a formula over the axis letters such as `"n + 3"`.
        views: whether views (select, transpose, ...) count.
    """

    at_most: int | str
    views: bool = True

    def sentence(self, _: Say = english) -> str:
        """The budget in words: English, unless `messages.say` is given."""
        if str(self.at_most) == "1":
            head = _("at most 1 op")
        else:
            head = _("at most {count} ops", count=self.at_most)
        return head if self.views else _("{budget}, views not counted", budget=head)


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

    def sentence(self, _: Say = english) -> str:
        """The budget in words: English, unless `messages.say` is given."""
        return _(
            "at most {count} bytes of extra memory{at}", count=self.at_most, at=_at(self.at, _)
        )


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

    def sentence(self, _: Say = english) -> str:
        """The budget in words: English, unless `messages.say` is given."""
        return _(
            "at least {factor:g} x faster than the {rival}{at}",
            factor=self.factor,
            rival=self.rival if _ is english else told(self.rival),
            at=_at(self.at, _),
        )


@dataclass(frozen=True)
class HostSyncs:
    """At most so many host synchronisations: reads of a device's tensor by the CPU.

    Attributes:
        at_most: how many.
    """

    at_most: int = 0

    def sentence(self, _: Say = english) -> str:
        """The budget in words: English, unless `messages.say` is given."""
        if self.at_most == 0:
            return _("no host synchronisation")
        return _(
            "at most 1 host synchronisation"
            if self.at_most == 1
            else "at most {count} host synchronisations",
            count=self.at_most,
        )


@dataclass(frozen=True)
class Growth:
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

    def noun(self, _: Say = english) -> str:
        """What grows, in words."""
        return {
            "bytes": _("allocated bytes"),
            "ops": _("ops"),
            "time": _("nanoseconds"),
        }[self.of]

    def sentence(self, _: Say = english) -> str:
        """The budget in words: English, unless `messages.say` is given."""
        return _(
            "{noun} grow at most like {over}^{exponent:g}",
            noun=self.noun(_),
            over=self.over,
            exponent=self.at_most,
        )


Budget = Ops | Memory | Speedup | HostSyncs | Growth
