"""Grader of tar_stream: one archive, shared among worker processes."""

import torch

from torchkata import EntryPoint, Spec, _, loader_raises, require, same
from torchkata.probes import (
    collect_bounded,
    count_and_peak_bytes,
    loader_output,
    recorded_opens,
    recorded_tar_opens,
)

SPEC = Spec(
    EntryPoint("TarStream"),
    stub_digest="125e1b582d1928bb",
    broken_axis="values",
    loads_data=True,
)
BLOCK = 512  # bytes of a header, and of a small array
OTHERS = {"notes.txt": b"no array", "x.npy.bak": b"", "sub": None, "sub/dir.npy": None}


def is_iterable_dataset(kata, path):
    return isinstance(kata.TarStream(path), torch.utils.data.IterableDataset)


def iterate(kata, path, passes=1):
    """Return the samples of each pass, without a DataLoader."""
    ds = kata.TarStream(path)
    return [collect_bounded(ds) for _pass in range(passes)]


def load(kata, path, workers, passes=1):
    return loader_output(kata.TarStream(path), passes=passes, batch_size=None, num_workers=workers)


def open_counts(kata, path):
    """Count how often the archive is opened by creating the dataset, and by a pass."""
    with recorded_opens(path) as by_init:
        ds = kata.TarStream(path)
    with recorded_opens(path) as by_pass, recorded_tar_opens() as archives:
        collect_bounded(ds)
    return {"by init": len(by_init), "by pass": len(archives) or len(by_pass)}


def count_and_peak(kata, path):
    return count_and_peak_bytes(kata.TarStream(path))


def numbered_arrays(count):
    """Make arrays that contain their own number, inside and outside of folders."""
    names = (f"{'train/' * (i % 3)}{97 * i % 10}-{i}.npy" for i in range(count))
    return {name: torch.full((2, 3), float(i)) for i, name in enumerate(names)}


def cut_off_archive(files, members, size):
    """Create an archive that ends after `size` bytes."""
    with open(files.tar(members), "rb") as complete:  # noqa: PTH123 - needs no import
        return files.folder({"cut.tar": complete.read(size)}) + "/cut.tar"


def numbers_in(samples):
    return [int(sample.flatten()[0]) for sample in samples]


def require_unchanged(submission, files, arrays):
    """Fail unless the samples equal the arrays in the archive."""
    path = files.tar({f"{i}.npy": array for i, array in enumerate(arrays)})
    same(submission.run(iterate, path)[0], arrays, what=_("the samples"))


def test_contract_iterable(submission, files):
    """TarStream is an IterableDataset."""
    require(
        submission.run(is_iterable_dataset, files.tar(numbered_arrays(1))),
        _(
            "TarStream must be a torch.utils.data.IterableDataset. Use that as its base class, "
            "because it tells a DataLoader to iterate instead of using indices."
        ),
    )


def test_shape_is_kept(submission, files, generator):
    """Samples have the shape of the array in the archive, which may be 0-d."""
    sizes = ((), (1,), (0, 3), (2, 1, 4))
    require_unchanged(submission, files, [torch.randn(size, generator=generator) for size in sizes])


def test_dtype_is_kept(submission, files):
    """Samples have the dtype of the array in the archive."""
    dtypes = (torch.float64, torch.float16, torch.int64, torch.uint8, torch.bool)
    require_unchanged(submission, files, [torch.arange(5).to(dtype) for dtype in dtypes])


def test_values_archive_order(submission, files):
    """Without workers, each pass yields all arrays in the order of the archive, and no others."""
    arrays = numbered_arrays(7)
    first, rest = list(arrays.items())[:4], list(arrays.items())[4:]
    path = files.tar({**dict(first), **OTHERS, **dict(rest)})
    for number, samples in enumerate(submission.run(iterate, path, 2), start=1):
        what = _("the samples of pass {number}", number=number)
        same(samples, list(arrays.values()), what=what)


def test_values_once_each(submission, files):
    """Each pass yields each sample exactly once, for any number of workers."""
    for count, workers, passes in ((0, 0, 1), (7, 1, 1), (7, 2, 2), (7, 3, 1), (1, 3, 1)):
        path = files.tar({**OTHERS, **numbered_arrays(count)})
        got = submission.run(load, path, workers, passes)
        require(
            not got["error"],
            _(
                "Arrays in the archive: {count}, num_workers={workers}. The DataLoader raises: "
                "{error}",
                count=count,
                workers=workers,
                error=got["error"],
            ),
        )
        for number, samples in enumerate(got["passes"], start=1):
            numbers = sorted(numbers_in(samples))
            require(
                numbers == list(range(count)),
                _(
                    "Arrays in the archive: {count}, num_workers={workers}, pass {number}. "
                    "Expected each array exactly once; got samples: {samples}, distinct: "
                    "{distinct}. Each process must yield its own share, and together the shares "
                    "must contain every sample once.",
                    count=count,
                    workers=workers,
                    number=number,
                    samples=len(samples),
                    distinct=len(set(numbers)),
                ),
            )


def test_values_damaged_member(submission, files, generator):
    """A damaged member raises an error with its name, after the samples before it."""
    garbage = bytes(torch.randint(256, (99,), generator=generator).tolist())
    header = (
        b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f4', 'fortran_order': False, 'shape': (9,), }"
    )
    short = header.ljust(127) + b"\n" + bytes(20)  # the header promises 36 bytes
    arrays = numbered_arrays(5)
    first = {name: arrays[name] for name in list(arrays)[:3]}
    for name, data, fault, workers in (
        ("train/odd-148.npy", short, _("The member train/odd-148.npy is cut short"), (0, 2)),
        ("train/odd-0.npy", b"", _("The member train/odd-0.npy is empty"), (0,)),
        ("train/odd-99.npy", garbage, _("The member train/odd-99.npy is garbage"), (0,)),
    ):
        path = files.tar({**first, name: data, **arrays})
        replies = loader_raises(submission, load, path, fault=fault, naming=name, workers=workers)
        numbers = numbers_in(replies[0]["passes"][0])
        require(
            numbers == [0, 1, 2],
            _(
                "{fault}. Expected the samples 0, 1, 2 before the error, got {numbers}.",
                fault=fault,
                numbers=numbers,
            ),
        )


def test_values_cut_off_archive(submission, files):
    """An archive that is cut off raises an error instead of ending early."""
    path = cut_off_archive(files, numbered_arrays(3), 5 * BLOCK + 140)  # an array takes 152 bytes
    fault = _("The archive is cut off in its last array")
    loader_raises(submission, load, path, fault=fault, workers=[0])


def test_memory_opened_once(submission, files):
    """Creating the dataset opens nothing; a pass opens the archive once."""
    counts = submission.run(open_counts, files.tar(numbered_arrays(9)))
    require(
        counts["by init"] == 0,
        _(
            "Creating the dataset opens the archive, before any sample is read. All worker "
            "processes would inherit the same open file, with one common position. Open it in "
            "__iter__."
        ),
    )
    require(
        counts["by pass"] == 1,
        _(
            "A pass over 9 arrays opens the archive {count} times; expected once. Do not open it "
            "for each member, or to list the members first.",
            count=counts["by pass"],
        ),
    )


def test_memory_one_sample_at_a_time(submission, files):
    """Samples are read on demand, and are not kept."""
    count, size = 40, 100_000
    path = files.tar({f"{i}.npy": torch.zeros(size // 4) for i in range(count)})
    samples, peak = submission.run(count_and_peak, path)
    require(
        samples == count,
        _("Expected {count} samples, got {samples}.", count=count, samples=samples),
    )
    require(
        peak <= count * size / 4,
        _(
            "Iterating over {count} arrays of {size:,} bytes each holds {peak:,} bytes at once, as "
            "much as {arrays:.0f} arrays. An archive may be larger than memory. Yield each sample "
            "as soon as it is read, and keep none.",
            count=count,
            size=size,
            peak=peak,
            arrays=peak / size,
        ),
        extra_bytes=peak,
    )
