"""Grader of tar_stream: one archive, shared among worker processes."""

import torch

from torchkata import DataCase, Dataset, Spec, _, at_most, equal, require
from torchkata.probes import collect_bounded, count_and_peak_bytes

BLOCK = 512  # bytes of a header, and of a small array
OTHERS = {
    "notes.txt": b"no array",
    "x.npy.bak": b"",
    "loud.NPY": b"no array",
    "sub": None,
    "sub/dir.npy": None,
}
DTYPES = (torch.float64, torch.float16, torch.int64, torch.uint8, torch.bool)
HEADER = b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f4', 'fortran_order': False, 'shape': (9,), }"


def numbered_arrays(count):
    """Make arrays that contain their own number, inside and outside of folders."""
    names = (f"{'train/' * (i % 3)}{97 * i % 10}-{i}.npy" for i in range(count))
    return {name: torch.full((2, 3), float(i)) for i, name in enumerate(names)}


def archive_of(count):
    """Make an archive of arrays, with other members in between."""

    def given(files, _generator):
        arrays = numbered_arrays(count)
        members = list(arrays.items())
        return (files.tar(dict([*members[:4], *OTHERS.items(), *members[4:]])),), [*arrays.values()]

    return given


def of_shapes(files, generator):
    arrays = [torch.randn(size, generator=generator) for size in ((), (1,), (0, 3), (2, 1, 4))]
    return (files.tar({f"{i}.npy": array for i, array in enumerate(arrays)}),), arrays


def of_dtypes(files, _generator):
    arrays = [torch.arange(5).to(dtype) for dtype in DTYPES]
    arrays += [torch.tensor([2**53 + 1]), torch.tensor([torch.nan, torch.inf, 1e-45])]
    return (files.tar({f"{i}.npy": array for i, array in enumerate(arrays)}),), arrays


def with_fault(name, data, before):
    """Make an archive with a damaged member after some arrays; `data` may draw it."""

    def given(files, generator):
        arrays = numbered_arrays(5)
        first = dict(list(arrays.items())[:before])
        damaged = data(generator) if callable(data) else data
        return (files.tar({**first, name: damaged, **arrays}),), [*first.values(), None]

    return given


def garbage(generator):
    return bytes(torch.randint(256, (99,), generator=generator).tolist())


def cut_off(files, _generator):
    """Make an archive that ends within its third array, which takes 152 bytes."""
    with open(files.tar(numbered_arrays(3)), "rb") as complete:  # noqa: PTH123 - needs no import
        path = files.folder({"cut.tar": complete.read(5 * BLOCK + 140)}) + "/cut.tar"
    return (path,), []


def fault(name, data, member, before, workers=(0,)):
    given = with_fault(member, data, before)
    return DataCase(name, given, faulty=True, naming=member, workers=workers)


SHORT = HEADER.ljust(127) + b"\n" + bytes(20)  # the header promises 36 bytes
SPEC = Spec(
    Dataset(
        "TarStream",
        iterable=True,
        cases=(
            DataCase("seven arrays", archive_of(7), workers=(1, 2, 3)),
            DataCase("no arrays", archive_of(0), workers=(0,)),
            DataCase("more workers than arrays", archive_of(1), workers=(3,)),
            DataCase("arrays of different shapes", of_shapes, "shape"),
            DataCase("arrays of different dtypes", of_dtypes, "dtype"),
            # All arrays before the fault must arrive: none may wait for later ones.
            fault("a member that is cut short", SHORT, "train/odd-148.npy", 3, workers=(0, 2)),
            fault("an empty member", b"", "train/odd-0.npy", 1),
            fault("a member of random bytes", garbage, "train/odd-99.npy", 2),
            DataCase("an archive that is cut off", cut_off, faulty=True, workers=(0,)),
        ),
        opens=".tar",
    ),
    stub_digest="8b37673b47719346",
    broken_axis="values",
    loads_data=True,
)
RULES = {
    "exactly once": "values[seven arrays, in a loader]",
    "order of the archive": "values[seven arrays]",
    "fewer samples": ("values[*than arrays*]", "values[no arrays*]", "values[every worker*]"),
    "second pass": "values[seven arrays*]",
    "opens nothing": "memory[opened files]",
    "opens the archive once": ("memory", "values[a member*]", "values[an empty member]"),
    "complete array": ("values[a member*]", "values[an empty member]"),
    "its text": ("values[a member*]", "values[an empty member]"),
    "cut off": "values[an archive that is cut off]",
}


def count_and_peak(kata, path):
    return count_and_peak_bytes(kata.TarStream(path))


def test_memory_one_sample_at_a_time(submission, files):
    """Samples are read on demand, and are not kept."""
    count, size = 40, 100_000
    path = files.tar({f"{i}.npy": torch.zeros(size // 4) for i in range(count)})
    samples, peak = submission.run(count_and_peak, path)
    equal(samples, count, what=_("The number of samples"))
    at_most(
        peak,
        count * size // 4,
        what=_("Bytes held by a pass over 40 arrays of 100,000 bytes"),
        why=_("An archive may be larger than memory. Yield each sample as soon as it is read."),
        metric="extra_bytes",
    )


def samples_per_worker(kata, path, count):
    """Return how many samples each of `count` worker processes yields, without starting any."""
    from torch.utils.data._utils import worker  # noqa: PLC0415 - probes import what they need

    samples = []
    for mine in range(count):
        dataset = kata.TarStream(path)
        worker._worker_info = worker.WorkerInfo(
            id=mine, num_workers=count, seed=mine, dataset=dataset
        )
        try:
            samples.append(len(collect_bounded(dataset)))
        finally:
            worker._worker_info = None
    return samples


def test_values_every_worker_has_a_share(submission, files):
    """Every worker process yields some of 40 arrays, with and without other members in between."""
    arrays = numbered_arrays(40)
    mixed = {
        key: value for name in arrays for key, value in ((f"{name}.txt", b""), (name, arrays[name]))
    }
    paths = files.tar(arrays), files.tar(mixed)
    for path, count in ((path, count) for path in paths for count in (2, 3)):
        samples = submission.run(samples_per_worker, path, count)
        require(
            all(samples),
            _(
                "Of 40 arrays, {count} worker processes yield {samples}. Each must yield some: a "
                "worker that reads nothing does not make loading faster.",
                count=count,
                samples=samples,
            ),
        )
