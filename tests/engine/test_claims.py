"""Assertion helpers of custom tests: each passes for right results and fails for wrong ones."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import torch

from torchkata import (
    Tolerance,
    _,
    at_most,
    loader_raises,
    loader_yields,
    none_of,
    require,
    same_as_reference,
    training_steps_ok,
)
from torchkata.errors import CheckFailed
from torchkata.grading.checks.claims import recorded_figures
from torchkata.probes import loader_output


def test_figures_of_claims_that_hold_are_recorded():
    """Of several claims on one metric, the one nearest to its limit counts."""
    with recorded_figures() as figures:
        at_most(3, 9, what=_("Ops"), metric="ops")
        at_most(8, 9, what=_("Ops"), metric="ops")
        at_most(1, 9, what=_("Ops"), metric="ops")
        at_most(1, 9, what=_("Others"))
        none_of([], what=_("Waits"), synchronisations=0, synchronisations_allowed=0)
        require([1], _("Bad."), ratio=0.5, ratio_allowed=1.0)
        require([1], _("Bad."), wrong=3.0)  # no limit

    assert figures == {
        "ops": 8, "ops_allowed": 9, "synchronisations": 0, "synchronisations_allowed": 0,
        "ratio": 0.5, "ratio_allowed": 1.0,
    }  # fmt: skip


def test_figures_are_recorded_for_one_check_only():
    """A claim outside of a check, or after it, records nothing."""
    with recorded_figures() as figures:
        pass
    at_most(1, 9, what=_("Ops"), metric="ops")

    assert figures == {}


class FakeTarget:
    """A target that runs probes in this process.

    Attributes:
        devices: The device of each run.
    """

    def __init__(self, **functions: Any) -> None:
        self.module = ModuleType("submission")
        vars(self.module).update(functions)
        self.devices: list[str] = []

    def run(self, probe: Any, *arguments: Any, device: str = "cpu") -> Any:
        self.devices.append(device)
        return probe(self.module, *arguments)


def double_probe(kata: Any, x: torch.Tensor) -> dict[str, Any]:
    return {"twice": kata.twice(x), "name": kata.name}


def test_equal_results_pass_and_are_returned():
    """Both targets run on the given device, and the submission's result is returned."""
    submission, reference = (FakeTarget(twice=lambda x: x + x, name="a") for _each in range(2))

    got = same_as_reference(submission, reference, double_probe, torch.ones(2), device="twin:0")

    assert got["twice"].tolist() == [2.0, 2.0]
    assert submission.devices == reference.devices == ["twin:0"]


def test_message_names_the_result_or_the_part_that_differs():
    """`what` labels the whole result, or each part of it."""
    submission, reference = (
        FakeTarget(twice=lambda x: x * 3, name="a"),
        FakeTarget(twice=lambda x: x * 2, name="b"),
    )

    with pytest.raises(CheckFailed, match="the pair"):
        same_as_reference(submission, reference, double_probe, torch.ones(2), what=_("the pair"))
    with pytest.raises(CheckFailed, match="two x"):
        same_as_reference(
            submission, reference, double_probe, torch.ones(2), what={"twice": _("two x")}
        )


def test_only_named_parts_are_compared():
    """Parts of a probe's result that `what` does not name may differ."""
    submission, reference = (
        FakeTarget(twice=lambda x: x * 2, name="a"),
        FakeTarget(twice=lambda x: x * 2, name="b"),
    )

    assert (
        same_as_reference(
            submission, reference, double_probe, torch.ones(2), what={"twice": _("two x")}
        )["name"]
        == "a"
    )
    with pytest.raises(CheckFailed, match=r"(?i)the name"):
        same_as_reference(
            submission,
            reference,
            double_probe,
            torch.ones(2),
            what={"twice": _("two x"), "name": _("the name")},
        )


def test_same_as_reference_uses_tolerance_and_dtype():
    """A difference within `tolerance` passes, and a wrong dtype passes if `dtype` is false."""
    submission = FakeTarget(twice=lambda x: (x * 2.01).double(), name="a")
    reference = FakeTarget(twice=lambda x: x * 2, name="a")
    wide = Tolerance(rtol=0.1, atol=0.0)

    same_as_reference(
        submission, reference, double_probe, torch.ones(2), tolerance=wide, dtype=False
    )
    with pytest.raises(CheckFailed):
        same_as_reference(submission, reference, double_probe, torch.ones(2), tolerance=wide)
    with pytest.raises(CheckFailed):
        same_as_reference(submission, reference, double_probe, torch.ones(2), dtype=False)


def loader_probe(kata: Any, numbers: torch.Tensor, workers: int) -> dict[str, Any]:
    return loader_output(kata.dataset(numbers, workers), batch_size=2, num_workers=0)


def dataset_of(change: Any) -> FakeTarget:
    """Return a target whose dataset is `change(rows, num_workers)`."""
    return FakeTarget(dataset=lambda numbers, workers: change(list(numbers), workers))


def test_loader_yields_tries_each_number_of_workers():
    """Expected batches pass with every number of workers."""
    worker_counts = []
    target = dataset_of(lambda rows, workers: (worker_counts.append(workers), rows)[1])
    numbers = torch.arange(5.0)

    loader_yields(target, loader_probe, numbers, expected=numbers.split(2))

    assert worker_counts == [0, 2]


def test_loader_yields_returns_batches_by_number_of_workers_and_pass():
    """The batches are returned for each number of workers and each pass."""
    target = dataset_of(lambda rows, workers: rows[workers:])

    returned = loader_yields(target, loader_probe, torch.arange(3.0))

    assert [[len(batches) for batches in passes] for passes in returned] == [[2], [1]]


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
def test_loader_yields_reports_wrong_batches_with_the_number_of_workers(change: Any, message: str):
    """Missing or swapped batches and errors fail, and the message names the number of workers."""
    numbers = torch.arange(5.0)

    with pytest.raises(CheckFailed, match=message):
        loader_yields(dataset_of(change), loader_probe, numbers, expected=numbers.split(2))


def broken_dataset(position: int, text: str) -> FakeTarget:
    """Return a target whose dataset raises at an index, with and without worker processes."""

    class Broken:
        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> int:
            if index == position:
                raise ValueError(text)
            return index

    return FakeTarget(dataset=lambda _numbers, _workers: Broken())


def test_loader_raises_returns_the_batches_before_the_error():
    """An error that propagates passes; earlier batches are returned by number of workers."""
    target = broken_dataset(2, "file c is truncated")

    outputs = loader_raises(
        target, loader_probe, None, fault=_("File c is truncated"), naming="file c"
    )

    assert [len(output["passes"][0]) for output in outputs] == [1, 1]


@pytest.mark.parametrize(
    ("target", "naming", "message"),
    [
        (
            broken_dataset(9, ""),
            "",
            r"File c is truncated \(num_workers=0\), but the pass continued without",
        ),
        (
            broken_dataset(2, "oh"),
            "file c",
            "Expected the error to name file c.*got: ValueError: oh",
        ),
    ],
)
def test_missing_or_unspecific_error_is_reported(target: FakeTarget, naming: str, message: str):
    """No error, or one that does not name the file, fails."""
    with pytest.raises(CheckFailed, match=message):
        loader_raises(target, loader_probe, None, fault=_("File c is truncated"), naming=naming)


STEPS = {
    "losses": [torch.tensor(1.0)] * 2,
    "attached": [False] * 2,
    "outputs": ["f"] * 2,
    "steps": 2,
}


def test_right_training_steps_pass():
    """Numbers of steps and forward passes are compared only if they are given."""
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
def test_wrong_training_steps_are_reported(bad: dict[str, Any], message: str):
    """A loss of the wrong type or with its graph fails, and so do wrong numbers of steps."""
    with pytest.raises(CheckFailed, match=message):
        training_steps_ok(STEPS | bad, steps=2, forwards=2)
