"""The table of known traps, the most specific first: the first row that holds is the sentence."""

from __future__ import annotations

from typing import Final

from torchkata.explain import costs, kinds, numbers, room, shapes, state, training
from torchkata.explain.symptom import Row

ROWS: Final[tuple[Row, ...]] = (
    *training.ROWS,
    *state.ROWS,
    *kinds.ROWS,
    *shapes.ROWS,
    *numbers.ROWS,
    *costs.ROWS[:-1],
    *room.ROWS,
    costs.python_loop,  # holds for other traps too, so it comes last
)
