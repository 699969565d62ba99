"""Checks of a dataset: base class, samples, bounds, worker processes, faults, opened files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import takewhile
from typing import Any

import torch
from torch.utils.data import default_collate

from torchkata import probes
from torchkata.course.spec.dataset import DataCase, Dataset
from torchkata.grading.checks.assertions import loader_raises, loader_yields, require, same
from torchkata.grading.checks.claims import equal, none_of
from torchkata.grading.checks.custom_tests import Arguments
from torchkata.grading.checks.spec_test import SpecTest
from torchkata.i18n import Message, _


def dataset_tests(spec: Dataset) -> Iterator[SpecTest]:
    """Yield what is judged of a dataset."""
    test = partial(SpecTest, entry=spec.name)
    yield test(
        axis="contract",
        what="dataset",
        description=_("It is a dataset of the right kind."),
        claims=partial(_base_class, spec),
    )
    if not spec.iterable:
        yield test(
            axis="contract",
            what="past the ends",
            description=_("An index past either end raises IndexError."),
            claims=partial(_past_the_ends, spec),
        )
    for case in spec.cases:
        if case.faulty:
            yield test(
                axis=case.axis,
                what=case.name,
                description=_("A fault in the data raises an error when it is read."),
                claims=partial(_fault, spec, case),
                case=case.label,
            )
            continue
        yield test(
            axis=case.axis,
            what=case.name,
            description=_("The samples are right, in the right order."),
            claims=partial(_samples, spec, case),
            case=case.label,
        )
        if case.workers:
            yield test(
                axis=case.axis,
                what=f"{case.name}, in a loader",
                description=_("A DataLoader yields the same samples with any number of workers."),
                claims=partial(_iterable_in_loader if spec.iterable else _in_loader, spec, case),
                case=case.label,
            )
    if spec.opens:
        yield test(
            axis="memory",
            what="opened files",
            description=_("Files are opened when a sample is read, and not before."),
            claims=partial(_opened_files, spec),
        )


def _base_class(spec: Dataset, given: Arguments) -> None:
    arguments, _samples_of_case = _first(spec).given(given.files, given.generator)
    bases = given.submission.run(probes.base_classes, spec.name, arguments)
    base = "IterableDataset" if spec.iterable else "Dataset"
    require(
        base in bases,
        _(
            "{name} must be a torch.utils.data.{base}, which tells a DataLoader how to read it. "
            "Use that as its base class.",
            name=spec.name,
            base=base,
        ),
    )


def _first(spec: Dataset) -> DataCase:
    return next(case for case in spec.cases if not case.faulty)


def _past_the_ends(spec: Dataset, given: Arguments) -> None:
    for case in spec.cases:
        if case.faulty:
            continue
        arguments, samples = case.given(given.files, given.generator)
        n = len(samples)
        past = [n, n + 5, *((-n - 1, -n - 9) if spec.negative_indices else ())]
        got = given.submission.run(probes.length_and_samples, spec.name, arguments, past)
        returned = [
            index
            for index, sample in zip(past, got["samples"], strict=True)
            if not isinstance(sample, str)
        ]
        none_of(
            returned,
            what=_(
                "Indices past the ends that return a sample, with {n} samples ({data})",
                n=n,
                data=case.label,
            ),
            why=_("Raise IndexError: without it, a `for` loop over the dataset never ends."),
        )
        if case.workers:
            order = [*range(min(n, 2)), n + 2]
            loader_raises(
                given.submission,
                *_loading(spec, arguments, {"sampler": order}),
                fault=_("Index {index} of {n} samples was requested", index=n + 2, n=n),
                workers=case.workers,
            )


def _samples(spec: Dataset, case: DataCase, given: Arguments) -> None:
    for mode in ("enable_grad", "no_grad"):  # another dataset each time
        arguments, samples = case.given(given.files, given.generator)
        again = mode != "enable_grad"
        if spec.iterable:
            passes = given.submission.run(probes.passes_over, spec.name, arguments, 2, mode)
            for number, got in enumerate(passes, start=1):
                name = _("the samples of pass {number}", number=number)
                same(got, list(samples), what=_of_another(name) if again else name)
        else:
            _indexed(spec, given, arguments, samples, mode)


def _indexed(
    spec: Dataset, given: Arguments, arguments: tuple[Any, ...], samples: Sequence[Any], mode: str
) -> None:
    n = len(samples)
    indices = range(-n if spec.negative_indices else 0, n)
    got = given.submission.run(probes.length_and_samples, spec.name, arguments, indices, mode)
    equal(got["len"], n, what=_("len(dataset)"))
    for index, sample in zip(indices, got["samples"], strict=True):
        require(
            not isinstance(sample, str),
            _("dataset[{index}] raises IndexError, but there are {n} samples.", index=index, n=n),
        )
        name = _("`dataset[{index}]`, with {n} samples", index=index, n=n)
        what = _of_another(name) if mode != "enable_grad" else name
        same(_plain(sample), _plain(samples[index]), what=what)


def _of_another(name: Message) -> Message:
    return _("{result} (a second dataset, read under torch.no_grad())", result=name)


def _plain(sample: Any) -> Any:
    """Return a sample or a batch with its fields in a tuple, whatever container they came in."""
    return tuple(sample) if isinstance(sample, list | tuple) else sample


def _loading(spec: Dataset, arguments: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, ...]:
    """Return the probe that loads a dataset, and its arguments apart from the worker count."""
    options = {"batch_size": spec.batch_size, **options}
    return probes.loader_batches, spec.name, arguments, options, spec.collate


def _in_loader(spec: Dataset, case: DataCase, given: Arguments) -> None:
    arguments, samples = case.given(given.files, given.generator)
    order = torch.randperm(len(samples), generator=given.generator).tolist()
    size = spec.batch_size or 1
    rows = [[_plain(samples[i]) for i in order[k : k + size]] for k in range(0, len(order), size)]
    expected = [_plain(default_collate(samples_of_batch)) for samples_of_batch in rows]
    loading = _loading(spec, arguments, {"sampler": order})
    read = loader_yields(given.submission, *loading, workers=case.workers)
    for count, (batches, *_others) in zip(case.workers, read, strict=True):
        what = _("the batches of a DataLoader with num_workers={count}", count=count)
        same([_plain(batch) for batch in batches], expected, what=what)


def _iterable_in_loader(spec: Dataset, case: DataCase, given: Arguments) -> None:
    arguments, samples = case.given(given.files, given.generator)
    loading = _loading(spec, arguments, {"batch_size": None, "passes": 2})
    read = loader_yields(given.submission, *loading, workers=case.workers)
    for workers, passes in zip(case.workers, read, strict=True):
        for number, got in enumerate(passes, start=1):
            keys = _keys(got)
            require(
                keys == _keys(samples),
                _(
                    "With num_workers={workers}, pass {number} yields {count} samples, {distinct} "
                    "of them distinct; expected each of the {n} once. Each process must yield its "
                    "own share, and together the shares must contain every sample once.",
                    workers=workers,
                    number=number,
                    count=len(got),
                    distinct=len(keys),
                    n=len(samples),
                ),
            )


def _keys(samples: Sequence[Any]) -> Counter[object]:
    return Counter((str(s.dtype), tuple(s.shape), repr(s.tolist())) for s in samples)


def _fault(spec: Dataset, case: DataCase, given: Arguments) -> None:
    arguments, samples = case.given(given.files, given.generator)
    options = {"batch_size": None}
    fault = _("The data has a fault: {fault}", fault=case.label)
    replies = loader_raises(
        given.submission,
        *_loading(spec, arguments, options),
        fault=fault,
        naming=case.naming,
        workers=case.workers,
    )
    read, *_others = replies[0]["passes"]
    before = list(takewhile(lambda sample: sample is not None, samples))
    if samples:
        same(read, before, what=_("the samples before the error"))
    sound = [index for index, sample in enumerate(samples) if sample is not None]
    if not spec.iterable:
        got = given.submission.run(probes.length_and_samples, spec.name, arguments, sound)
        what = _("the samples that have no fault")
        same(got["samples"], [samples[index] for index in sound], what=what)


def _opened_files(spec: Dataset, given: Arguments) -> None:
    case = max((c for c in spec.cases if not c.faulty), key=lambda case: len(case.workers))
    arguments, samples = case.given(given.files, given.generator)
    index = None if spec.iterable else len(samples) // 2
    got = given.submission.run(probes.opened_files, spec.name, arguments, spec.opens, index)
    none_of(
        sorted(set(got["created"])),
        what=_("Files that are opened by creating the dataset"),
        why=_(
            "Worker processes would inherit an open file, with one common position. Open files "
            "when a sample is read."
        ),
    )
    if index is None:
        equal(
            len(got["read"]),
            1,
            what=_("Number of times that a pass over {n} samples opens a file", n=len(samples)),
            why=_("Do not open it for each sample, or to list the samples first."),
        )
    else:
        names = sorted(set(got["read"]))
        require(
            len(names) <= 1,
            _(
                "dataset[{index}] opens {count} files; expected only that of the sample. All files "
                "together may be larger than memory.",
                index=index,
                count=len(names),
            ),
        )
