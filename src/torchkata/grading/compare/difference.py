"""What a comparison finds: one difference on one axis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

AXES: Final = ("contract", "shape", "dtype", "device", "values")
"""The axes of a comparison, in the order in which a learner should mend them."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One way in which an answer is not what was expected.

    Attributes:
        axis: one of `AXES`; `contract` means the structure or the type.
        message: one to three short sentences for the learner.
        figures: numbers for the report, such as `wrong_share` (0 to 1), `largest_error` and
            `tolerance` (what was allowed at the place of the largest error). Always finite.
        facts: of two tensors their forms, as plain data: `got_shape`, `expected_shape`,
            `got_dtype`, `expected_dtype`, and `fault`: `nan` or `inf` where such values came
            though none were expected.
    """

    axis: str
    message: str
    figures: dict[str, float] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)
