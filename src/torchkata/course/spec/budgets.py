"""Budgets: limits on costs, as data. The stub states each budget's sentence word for word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from torchkata.i18n import Message, _


def _with_sizes(sentence: Message, sizes: Mapping[str, float]) -> Message:
    if not sizes:
        return sentence
    stated = ", ".join(f"{name}={size:g}" for name, size in sizes.items())
    return _("{budget} at {sizes}", budget=sentence, sizes=stated)


@dataclass(frozen=True)
class Ops:
    """A limit on dispatched ops, in every case.

    Attributes:
        at_most: a number, or a formula over the axis letters such as `"n + 3"`.
        views: whether views (select, transpose, ...) count.
        slack: for the gate: why it allows more than 1.5 times what the reference needs.
    """

    at_most: int | str
    views: bool = False
    slack: str = ""

    def sentence(self) -> Message:
        """Return the budget as the stub states it."""
        if str(self.at_most) == "1":
            return _(
                "at most 1 op, counting views" if self.views else "at most 1 op, not counting views"
            )
        return _(
            "at most {count} ops, counting views"
            if self.views
            else "at most {count} ops, not counting views",
            count=self.at_most,
        )


@dataclass(frozen=True)
class Memory:
    """A limit on extra bytes at the peak, beyond the inputs.

    Attributes:
        at_most: a formula over the axis letters, `output` and `input` (their bytes) and
            `itemsize` (bytes of one element).
        at: the sizes at which it is judged; every case if empty.
        slack: for the gate: why it allows more than 1.5 times what the reference needs, or why a
            trap misses it by less than 1.5 times.
    """

    at_most: str
    at: Mapping[str, float] = field(default_factory=dict)
    slack: str = ""

    def sentence(self) -> Message:
        """Return the budget as the stub states it."""
        return _with_sizes(_("at most {count} bytes of extra memory", count=self.at_most), self.at)


@dataclass(frozen=True)
class Speedup:
    """A lower limit on the speed, relative to a baseline.

    Attributes:
        factor: how many times faster.
        over: the baseline, a function of the grader.
        at: the sizes at which it is judged.
    """

    factor: float
    over: Callable[..., object]
    at: Mapping[str, float]

    @property
    def baseline_name(self) -> str:
        """The baseline's name as learners read it."""
        return self.over.__name__.strip("_").replace("_", " ")

    def sentence(self) -> Message:
        """Return the budget as the stub states it."""
        return _with_sizes(
            _(
                "at least {factor:g}x faster than the {baseline}",
                factor=self.factor,
                baseline=Message(self.baseline_name),
            ),
            self.at,
        )


@dataclass(frozen=True)
class HostSyncs:
    """A limit on host synchronizations: reads of a device's tensor by the CPU.

    Attributes:
        at_most: how many.
    """

    at_most: int = 0

    def sentence(self) -> Message:
        """Return the budget as the stub states it."""
        if self.at_most == 0:
            return _("no host synchronization")
        return _(
            "at most 1 host synchronization"
            if self.at_most == 1
            else "at most {count} host synchronizations",
            count=self.at_most,
        )


_NOUNS: Final = {
    "bytes": _("allocated bytes"),
    "ops": _("ops"),
    "time": _("nanoseconds"),
}


@dataclass(frozen=True)
class Growth:
    """A limit on how a cost grows with one size.

    Attributes:
        at_most: the exponent: 1 is linear, 2 quadratic.
        over: the axis letter whose size is varied.
        sizes: three or more values of it, ascending.
        of: `bytes` (all that is ever allocated), `ops`, or `time`.
        at: the other axis letters' values.
    """

    at_most: float
    over: str
    sizes: tuple[int, ...]
    of: Literal["bytes", "ops", "time"] = "bytes"
    at: Mapping[str, float] = field(default_factory=dict)

    @property
    def noun(self) -> Message:
        """The cost that grows."""
        return _NOUNS[self.of]

    def sentence(self) -> Message:
        """Return the budget as the stub states it."""
        return _(
            "{noun} grow at most like {over}^{exponent:g}",
            noun=self.noun,
            over=self.over,
            exponent=self.at_most,
        )


Budget = Ops | Memory | Speedup | HostSyncs | Growth


class Scale:
    """Where a function is met in practice, and at which sizes; its cost there is computed.

    Args:
        where: what it does there.
        sizes: the values of the axis letters.
    """

    def __init__(self, where: Message, /, **sizes: int) -> None:
        self.where = where
        self.sizes: Mapping[str, int] = sizes
