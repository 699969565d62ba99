"""The spec of a dataset: data to read, the samples that it contains, and faults that must raise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from torchkata.errors import CourseError
from torchkata.i18n import Message
from torchkata.result import AXES

GivenData = Callable[[Any, torch.Generator], tuple[tuple[Any, ...], Sequence[Any]]]
"""`given(files, generator)` writes data, and returns the dataset's arguments and its samples."""


@dataclass(frozen=True)
class DataCase:
    """The data of one dataset, drawn anew in each run.

    Attributes:
        name: what is special about the data; learners read it.
        given: `given(files, generator)` returns the arguments of the dataset and its samples in
            order, with None for a faulty one; no samples if those beside a fault do not matter.
            `files` writes folders and tar archives.
        axis: the axis that the samples judge.
        workers: the numbers of worker processes with which a DataLoader reads the data, too.
        faulty: whether reading must raise, without a DataLoader's worker processes and with two.
        naming: what the text of that error must contain.

    Raises:
        CourseError: `axis` is no axis.
    """

    name: str
    given: GivenData
    axis: str = "values"
    workers: tuple[int, ...] = ()
    faulty: bool = False
    naming: str = ""

    def __post_init__(self) -> None:
        if self.axis not in AXES:
            raise CourseError(
                f"Data {self.name!r}: expected an axis ({', '.join(AXES)}), got {self.axis!r}."
            )
        if self.faulty and not self.workers:
            object.__setattr__(self, "workers", (0, 2))

    @property
    def label(self) -> Message:
        """The name as learners read it."""
        return Message(self.name)


@dataclass(frozen=True)
class Dataset:
    """An entry point that is a dataset, map-style or iterable.

    Attributes:
        name: as the submission defines it.
        cases: its data.
        iterable: whether it is an IterableDataset.
        negative_indices: whether a map-style dataset counts negative indices from the end.
        opens: how the names of the files end that it may open only when a sample is read: a
            map-style dataset one per sample, an iterable one once per pass. Not judged if empty.
        batch_size: of a DataLoader; None loads samples one by one.
        collate: a probe `collate(module)` that returns the `collate_fn` of a DataLoader.

    Raises:
        CourseError: there is no case without a fault.
    """

    name: str
    cases: tuple[DataCase, ...]
    iterable: bool = False
    negative_indices: bool = False
    opens: str = ""
    batch_size: int | None = 4
    collate: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        if all(case.faulty for case in self.cases):
            raise CourseError(f"{self.name}: expected at least one case without a fault.")
