"""How far a threshold has to lie from what reaches it and from what misses it."""

from __future__ import annotations

from collections.abc import Iterator

from torchkata.result import ExerciseResult

MARGIN = 1.5  # between a threshold and what the reference, or the nearest trap, reaches


def narrow(result: ExerciseResult) -> Iterator[str]:
    """Thresholds that the reference clears by too little: surely, not by the noise of a race."""
    for check in result.checks:
        most, threshold = check.figures.get("ratio_high", 0), check.figures.get("threshold", 0)
        if most < MARGIN * threshold:
            yield (
                f"{check.id}: the reference reaches {most:.3g} x at best, less than "
                f"{MARGIN} times the threshold {threshold:g}."
            )


def near_traps(name: str, result: ExerciseResult) -> Iterator[str]:
    """A trap that fails by the clock misses the threshold by 1.5, or verdicts would waver."""
    for check in result.failed:
        least, threshold = check.figures.get("ratio_low", 0), check.figures.get("threshold", 0)
        if threshold and least * MARGIN > threshold:
            yield (
                f"{check.id}: trap {name} reaches {least:.3g} x at least, too near to the "
                f"threshold {threshold:g}."
            )
