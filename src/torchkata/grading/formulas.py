"""Formulas of an exercise: ops and extra memory as polynomials of the sizes of a case."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.errors import KataError, WorkerDiedError
from torchkata.grading.checks.metering import read_meters
from torchkata.grading.checks.power_law import fit
from torchkata.grading.session import Session
from torchkata.i18n import EMPTY, Message, _, comma_list
from torchkata.result.polynomial import POINTS, Measure, Polynomial, interpolate
from torchkata.worker import builtin_probes

_MOST_SECONDS: Final = 10.0
_SIZES: Final = 5  # letters that are varied at most


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
        self._known: dict[tuple[tuple[str, float], ...], tuple[int, int] | None] = {}
        self._until = math.inf
        self.own = self.at({})  # the first call of a process takes long
        self._until = time.monotonic() + _MOST_SECONDS

    def at(self, sizes: Mapping[str, float]) -> tuple[int, int] | None:
        """Return ops and peak bytes; None if the call fails, or if time is over."""
        sizes = {**self._case.sizes, **sizes}
        key = tuple(sizes.items())
        if key not in self._known:
            self._known[key] = self._measured(sizes) if time.monotonic() < self._until else None
        return self._known[key]

    def _measured(self, sizes: Mapping[str, float]) -> tuple[int, int] | None:
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
        return measured.ops.total, measured.memory.peak_bytes


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
    counts = _Counts(session, function, case, reference=reference)
    if counts.own is None:
        return None
    letters = [x for x, size in case.sizes.items() if size == int(size) and size > 1][:_SIZES]
    base = dict.fromkeys(letters, POINTS[0])
    for letter in list(letters):
        if any(counts.at({**base, letter: size}) is None for size in POINTS):
            letters.remove(letter)
            del base[letter]
    if not letters:
        return None
    found: dict[str, Polynomial | None] = {}
    growth: dict[str, dict[str, float]] = {}
    for position, name in enumerate(("ops", "peak_bytes")):

        def measure(sizes: Mapping[str, int], position: int = position) -> int | None:
            both = counts.at(sizes)
            return None if both is None else both[position]

        known = [({x: int(case.sizes[x]) for x in letters}, counts.own[position])]
        found[name] = interpolate(letters, measure, known)
        if found[name] is None:
            growth[name] = _growth(letters, base, measure)
    fixed = {name: size for name, size in case.sizes.items() if name not in letters}
    return Formulas(ops=found["ops"], peak_bytes=found["peak_bytes"], fixed=fixed, growth=growth)


def _growth(letters: Sequence[str], base: Mapping[str, int], measure: Measure) -> dict[str, float]:
    """Return the exponent of the growth in each letter along which the count grows."""
    found = {}
    for letter in letters:
        values = [float(measure({**base, letter: size}) or 0) for size in POINTS]
        if all(values) and values[-1] != values[0]:
            found[letter] = fit(list(map(float, POINTS)), values).exponent
    return found
