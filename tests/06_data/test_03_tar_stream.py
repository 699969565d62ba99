"""Grader of tar_stream: one archive, shared among worker processes."""

import torch

from torchkata import EntryPoint, Spec, loader_raises, require, same
from torchkata.probes import (
    collect_bounded,
    count_and_peak_bytes,
    loader_output,
    recorded_opens,
    recorded_tar_opens,
)

SPEC = Spec(
    EntryPoint("TarStream"), stub_digest="125e1b582d1928bb", fault="values", loads_data=True
)
BLOCK = 512  # bytes: each header takes one, and so does each small array
OTHERS = {"notes.txt": b"no array", "x.npy.bak": b"", "sub": None, "sub/dir.npy": None}


def made(kata, path):
    return isinstance(kata.TarStream(path), torch.utils.data.IterableDataset)


def streamed(kata, path, passes=1):
    """What plain iteration gives in each pass."""
    ds = kata.TarStream(path)
    return [collect_bounded(ds) for _ in range(passes)]


def loaded(kata, path, workers, passes=1):
    return loader_output(kata.TarStream(path), passes=passes, batch_size=None, num_workers=workers)


def opened(kata, path):
    """How often the archive is opened: by making the dataset, and in a pass."""
    with recorded_opens(path) as early:
        ds = kata.TarStream(path)
    with recorded_opens(path) as late, recorded_tar_opens() as archives:
        collect_bounded(ds)
    return len(early), len(archives) or len(late)


def dropped(kata, path):
    return count_and_peak_bytes(kata.TarStream(path))


def arrays(count):
    """Arrays that carry their own number, in folders and without."""
    names = (f"{'train/' * (i % 3)}{97 * i % 10}-{i}.npy" for i in range(count))
    return {name: torch.full((2, 3), float(i)) for i, name in enumerate(names)}


def cut(files, members, size):
    """An archive of which only the first bytes are there."""
    with open(files.tar(members), "rb") as whole:  # noqa: PTH123 - needs no import
        return files.folder({"cut.tar": whole.read(size)}) + "/cut.tar"


def numbers(samples):
    return [int(sample.flatten()[0]) for sample in samples]


def kept(submission, files, given):
    """Samples are the arrays of an archive, as they are."""
    path = files.tar({f"{i}.npy": array for i, array in enumerate(given)})
    same(submission.run(streamed, path)[0], given, what="the samples")


def test_contract_iterable(submission, files):
    """It is an IterableDataset."""
    require(
        submission.run(made, files.tar(arrays(1))),
        "TarStream has to be a torch.utils.data.IterableDataset: name it as the base class. It is "
        "by the class that a DataLoader knows whether to ask for numbers or to iterate.",
    )


def test_shape_is_kept(submission, files, generator):
    """Arrays of any shape come as they are, a single number too."""
    sizes = ((), (1,), (0, 3), (2, 1, 4))
    kept(submission, files, [torch.randn(size, generator=generator) for size in sizes])


def test_dtype_is_kept(submission, files):
    """Arrays of any dtype come as they are."""
    dtypes = (torch.float64, torch.float16, torch.int64, torch.uint8, torch.bool)
    kept(submission, files, [torch.arange(5).to(dtype) for dtype in dtypes])


def test_values_archive_order(submission, files):
    """Without workers, each pass gives all tensors in the order of the archive, nothing else."""
    given = arrays(7)
    first, rest = list(given.items())[:4], list(given.items())[4:]
    path = files.tar({**dict(first), **OTHERS, **dict(rest)})
    for number, got in enumerate(submission.run(streamed, path, 2), start=1):
        same(got, list(given.values()), what=f"what pass {number} gives")


def test_values_once_each(submission, files):
    """Each sample comes once in each pass, whatever the number of workers."""
    for count, workers, times in ((0, 0, 1), (7, 1, 1), (7, 2, 2), (7, 3, 1), (1, 3, 1)):
        path = files.tar({**OTHERS, **arrays(count)})
        found = submission.run(loaded, path, workers, times)
        where = f"An archive of {count} arrays, num_workers={workers}"
        require(not found["error"], f"{where}: the DataLoader raised. {found['error']}")
        for which, samples in zip(("first", "second"), found["passes"], strict=False):
            got = sorted(numbers(samples))
            require(
                got == list(range(count)),
                f"{where}: the {which} pass gives {len(samples)} samples, {len(set(got))} different"
                f" ones, instead of {count}. Each process has to give a share of its own, and all "
                "shares together each sample once.",
            )


def test_values_damaged_member(submission, files, generator):
    """A damaged member raises an error that names it, after the samples before it."""
    garbage = bytes(torch.randint(256, (99,), generator=generator).tolist())
    whole = b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f4', 'fortran_order': False, 'shape': (9,), }"
    short = whole.ljust(127) + b"\n" + bytes(20)  # 36 bytes of numbers were promised
    given = arrays(5)
    names = list(given)
    for kind, data in {"cut short": short, "empty": b"", "garbage": garbage}.items():
        bad = f"train/odd-{len(data)}.npy"
        path = files.tar({**{name: given[name] for name in names[:3]}, bad: data, **given})
        fault, workers = f"The member {bad} is {kind}", (0, 2) if kind == "cut short" else (0,)
        found = loader_raises(submission, loaded, path, fault=fault, naming=bad, workers=workers)
        got = numbers(found[0]["passes"][0])
        require(got == [0, 1, 2], f"{fault}; before the error the samples {got} came.")


def test_values_cut_archive(submission, files):
    """An archive that is cut off raises an error instead of ending early."""
    path = cut(files, arrays(3), 5 * BLOCK + 140)  # the last array takes 152 bytes
    fault = "The archive ends within its last array"
    loader_raises(submission, loaded, path, fault=fault, workers=[0])


def test_memory_opened_once(submission, files):
    """Making the dataset opens nothing; a pass opens the archive once."""
    early, count = submission.run(opened, files.tar(arrays(9)))
    require(
        early == 0,
        "Making the dataset opens the archive, though nobody has asked for a sample yet. Worker "
        "processes would all inherit that one open file, and its one position. Open it in a pass.",
    )
    require(
        count == 1,
        f"A pass over 9 arrays opens the archive {count} times. Open it once a pass, not for each "
        "member, and not to look through it first.",
    )


def test_memory_one_sample_at_a_time(submission, files):
    """Samples are read as they are asked for: few are held at a time."""
    count, size = 40, 100_000
    path = files.tar({f"{i}.npy": torch.zeros(size // 4) for i in range(count)})
    came, most = submission.run(dropped, path)
    require(came == count, f"{came} samples came of {count}.")
    require(
        most <= count * size / 4,
        f"An archive of {count} arrays of {size:,} bytes: {most:,} bytes are held at once, as if "
        f"{most / size:.0f} arrays were kept. With an archive larger than the memory that ends "
        "badly. Give each sample as soon as it is read, and keep none.",
        extra_bytes=most,
    )
