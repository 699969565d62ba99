"""Claims of custom tests: each passes for a right result and fails for a wrong one."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import torch

from torchkata import (
    Tolerance,
    _,
    loader_raises,
    loader_yields,
    same_as_reference,
    training_steps_ok,
)
from torchkata.errors import CheckFailed
from torchkata.probes import loader_output


class FakeTarget:
    """Stands in for a target: runs probes in this process.

    Attributes:
        devices: the device of each run.
    """

    def __init__(self, **functions: Any) -> None:
        self.module = ModuleType("submission")
        vars(self.module).update(functions)
        self.devices: list[str] = []

    def run(self, probe: Any, *arguments: Any, device: str = "cpu") -> Any:
        self.devices.append(device)
        return probe(self.module, *arguments)


def doubled(kata: Any, x: torch.Tensor) -> dict[str, Any]:
    return {"twice": kata.twice(x), "name": kata.name}


def test_equal_results_pass():
    """Both run on the same device, and the submission's result is returned."""
    mine, theirs = (FakeTarget(twice=lambda x: x + x, name="a") for _each in range(2))

    got = same_as_reference(mine, theirs, doubled, torch.ones(2), device="twin:0")

    assert got["twice"].tolist() == [2.0, 2.0]
    assert mine.devices == theirs.devices == ["twin:0"]


def test_a_difference_is_named():
    """The message names the whole result, or the part that differs."""
    mine, theirs = (
        FakeTarget(twice=lambda x: x * 3, name="a"),
        FakeTarget(twice=lambda x: x * 2, name="b"),
    )

    with pytest.raises(CheckFailed, match="the pair"):
        same_as_reference(mine, theirs, doubled, torch.ones(2), what=_("the pair"))
    with pytest.raises(CheckFailed, match="two x"):
        same_as_reference(mine, theirs, doubled, torch.ones(2), what={"twice": _("two x")})


def test_only_named_parts_are_compared():
    """Other parts of a probe's result may differ."""
    mine, theirs = (
        FakeTarget(twice=lambda x: x * 2, name="a"),
        FakeTarget(twice=lambda x: x * 2, name="b"),
    )

    assert (
        same_as_reference(mine, theirs, doubled, torch.ones(2), what={"twice": _("two x")})["name"]
        == "a"
    )
    with pytest.raises(CheckFailed, match=r"(?i)the name"):
        same_as_reference(
            mine, theirs, doubled, torch.ones(2), what={"twice": _("two x"), "name": _("the name")}
        )


def test_tolerance_and_dtype_are_used():
    """As `same` does."""
    mine = FakeTarget(twice=lambda x: (x * 2.01).double(), name="a")
    theirs = FakeTarget(twice=lambda x: x * 2, name="a")
    wide = Tolerance(rtol=0.1, atol=0.0)

    same_as_reference(mine, theirs, doubled, torch.ones(2), tolerance=wide, dtype=False)
    with pytest.raises(CheckFailed):
        same_as_reference(mine, theirs, doubled, torch.ones(2), tolerance=wide)
    with pytest.raises(CheckFailed):
        same_as_reference(mine, theirs, doubled, torch.ones(2), dtype=False)


def loaded(kata: Any, numbers: torch.Tensor, workers: int) -> dict[str, Any]:
    return loader_output(kata.dataset(numbers, workers), batch_size=2, num_workers=0)


def given(change: Any) -> FakeTarget:
    return FakeTarget(dataset=lambda numbers, workers: change(list(numbers), workers))


def test_same_batches_with_any_number_of_workers():
    """Each number of workers is tried, and all batches are compared."""
    seen = []
    right = given(lambda rows, workers: (seen.append(workers), rows)[1])
    numbers = torch.arange(5.0)

    loader_yields(right, loaded, numbers, expected=numbers.split(2))

    assert seen == [0, 2]


def test_batches_are_returned():
    """They are returned for each number of workers and each pass."""
    came = loader_yields(given(lambda rows, workers: rows[workers:]), loaded, torch.arange(3.0))

    assert [[len(batches) for batches in passes] for passes in came] == [[2], [1]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows, workers: rows[: 5 - workers], "a DataLoader with num_workers=2"),
        (lambda rows, _workers: rows[::-1], "a DataLoader with num_workers=0"),
        (
            lambda rows, workers: [*rows[:3], None] if workers else rows,
            "A DataLoader with num_workers=2 failed",
        ),
    ],
)
def test_wrong_batches_are_reported(change: Any, message: str):
    """Missing or swapped batches and errors are reported with the number of workers."""
    numbers = torch.arange(5.0)

    with pytest.raises(CheckFailed, match=message):
        loader_yields(given(change), loaded, numbers, expected=numbers.split(2))


def broken(position: int, text: str) -> FakeTarget:
    """Stands for a dataset that raises at an index, in worker processes or without."""

    class Broken:
        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> int:
            if index == position:
                raise ValueError(text)
            return index

    return FakeTarget(dataset=lambda _numbers, _workers: Broken())


def test_passed_on_error_is_right():
    """The batches before it are returned, for each number of workers."""
    found = loader_raises(
        broken(2, "file c is cut short"), loaded, None, fault=_("File c is cut"), naming="file c"
    )

    assert [len(got["passes"][0]) for got in found] == [1, 1]


@pytest.mark.parametrize(
    ("subject", "naming", "message"),
    [
        (broken(9, ""), "", r"File c is cut \(num_workers=0\), but the pass continued without"),
        (broken(2, "oh"), "file c", "Expected the error to name file c.*got: ValueError: oh"),
    ],
)
def test_lost_error_is_reported(subject: FakeTarget, naming: str, message: str):
    """No error, or one that does not say where, fails."""
    with pytest.raises(CheckFailed, match=message):
        loader_raises(subject, loaded, None, fault=_("File c is cut"), naming=naming)


STEPS = {
    "losses": [torch.tensor(1.0)] * 2,
    "attached": [False] * 2,
    "outputs": ["f"] * 2,
    "steps": 2,
}


def test_good_steps_pass():
    """Counts are judged only if they are given."""
    training_steps_ok(STEPS, steps=2, forwards=2)
    training_steps_ok(STEPS | {"steps": 0, "outputs": []})


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"losses": [0.5]}, "0-d tensor, got 0.5"),
        ({"losses": [torch.ones(1)]}, "0-d tensor, got tensor"),
        ({"attached": [False, True]}, "still attached to the autograd graph"),
        ({"steps": 1}, "Expected 2 forward passes and 2 optimizer steps, got 2 and 1"),
        ({"outputs": ["f"] * 4}, "Expected 2 forward passes and 2 optimizer steps, got 4 and 2"),
    ],
)
def test_wrong_steps_are_reported(bad: dict[str, Any], message: str):
    """A loss of another type or with its graph, and too few or too many steps or calls, fail."""
    with pytest.raises(CheckFailed, match=message):
        training_steps_ok(STEPS | bad, steps=2, forwards=2)
