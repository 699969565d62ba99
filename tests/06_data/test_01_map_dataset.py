"""Grader of map_dataset: a folder of .npy files, read in one process and in two."""

import torch

from torchkata import DataCase, Dataset, Spec, _, equal
from torchkata.probes import recorded_opens

NAMES = ("a10", "B", "a2", "b", "a1", "_", "a", "c3", "a02", "C", "b0", "10", "9", "a-1", ".c")
OTHERS = {"notes.txt": b"no array", "a.npy.bak": b"", "sub/a.npy": torch.zeros(3)}
DTYPES = (torch.float64, torch.float16, torch.int64, torch.uint8, torch.bool)


def folder_of(names, prefix="", others=()):
    """Make a folder of random arrays, in which other files do not count."""

    def given(files, generator):
        arrays = {f"{name}.npy": torch.randn(3, generator=generator) for name in names}
        path = files.folder({**arrays, **dict(others)})
        matching = sorted(name for name in arrays if name.startswith(prefix))
        return (path, f"{prefix}*.npy"), [arrays[name] for name in matching]

    return given


def of_shapes(files, generator):
    arrays = [torch.randn(size, generator=generator) for size in ((), (1,), (0, 3), (2, 1, 4))]
    return (files.folder({f"{i}.npy": array for i, array in enumerate(arrays)}),), arrays


def of_dtypes(files, _generator):
    arrays = [torch.arange(5).to(dtype) for dtype in DTYPES]
    arrays += [torch.tensor([2**53 + 1]), torch.tensor([torch.nan, torch.inf, 1e-45])]
    return (files.folder({f"{i}.npy": array for i, array in enumerate(arrays)}),), arrays


def as_path(files, generator):
    from pathlib import Path  # noqa: PLC0415 - graders import torch alone at the top

    (path, _pattern), samples = folder_of("a", others=OTHERS)(files, generator)
    return (Path(path),), samples


def damaged(files, generator):
    a, c = torch.randn(2, 3, generator=generator)
    path = files.folder({"a.npy": a, "b.npy": b"\x93NUMPY\x01\x00", "c.npy": c})
    return (path,), [a, None, c]


SPEC = Spec(
    Dataset(
        "ArrayFolder",
        cases=(
            DataCase("one file, and a Path", as_path, "contract"),
            DataCase("no files", folder_of(""), "contract", workers=(2,)),
            DataCase("names out of order", folder_of(NAMES, others=OTHERS), workers=(0, 2)),
            DataCase("files that match a*.npy", folder_of(NAMES, "a", others=OTHERS)),
            DataCase("arrays of different shapes", of_shapes, "shape"),
            DataCase("arrays of different dtypes", of_dtypes, "dtype"),
            DataCase("a damaged file", damaged, faulty=True),
        ),
        negative_indices=True,
        opens=".npy",
    ),
    stub_digest="66bf4b828a7d6251",
    broken_axis="values",
    loads_data=True,
)
RULES = {
    "sorted by name": "values[names out of order]",
    "in subfolders": "values[names out of order]",
    "Negative indices": "values[names out of order]",
    "past either end": "contract[past the ends]",
    "opens no file": "memory",
    "damaged file": "values[a damaged file]",
}


def opened_in_turn(kata, path, indices):
    """Return the names of the files that are opened by reading samples, one after another."""
    dataset, names = kata.ArrayFolder(path), []
    for index in indices:
        with recorded_opens(".npy") as opened:
            dataset[index]
        names += sorted(set(opened))
    return names


def test_memory_no_array_is_kept(submission, files):
    """A sample is read from its file each time, so that no array stays in memory."""
    path = files.folder({name: torch.ones(2) for name in ("a.npy", "b.npy", "c.npy")})
    equal(
        submission.run(opened_in_turn, path, [1, 1, 2, 1]),
        ["b.npy", "b.npy", "c.npy", "b.npy"],
        what=_("The files opened by reading ds[1], ds[1], ds[2] and ds[1]"),
        why=_("Keep no array: a folder may be larger than memory."),
    )
