"""Claims of plain tests: each passes on a right answer and fails on a wrong one, in plain words."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import torch

from torchkata import Tolerance, same_as_reference, loader_yields, training_steps_ok, loader_raises
from torchkata.errors import CheckFailed
from torchkata.probes import loader_output


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

    got = same_as_reference(mine, theirs, doubled, torch.ones(2), device="twin:0")

    assert got["twice"].tolist() == [2.0, 2.0]
    assert mine.asked == theirs.asked == ["twin:0"]


def test_a_difference_is_named():
    """The message names the whole answer, or the part that differs."""
    mine, theirs = Stand(twice=lambda x: x * 3, name="a"), Stand(twice=lambda x: x * 2, name="b")

    with pytest.raises(CheckFailed, match="the pair"):
        same_as_reference(mine, theirs, doubled, torch.ones(2), what="the pair")
    with pytest.raises(CheckFailed, match="two x"):
        same_as_reference(mine, theirs, doubled, torch.ones(2), what={"twice": "two x"})


def test_only_the_parts_that_are_named_are_compared():
    """What else a probe tells may differ."""
    mine, theirs = Stand(twice=lambda x: x * 2, name="a"), Stand(twice=lambda x: x * 2, name="b")

    assert (
        same_as_reference(mine, theirs, doubled, torch.ones(2), what={"twice": "two x"})["name"]
        == "a"
    )
    with pytest.raises(CheckFailed, match=r"(?i)the name"):
        same_as_reference(
            mine, theirs, doubled, torch.ones(2), what={"twice": "two x", "name": "the name"}
        )


def test_tolerance_and_dtype_are_heeded():
    """As `same` does."""
    mine = Stand(twice=lambda x: (x * 2.01).double(), name="a")
    theirs = Stand(twice=lambda x: x * 2, name="a")
    wide = Tolerance(rtol=0.1, atol=0.0)

    same_as_reference(mine, theirs, doubled, torch.ones(2), tolerance=wide, dtype=False)
    with pytest.raises(CheckFailed):
        same_as_reference(mine, theirs, doubled, torch.ones(2), tolerance=wide)
    with pytest.raises(CheckFailed):
        same_as_reference(mine, theirs, doubled, torch.ones(2), dtype=False)


def loaded(kata: Any, numbers: torch.Tensor, workers: int) -> dict[str, Any]:
    return loader_output(kata.dataset(numbers, workers), batch_size=2, num_workers=0)


def given(change: Any) -> Stand:
    return Stand(dataset=lambda numbers, workers: change(list(numbers), workers))


def test_the_same_batches_come_with_any_number_of_workers():
    """Each number of workers is tried, and all batches are compared."""
    seen = []
    right = given(lambda rows, workers: (seen.append(workers), rows)[1])
    numbers = torch.arange(5.0)

    loader_yields(right, loaded, numbers, expected=numbers.split(2))

    assert seen == [0, 2]


def test_what_came_is_told():
    """For each number of workers and each pass, to be judged otherwise."""
    came = loader_yields(given(lambda rows, workers: rows[workers:]), loaded, torch.arange(3.0))

    assert [[len(batches) for batches in passes] for passes in came] == [[2], [1]]


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
        loader_yields(given(change), loaded, numbers, expected=numbers.split(2))


def broken(position: int, text: str) -> Stand:
    """Stands for a dataset that raises at an index, in worker processes or without."""

    class Broken:
        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> int:
            if index == position:
                raise ValueError(text)
            return index

    return Stand(dataset=lambda _numbers, _workers: Broken())


def test_an_error_that_is_passed_on_is_right():
    """What came before it is told, for each number of workers."""
    found = loader_raises(
        broken(2, "file c is cut short"), loaded, None, fault="File c is cut", naming="file c"
    )

    assert [len(got["passes"][0]) for got in found] == [1, 1]


@pytest.mark.parametrize(
    ("subject", "naming", "told"),
    [
        (broken(9, ""), "", r"File c is cut \(num_workers=0\), but the pass went on without"),
        (broken(2, "oh"), "file c", "does not name it, so nobody can find it: ValueError: oh"),
    ],
)
def test_an_error_that_is_lost_is_told(subject: Stand, naming: str, told: str):
    """None at all, or one that does not say where."""
    with pytest.raises(CheckFailed, match=told):
        loader_raises(subject, loaded, None, fault="File c is cut", naming=naming)


STEPS = {"losses": [torch.tensor(1.0)] * 2, "graphs": [False] * 2, "outputs": ["f"] * 2, "steps": 2}


def test_good_steps_pass():
    """What is not asked for is not judged."""
    training_steps_ok(STEPS, steps=2, forwards=2)
    training_steps_ok(STEPS | {"steps": 0, "outputs": []})


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ({"losses": [0.5]}, "0-d tensor, not 0.5"),
        ({"losses": [torch.ones(1)]}, "0-d tensor, not tensor"),
        ({"graphs": [False, True]}, "hangs on its gradient graph"),
        ({"steps": 1}, "called 2 x and the optimizer 1 x, instead of 2 x and 2 x"),
        ({"outputs": ["f"] * 4}, "called 4 x and the optimizer 2 x, instead of 2 x and 2 x"),
    ],
)
def test_what_a_step_does_wrongly_is_told(bad: dict[str, Any], told: str):
    """A loss of another kind, one with its graph, steps or calls too few or too many."""
    with pytest.raises(CheckFailed, match=told):
        training_steps_ok(STEPS | bad, steps=2, forwards=2)
