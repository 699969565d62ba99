"""The figures of a check in words: a label and a value with its unit, by the key's form."""

from __future__ import annotations

import math

from torchkata.i18n import quantities

_RATIOS = ("ratio", "threshold")


def in_words(figures: dict[str, float]) -> list[tuple[str, str]]:
    """Label and value of each figure that is a number.

    Args:
        figures: numbers with the unit in the key, such as `extra_bytes` and `seconds_median`.
    """
    return [
        (key.replace("_", " "), written(key, value))
        for key, value in figures.items()
        if isinstance(value, int | float) and math.isfinite(value)
    ]


def written(key: str, value: float) -> str:
    """Write one figure in the unit that its key names."""
    words = key.split("_")
    if "seconds" in words:
        return quantities.seconds(value)
    if "bytes" in words:
        return quantities.size(value)
    if words[0] in _RATIOS or words[-1] in _RATIOS:
        return quantities.ratio(value)
    if words[0] == "exponent":
        return f"{value:.2f}"
    if words[0] == "time":  # of a growth, in nanoseconds
        return quantities.seconds(value * 1e-9)
    return quantities.count(value)
