"""Claims of plain tests: each passes on a right answer and fails on a wrong one, in plain words."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import torch

from torchkata import Tolerance, agree, delivers
from torchkata.errors import CheckFailed
from torchkata.probes import delivered


class Stand:
    """Stands in for a subject: runs probes in this process.

    Attributes:
        asked: the device of each run.
    """

    def __init__(self, **functions: Any) -> None:
        self.module = ModuleType("submission")
        vars(self.module).update(functions)
        self.asked: list[str] = []

    def run(self, probe: Any, *arguments: Any, device: str = "cpu") -> Any:
        self.asked.append(device)
        return probe(self.module, *arguments)


def doubled(kata: Any, x: torch.Tensor) -> dict[str, Any]:
    return {"twice": kata.twice(x), "name": kata.name}


def test_the_whole_answer_agrees():
    """Both are asked on the same device, and the submission's answer comes back."""
    mine, theirs = (Stand(twice=lambda x: x + x, name="a") for _ in range(2))

    got = agree(mine, theirs, doubled, torch.ones(2), device="twin:0")

    assert got["twice"].tolist() == [2.0, 2.0]
    assert mine.asked == theirs.asked == ["twin:0"]


def test_a_difference_is_named():
    """The message names the whole answer, or the part that differs."""
    mine, theirs = Stand(twice=lambda x: x * 3, name="a"), Stand(twice=lambda x: x * 2, name="b")

    with pytest.raises(CheckFailed, match="the pair"):
        agree(mine, theirs, doubled, torch.ones(2), what="the pair")
    with pytest.raises(CheckFailed, match="two x"):
        agree(mine, theirs, doubled, torch.ones(2), what={"twice": "two x"})


def test_only_the_parts_that_are_named_are_compared():
    """What else a probe tells may differ."""
    mine, theirs = Stand(twice=lambda x: x * 2, name="a"), Stand(twice=lambda x: x * 2, name="b")

    assert agree(mine, theirs, doubled, torch.ones(2), what={"twice": "two x"})["name"] == "a"
    with pytest.raises(CheckFailed, match="the name"):
        agree(mine, theirs, doubled, torch.ones(2), what={"twice": "two x", "name": "the name"})


def test_tolerance_and_dtype_are_heeded():
    """As `same` does."""
    mine = Stand(twice=lambda x: (x * 2.01).double(), name="a")
    theirs = Stand(twice=lambda x: x * 2, name="a")
    wide = Tolerance(rtol=0.1, atol=0.0)

    agree(mine, theirs, doubled, torch.ones(2), tolerance=wide, dtype=False)
    with pytest.raises(CheckFailed):
        agree(mine, theirs, doubled, torch.ones(2), tolerance=wide)
    with pytest.raises(CheckFailed):
        agree(mine, theirs, doubled, torch.ones(2), dtype=False)


def loaded(kata: Any, numbers: torch.Tensor, workers: int) -> dict[str, Any]:
    return delivered(kata.dataset(numbers, workers), batch_size=2, num_workers=0)


def given(change: Any) -> Stand:
    return Stand(dataset=lambda numbers, workers: change(list(numbers), workers))


def test_the_same_batches_come_with_any_number_of_workers():
    """Each number of workers is tried, and all batches are compared."""
    seen = []
    right = given(lambda rows, workers: (seen.append(workers), rows)[1])
    numbers = torch.arange(5.0)

    delivers(right, loaded, numbers, expected=numbers.split(2))

    assert seen == [0, 2]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda rows, workers: rows[: 5 - workers], "gives with 2 workers"),
        (lambda rows, _: rows[::-1], "gives with 0 workers"),
        (lambda rows, workers: [*rows[:3], None] if workers else rows, "2 worker processes failed"),
    ],
)
def test_what_a_loader_gives_wrongly_is_told(change: Any, told: str):
    """Missing, exchanged, or an error: with the number of workers with which it came."""
    numbers = torch.arange(5.0)

    with pytest.raises(CheckFailed, match=told):
        delivers(given(change), loaded, numbers, expected=numbers.split(2))
