"""Grader of map_dataset: a folder of .npy files, read in one process and in two."""

import torch

from torchkata import EntryPoint, Spec, _, loader_raises, loader_yields, require, same
from torchkata.probes import loader_output, recorded_opens, samples_at

SPEC = Spec(
    EntryPoint("ArrayFolder"),
    stub_digest="fff38c88db1eede0",
    broken_axis="values",
    loads_data=True,
)
NAMES = ("a10", "B", "a2", "b", "a1", "_", "a", "c3", "a02", "C", "b0", "10", "9", "a-1")


def length_and_samples(kata, path, indices, pattern="*.npy"):
    """Return the length, and for each index the sample or "IndexError"."""
    ds = kata.ArrayFolder(path, pattern)
    return {"len": len(ds), "samples": samples_at(ds, indices)}


def built_with_path(kata, path):
    from pathlib import Path  # noqa: PLC0415 - probes import what they need

    ds = kata.ArrayFolder(Path(path))
    is_dataset = isinstance(ds, torch.utils.data.Dataset)
    return {"is dataset": is_dataset, "len": len(ds), "first": ds[0]}


def opened_files(kata, path, index):
    """Return the files that are opened by creating the dataset, and by reading one sample."""
    with recorded_opens(".npy") as by_init:
        ds = kata.ArrayFolder(path)
        len(ds)
    with recorded_opens(".npy") as by_read:
        ds[index]
    return {"by init": sorted(set(by_init)), "by read": sorted(set(by_read))}


def load(kata, path, batch_size, workers):
    return loader_output(kata.ArrayFolder(path), batch_size=batch_size, num_workers=workers)


def random_arrays(generator, names=NAMES):
    return {f"{name}.npy": torch.randn(3, generator=generator) for name in names}


def require_unchanged(submission, files, array):
    """Fail unless the sample of a file equals the array in it."""
    path = files.folder({"a.npy": array})
    (sample,) = submission.run(length_and_samples, path, [0])["samples"]
    what = _(
        "the sample of a file with {dtype} values of shape {shape}",
        dtype=array.dtype,
        shape=list(array.shape),
    )
    same(sample, array, what=what)


def test_contract_dataset(submission, files, generator):
    """ArrayFolder is a Dataset, and accepts the folder as a Path."""
    arrays = random_arrays(generator, ["a"])
    got = submission.run(built_with_path, files.folder(arrays))
    require(
        got["is dataset"],
        _("ArrayFolder must be a torch.utils.data.Dataset. Use that as its base class."),
    )
    require(
        got["len"] == 1,
        _("len(ds) for a folder with 1 file: expected 1, got {len}.", len=got["len"]),
    )
    same(got["first"], arrays["a.npy"], what=_("`ds[0]`"))


def test_contract_index_error(submission, files, generator):
    """Indices past either end raise IndexError; for an empty folder, all of them."""
    for names in ("abc", ""):
        n, path = len(names), files.folder(random_arrays(generator, names))
        past = (n, n + 5, -n - 1, -n - 9)
        got = submission.run(length_and_samples, path, past)
        require(
            got["len"] == n,
            _("len(ds) for a folder with {n} files: expected {n}, got {len}.", n=n, len=got["len"]),
        )
        returned = [
            index
            for index, sample in zip(past, got["samples"], strict=True)
            if not isinstance(sample, str)
        ]
        require(
            not returned,
            _(
                "With {n} files, the indices {indices} return a sample; expected IndexError. "
                "Without it, a `for` loop over the dataset never ends.",
                n=n,
                indices=returned,
            ),
        )


def test_values_sorted_by_name(submission, files, generator):
    """Sample i is the i-th file by name, counted from either end; other files do not count."""
    arrays = random_arrays(generator)
    others = {"notes.txt": b"no array", "a.npy.bak": b"", "sub/a.npy": torch.zeros(3)}
    path = files.folder({**arrays, **others})
    for pattern, prefix in (("*.npy", ""), ("a*.npy", "a")):
        names = sorted(name for name in arrays if name.startswith(prefix))
        n = len(names)
        got = submission.run(length_and_samples, path, range(-n, n), pattern)
        require(
            got["len"] == n,
            _(
                "len(ds): expected {n}, the number of files that match {pattern!r}, got {len}. "
                "Files in subfolders and files that do not match do not count.",
                n=n,
                pattern=pattern,
                len=got["len"],
            ),
        )
        for index, sample in zip(range(-n, n), got["samples"], strict=True):
            require(
                not isinstance(sample, str),
                _("ds[{index}] raises IndexError, but there are {n} files.", index=index, n=n),
            )
            what = _("`ds[{index}]`, {name} of {n} files", index=index, name=names[index], n=n)
            same(sample, arrays[names[index]], what=what)


def test_shape_is_kept(submission, files, generator):
    """Samples have the shape of the array in the file, which may be 0-d."""
    for size in ((), (1,), (0, 3), (2, 1, 4)):
        require_unchanged(submission, files, torch.randn(size, generator=generator))


def test_dtype_is_kept(submission, files):
    """Samples have the dtype of the array in the file."""
    for dtype in (torch.float64, torch.float16, torch.int64, torch.uint8, torch.bool):
        require_unchanged(submission, files, torch.arange(5).to(dtype))


def test_memory_opens_one_file_per_sample(submission, files, generator):
    """Creating the dataset opens no file, and ds[i] opens only file i."""
    path = files.folder(random_arrays(generator, "abcd"))
    got = submission.run(opened_files, path, 2)
    require(
        not got["by init"],
        _(
            "Creating the dataset opens {names}, before any sample is read. Store the file names, "
            "and read a file in __getitem__.",
            names=", ".join(got["by init"]),
        ),
    )
    require(
        set(got["by read"]) <= {"c.npy"},
        _(
            "ds[2] opens {names}; expected only c.npy. A folder may be larger than memory.",
            names=", ".join(got["by read"]),
        ),
    )


def test_values_in_a_loader(submission, files, generator):
    """A DataLoader yields the same batches without worker processes and with two."""
    arrays = random_arrays(generator)
    rows = torch.stack([arrays[name] for name in sorted(arrays)])
    loader_yields(submission, load, files.folder(arrays), 4, expected=rows.split(4))
    loader_yields(submission, load, files.folder({}), 4, expected=[], workers=[2])


def test_values_damaged_file(submission, files, generator):
    """A damaged file raises an error when it is read, in a worker process too."""
    path = files.folder({**random_arrays(generator, "ac"), "b.npy": b"\x93NUMPY\x01\x00"})
    loader_raises(submission, load, path, None, fault=_("One file of the folder is damaged"))
    (sample,) = submission.run(length_and_samples, path, [2])["samples"]
    require(
        torch.is_tensor(sample),
        _("ds[2] does not return a tensor, although only file 1 is damaged."),
    )
