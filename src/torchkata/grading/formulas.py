"""Formulas of an exercise: ops and extra memory as polynomials of the sizes of a case."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from torchkata.course.spec.budgets import Scale
from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.errors import KataError, WorkerDiedError
from torchkata.grading.checks.metering import read_meters
from torchkata.grading.checks.power_law import fit
from torchkata.grading.session import Session
from torchkata.i18n import EMPTY, Message, _, comma_list, quantities
from torchkata.result.polynomial import POINTS, Measure, Polynomial, interpolate
from torchkata.worker import builtin_probes

_MOST_SECONDS: Final = 10.0
_MOST_LETTERS: Final = 5  # that are varied
_COSTS: Final = ("ops", "computing", "peak_bytes")
"""What is counted at each size: ops, ops without views, and bytes of extra memory."""

Counted = tuple[int, int, int]
"""The counts of one call, in the order of `_COSTS`."""


@dataclass(frozen=True, kw_only=True)
class Formulas:
    """How the costs of a function depend on its sizes.

    Attributes:
        ops: dispatched ops, views included; None if they are no polynomial.
        peak_bytes: extra memory at the peak; None likewise.
        fixed: the sizes that were not varied, with their values.
        growth: by cost that is no polynomial: letter to the exponent of its growth.
    """

    ops: Polynomial | None
    peak_bytes: Polynomial | None
    fixed: Mapping[str, float] = field(default_factory=dict)
    growth: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def message(self) -> Message:
        """The formulas in a sentence."""
        parts = [
            _("ops: {formula}", formula=str(self.ops))
            if self.ops is not None
            else _("ops: no polynomial{growth}", growth=self._growth("ops")),
            _("extra memory: {formula} bytes", formula=str(self.peak_bytes))
            if self.peak_bytes is not None
            else _("extra memory: no polynomial{growth}", growth=self._growth("peak_bytes")),
        ]
        if not self.fixed:
            return _("{formulas}.", formulas=comma_list(parts))
        sizes = ", ".join(f"{name}={size:g}" for name, size in self.fixed.items())
        return _("{formulas}, with {sizes}.", formulas=comma_list(parts), sizes=sizes)

    def at(self, sizes: Mapping[str, float]) -> Message:
        """Return the costs at other sizes; empty if one of them is no polynomial there."""
        fixed = {name: size for name, size in sizes.items() if name in self.fixed}
        if self.ops is None or self.peak_bytes is None or fixed.items() - self.fixed.items():
            return EMPTY
        return _(
            "{ops} ops, {size} of extra memory",
            ops=quantities.count(float(self.ops(sizes))),
            size=quantities.size(float(self.peak_bytes(sizes))),
        )

    def as_json(self) -> dict[str, object]:
        """Return the formulas as JSON-ready data."""
        return {
            "ops": None if self.ops is None else str(self.ops),
            "peak_bytes": None if self.peak_bytes is None else str(self.peak_bytes),
            "fixed": dict(self.fixed),
            "growth": {name: dict(powers) for name, powers in self.growth.items()},
        }

    def _growth(self, name: str) -> Message:
        powers = [f"{x}^{exponent:.1f}" for x, exponent in self.growth.get(name, {}).items()]
        if not powers:
            return EMPTY
        return _(" (from size 8 to 20 like {growth})", growth=", ".join(powers))


class _Counts:
    """Measures a function at sizes, once per size."""

    def __init__(
        self, session: Session, function: Function, case: Case, *, reference: bool
    ) -> None:
        self._session, self._function, self._case = session, function, case
        self._reference = reference
        self._known: dict[tuple[tuple[str, float], ...], Counted | None] = {}
        self._until = math.inf
        self.own = self.at({})  # the first call of a process takes long
        self._until = time.monotonic() + _MOST_SECONDS

    def at(self, sizes: Mapping[str, float]) -> Counted | None:
        """Return the counts; None if the call fails, or if time is over."""
        sizes = {**self._case.sizes, **sizes}
        key = tuple(sizes.items())
        if key not in self._known:
            self._known[key] = self._measured(sizes) if time.monotonic() < self._until else None
        return self._known[key]

    def _measured(self, sizes: Mapping[str, float]) -> Counted | None:
        processes = self._session.processes
        worker = processes.reference_on() if self._reference else processes.worker_on()
        try:
            arguments = self._session.draw(
                self._function, Case.at_sizes(sizes), turn=f"formula, {self._reference}"
            )
        except Exception:  # noqa: BLE001 - a grader's factory, at sizes that it does not know
            return None
        try:
            reply = worker.run(
                builtin_probes.run_metered,
                builtin_probes.call,
                (self._function.name, *arguments),
                ops=True,
                memory=True,
                kept=True,
            )
            measured = read_meters(reply, with_lines=False)
        except WorkerDiedError:
            self._until = 0.0
            return None
        except KataError:  # sizes that do not fit together
            return None
        ops, memory = measured.ops, measured.memory
        return ops.total, ops.computing, memory.peak_bytes


def find_formulas(
    session: Session, function: Function, case: Case, *, reference: bool = False
) -> Formulas | None:
    """Return how ops and extra memory depend on the sizes of a case.

    Sizes that cannot be varied alone, such as flags, keep their values.

    Args:
        session: the exercise.
        function: what to call.
        case: whose sizes to vary; formulas hold at its own sizes, too.
        reference: whether to measure the reference.

    Returns:
        None if the inputs cannot be drawn from sizes alone.
    """
    varied = _Varied.of(session, function, case, reference=reference)
    if varied is None:
        return None
    ops, peak_bytes = varied.polynomial("ops"), varied.polynomial("peak_bytes")
    growth = {}
    for name, found in (("ops", ops), ("peak_bytes", peak_bytes)):
        if found is None:
            growth[name] = varied.growth(name)
    fixed = {name: size for name, size in case.sizes.items() if name not in varied.letters}
    return Formulas(ops=ops, peak_bytes=peak_bytes, fixed=fixed, growth=growth)


def costs_at_scale(scale: Scale | None, yours: Formulas | None, theirs: Formulas | None) -> Message:
    """Return what a call costs at the sizes of practice, from the formulas.

    Args:
        scale: these sizes.
        yours: the formulas of the submission.
        theirs: those of the reference.

    Returns:
        A sentence; empty if nothing is known.
    """
    if scale is None or yours is None or theirs is None:
        return EMPTY
    mine, reference = yours.at(scale.sizes), theirs.at(scale.sizes)
    if not mine or not reference:
        return EMPTY
    sizes = ", ".join(f"{name}={size:,}" for name, size in scale.sizes.items())
    return _(
        "At real size ({where}: {sizes}), by the formulas: {yours}; the reference: {theirs}.",
        where=scale.where,
        sizes=sizes,
        yours=mine,
        theirs=reference,
    )


def compare_formulas(session: Session, function: Function, case: Case, cost: str) -> Message:
    """Say how a cost depends on the sizes, for the submission and for the reference.

    Args:
        session: the exercise.
        function: what to call.
        case: whose sizes to vary.
        cost: `ops`, `computing` (ops without views) or `peak_bytes`.

    Returns:
        A sentence; empty if one of the two is no polynomial, or if there is nothing to vary.
    """
    mine = _Varied.of(session, function, case, reference=False)
    theirs = _Varied.of(session, function, case, reference=True)
    yours = mine and mine.polynomial(cost)
    reference = theirs and theirs.polynomial(cost)
    if yours is None or reference is None:
        return EMPTY
    if cost == "peak_bytes":
        return _(
            "For any size: {yours} bytes; the reference: {theirs} bytes.",
            yours=str(yours),
            theirs=str(reference),
        )
    return _(
        "For any size: {yours} ops; the reference: {theirs}.",
        yours=str(yours),
        theirs=str(reference),
    )


@dataclass(frozen=True, kw_only=True)
class _Varied:
    """A function whose sizes can be varied.

    Attributes:
        letters: the sizes that can be varied alone.
        counts: measures it.
        case: its own sizes, at which formulas must hold, too.
    """

    letters: tuple[str, ...]
    counts: _Counts
    case: Case

    @classmethod
    def of(
        cls, session: Session, function: Function, case: Case, *, reference: bool
    ) -> _Varied | None:
        """Find out which sizes can be varied; None if none can."""
        counts = _Counts(session, function, case, reference=reference)
        if counts.own is None:
            return None
        sizes = case.sizes.items()
        letters = [x for x, size in sizes if size == int(size) and size > 1][:_MOST_LETTERS]
        base = dict.fromkeys(letters, POINTS[0])
        for letter in list(letters):
            if any(counts.at({**base, letter: size}) is None for size in POINTS):
                letters.remove(letter)
                del base[letter]
        return cls(letters=tuple(letters), counts=counts, case=case) if letters else None

    def measure(self, name: str) -> Measure:
        """Return a function that measures one cost at sizes."""
        position = _COSTS.index(name)

        def measured(sizes: Mapping[str, int]) -> int | None:
            counted = self.counts.at(sizes)
            return None if counted is None else counted[position]

        return measured

    def polynomial(self, name: str) -> Polynomial | None:
        """Return the polynomial that a cost is; None if it is none."""
        measure = self.measure(name)
        own = measure({})
        assert own is not None
        sizes = {letter: int(self.case.sizes[letter]) for letter in self.letters}
        return interpolate(self.letters, measure, [(sizes, own)])

    def growth(self, name: str) -> dict[str, float]:
        """Return the exponent of the growth in each letter along which a cost grows."""
        return _growth(self.letters, dict.fromkeys(self.letters, POINTS[0]), self.measure(name))


def _growth(letters: Sequence[str], base: Mapping[str, int], measure: Measure) -> dict[str, float]:
    """Return the exponent of the growth in each letter along which the count grows."""
    found = {}
    for letter in letters:
        values = [float(measure({**base, letter: size}) or 0) for size in POINTS]
        if all(values) and values[-1] != values[0]:
            found[letter] = fit(list(map(float, POINTS)), values).exponent
    return found
