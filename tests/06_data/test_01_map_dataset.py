"""Grader of map_dataset: a folder of .npy files, in one process and in two."""

import torch

from torchkata import EntryPoint, Spec, loader_raises, loader_yields, require, same
from torchkata.probes import loader_output, recorded_opens, samples_at

SPEC = Spec(
    EntryPoint("ArrayFolder"), stub_digest="fff38c88db1eede0", fault="values", loads_data=True
)
NAMES = ("a10", "B", "a2", "b", "a1", "_", "a", "c3", "a02", "C", "b0", "10", "9", "a-1")


def asked(kata, path, indices, pattern="*.npy"):
    """The length, and the samples of some indices, or "IndexError"."""
    ds = kata.ArrayFolder(path, pattern)
    return len(ds), samples_at(ds, indices)


def made(kata, path):
    from pathlib import Path  # noqa: PLC0415 - a probe brings its own

    ds = kata.ArrayFolder(Path(path))
    return isinstance(ds, torch.utils.data.Dataset), len(ds), ds[0]


def opened(kata, path, index):
    """The files that are opened by making the dataset, and by asking for one sample."""
    with recorded_opens(".npy") as early:
        ds = kata.ArrayFolder(path)
        len(ds)
    with recorded_opens(".npy") as late:
        ds[index]
    return sorted(set(early)), sorted(set(late))


def loaded(kata, path, batch_size, workers):
    return loader_output(kata.ArrayFolder(path), batch_size=batch_size, num_workers=workers)


def arrays(generator, names=NAMES):
    return {f"{name}.npy": torch.randn(3, generator=generator) for name in names}


def kept(submission, files, array):
    """The sample is the array of the file, as it is."""
    (sample,) = submission.run(asked, files.folder({"a.npy": array}), [0])[1]
    same(sample, array, what=f"the sample of a {array.dtype} file of shape {list(array.shape)}")


def test_contract_dataset(submission, files, generator):
    """It is a Dataset, also of a folder that is given as a Path."""
    given = arrays(generator, ["a"])
    kind, count, first = submission.run(made, files.folder(given))
    require(kind, "ArrayFolder has to be a torch.utils.data.Dataset: name it as the base class.")
    require(count == 1, f"len(ds) is {count}, but the folder has 1 file.")
    same(first, given["a.npy"], what="`ds[0]`")


def test_contract_index_error(submission, files, generator):
    """Past either end there is an IndexError; an empty folder has nothing else."""
    for names in ("abc", ""):
        n, path = len(names), files.folder(arrays(generator, names))
        past = (n, n + 5, -n - 1, -n - 9)
        count, found = submission.run(asked, path, past)
        require(count == n, f"len(ds) is {count} for a folder of {n} files.")
        given = [i for i, sample in zip(past, found, strict=True) if not isinstance(sample, str)]
        require(
            not given,
            f"With {n} files, indices {given} give a result; they have to raise IndexError, or a "
            "`for` loop over the dataset never ends.",
        )


def test_values_sorted_by_name(submission, files, generator):
    """Sample i is the i-th file by name, from either end; nothing else in the folder counts."""
    given = arrays(generator)
    others = {"notes.txt": b"no array", "a.npy.bak": b"", "sub/a.npy": torch.zeros(3)}
    path = files.folder({**given, **others})
    for pattern, start in (("*.npy", ""), ("a*.npy", "a")):
        names = sorted(name for name in given if name.startswith(start))
        n = len(names)
        count, found = submission.run(asked, path, range(-n, n), pattern)
        require(
            count == n,
            f"len(ds) is {count}, but {n} files of the folder match {pattern!r}; those in folders "
            "inside it, and files that do not match, are not counted.",
        )
        for index, sample in zip(range(-n, n), found, strict=True):
            stops = isinstance(sample, str)
            require(not stops, f"ds[{index}] raises IndexError, but there are {n} files.")
            same(sample, given[names[index]], what=f"`ds[{index}]`, {names[index]} of {n} files")


def test_shape_is_kept(submission, files, generator):
    """Arrays of any shape come as they are, a single number too."""
    for size in ((), (1,), (0, 3), (2, 1, 4)):
        kept(submission, files, torch.randn(size, generator=generator))


def test_dtype_is_kept(submission, files):
    """Arrays of any dtype come as they are."""
    for dtype in (torch.float64, torch.float16, torch.int64, torch.uint8, torch.bool):
        kept(submission, files, torch.arange(5).to(dtype))


def test_memory_opens_what_is_asked(submission, files, generator):
    """No file is opened before it is asked for."""
    early, late = submission.run(opened, files.folder(arrays(generator, "abcd")), 2)
    require(
        not early,
        f"Making the dataset already opens {len(early)} files ({', '.join(early)}), though nobody "
        "has asked for a sample yet. Keep the names; read a file in __getitem__.",
    )
    require(
        set(late) <= {"c.npy"},
        f"ds[2] opens {', '.join(late)}; only c.npy was asked for. With more files than memory "
        "that ends badly.",
    )


def test_values_in_a_loader(submission, files, generator):
    """A DataLoader gives the same batches without worker processes and with two."""
    given = arrays(generator)
    rows = torch.stack([given[name] for name in sorted(given)])
    loader_yields(submission, loaded, files.folder(given), 4, expected=rows.split(4))
    loader_yields(submission, loaded, files.folder({}), 4, expected=[], workers=[2])


def test_values_damaged_file(submission, files, generator):
    """A damaged file raises when its turn comes, in a worker process too."""
    path = files.folder({**arrays(generator, "ac"), "b.npy": b"\x93NUMPY\x01\x00"})
    loader_raises(submission, loaded, path, None, fault="One file of the folder is damaged")
    (sample,) = submission.run(asked, path, [2])[1]
    require(torch.is_tensor(sample), "ds[2] gives no tensor, though only file 1 is damaged.")
