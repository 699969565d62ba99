"""Read the dataset of a submission: as a sequence, as an iterable, and through a DataLoader."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import torch
from torch.utils.data import Dataset, IterableDataset

from torchkata.probes.loading import (
    collect_bounded,
    loader_output,
    recorded_opens,
    recorded_tar_opens,
    samples_at,
)


def base_classes(kata: ModuleType, entry: str, arguments: tuple[Any, ...]) -> list[str]:
    """Return the names of the base classes of datasets that an object has."""
    dataset = getattr(kata, entry)(*arguments)
    return [kind.__name__ for kind in (Dataset, IterableDataset) if isinstance(dataset, kind)]


def length_and_samples(
    kata: ModuleType,
    entry: str,
    arguments: tuple[Any, ...],
    indices: Iterable[int],
    mode: str = "enable_grad",
) -> dict[str, Any]:
    """Return the length `len` of a map-style dataset, and its `samples` at some indices.

    A sample is the text "IndexError" if that is raised. `mode` names a context manager of torch.
    """
    with getattr(torch, mode)():
        dataset = getattr(kata, entry)(*arguments)
        return {"len": len(dataset), "samples": samples_at(dataset, indices)}


def passes_over(
    kata: ModuleType,
    entry: str,
    arguments: tuple[Any, ...],
    passes: int,
    mode: str = "enable_grad",
) -> list[list[Any]]:
    """Return the samples of an iterable dataset in each of some passes, without a DataLoader.

    `mode` names a context manager of torch.
    """
    with getattr(torch, mode)():
        dataset = getattr(kata, entry)(*arguments)
        return [collect_bounded(dataset) for _pass in range(passes)]


def loader_batches(
    kata: ModuleType,
    entry: str,
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    collate: Callable[..., Any] | None,
    workers: int,
) -> dict[str, Any]:
    """Load a dataset with a DataLoader; return what `loader_output` does."""
    if collate is not None:
        options = {**options, "collate_fn": collate(kata)}
    return loader_output(getattr(kata, entry)(*arguments), num_workers=workers, **options)


def opened_files(
    kata: ModuleType, entry: str, arguments: tuple[Any, ...], suffix: str, index: int | None
) -> dict[str, list[str]]:
    """Return the names of the files with a suffix that a dataset opens, and when.

    Args:
        kata: the submission.
        entry: the name of the dataset.
        arguments: of the dataset.
        suffix: how the names of the files end.
        index: of the sample to read; None for a pass over an iterable dataset.

    Returns:
        `created`, by creating the dataset, and `read`, by reading the sample or by the pass. A tar
        archive that is opened as a file object counts once.
    """
    with recorded_opens(suffix) as created:
        dataset = getattr(kata, entry)(*arguments)
        if index is not None:
            len(dataset)
    with recorded_opens(suffix) as read, recorded_tar_opens() as archives:
        if index is None:
            collect_bounded(dataset)
        else:
            dataset[index]
    return {"created": created, "read": archives or read}
