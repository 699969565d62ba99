"""The table of known traps, the most specific first: the first row that holds is the sentence."""

from __future__ import annotations

from typing import Final

from torchkata.grading.explain import costs, memory, mutation, numbers, shapes, training, types
from torchkata.grading.explain.failure import Row

ROWS: Final[tuple[Row, ...]] = (
    *training.ROWS,
    *mutation.ROWS,
    *types.ROWS,
    *shapes.ROWS,
    *numbers.ROWS,
    *costs.ROWS[:-1],
    *memory.ROWS,
    costs.python_loop,  # holds for other traps too, so it comes last
)
