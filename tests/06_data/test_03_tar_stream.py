"""Grader of tar_stream: one archive, shared among worker processes."""

import torch

from torchkata import Entry, Exercise, require, same

EXERCISE = Exercise(Entry("TarStream"), shipped="98778a08ee423d85", fault="values", loads_data=True)
BLOCK = 512  # bytes: each header takes one, and so does each small array
OTHERS = {"notes.txt": b"no array", "x.npy.bak": b"", "sub": None, "sub/dir.npy": None}


def made(kata, path):
    return isinstance(kata.TarStream(path), torch.utils.data.IterableDataset)


def streamed(kata, path, passes=1):
    """What plain iteration gives in each pass."""
    ds = kata.TarStream(path)
    return [list(ds) for _ in range(passes)]


def loaded(kata, path, workers, times=1):
    """What passes of a DataLoader give, and the text of an error."""
    import warnings  # noqa: PLC0415 - a probe brings its own

    passes, text = [[] for _ in range(times)], ""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This DataLoader will create")  # judged on one core
        try:
            ds = kata.TarStream(path)
            loader = torch.utils.data.DataLoader(ds, batch_size=None, num_workers=workers)
            for found in passes:
                found.extend(loader)
        except Exception as error:  # noqa: BLE001 - of any type
            notes = getattr(error, "__notes__", [])
            text = "\n".join([f"{type(error).__name__}: {error}", *notes])
            error.__traceback__ = None  # it would keep the processes until they time out
    return passes, text


def opened(kata, path):
    """How often the archive is opened: by making the dataset, and in a pass."""
    import os  # noqa: PLC0415
    import sys  # noqa: PLC0415

    times, phase = {"made": 0, "pass": 0}, ["made"]

    def hear(event, arguments):
        if phase and event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            times[phase[0]] += os.fsdecode(arguments[0]) == path

    sys.addaudithook(hear)
    ds = kata.TarStream(path)
    phase[0] = "pass"
    list(ds)
    phase.clear()
    return times


def first(kata, path):
    """The first sample, or what came instead."""
    try:
        return next(iter(kata.TarStream(path)))
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"


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


def last_line(text):
    return text.strip().rpartition("\n")[2]


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
    given = {f"{i}.npy": torch.randn(size, generator=generator) for i, size in enumerate(sizes)}
    (samples,) = submission.run(streamed, files.tar(given))
    got = [tuple(sample.shape) for sample in samples]
    require(got == list(sizes), f"Arrays of the shapes {list(sizes)} come with the shapes {got}.")


def test_dtype_is_kept(submission, files):
    """Arrays of any dtype come as they are."""
    dtypes = (torch.float64, torch.float16, torch.int64, torch.uint8, torch.bool)
    given = {f"{dtype}.npy": torch.arange(5).to(dtype) for dtype in dtypes}
    (samples,) = submission.run(streamed, files.tar(given))
    same(samples, list(given.values()), what="the samples")


def test_values_archive_order(submission, files):
    """Without workers, each pass gives all tensors in the order of the archive, nothing else."""
    given = arrays(7)
    path = files.tar({**dict(list(given.items())[:4]), **OTHERS, **dict(list(given.items())[4:])})
    for number, got in enumerate(submission.run(streamed, path, 2), start=1):
        same(got, list(given.values()), what=f"what pass {number} gives")


def test_values_once_each(submission, files):
    """Each sample comes once in each pass, whatever the number of workers."""
    for count, workers, times in ((0, 0, 1), (7, 1, 1), (7, 2, 2), (7, 3, 1), (1, 3, 1)):
        path = files.tar({**OTHERS, **arrays(count)})
        passes, text = submission.run(loaded, path, workers, times)
        where = f"An archive of {count} arrays, num_workers={workers}"
        require(not text, f"{where}: the DataLoader raised. {last_line(text)}")
        for which, samples in zip(("first", "second"), passes, strict=False):
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
        for workers in (0, 2) if kind == "cut short" else (0,):
            passes, text = submission.run(loaded, path, workers)
            where = f"The member {bad} is {kind} (num_workers={workers})"
            require(text, f"{where}, but the pass went on without an error: a gap in silence.")
            require(
                bad in text,
                f"{where}; the error that came does not name it, so nobody can find it: "
                f"{last_line(text)}",
            )
            if not workers:
                got = numbers(passes[0])
                require(got == [0, 1, 2], f"{where}; before the error the samples {got} came.")


def test_values_cut_archive(submission, files):
    """An archive that is cut off raises an error instead of ending early."""
    path = cut(files, arrays(3), 5 * BLOCK + 140)  # the last array takes 152 bytes
    _passes, text = submission.run(loaded, path, 0)
    require(text, "The archive ends within its last array, but the pass ended without an error.")


def test_memory_opened_once(submission, files):
    """Making the dataset opens nothing; a pass opens the archive once."""
    few, many = (submission.run(opened, files.tar(arrays(count))) for count in (2, 9))
    require(
        few["made"] == 0,
        "Making the dataset opens the archive, though nobody has asked for a sample yet. Worker "
        "processes would all inherit that one open file, and its one position. Open it in a pass.",
    )
    require(
        0 < many["pass"] == few["pass"],
        f"A pass over 2 arrays opens the archive {few['pass']} times, one over 9 arrays "
        f"{many['pass']} times. Open it once a pass, not for each member. (tarfile itself opens a "
        "file up to 5 times, to find out how it is compressed; that is all right.)",
    )


def test_memory_reads_as_it_goes(submission, files):
    """The first sample is given before the rest is looked at."""
    got = submission.run(first, cut(files, arrays(9), 5 * BLOCK + 140))
    require(
        not isinstance(got, str),
        "The archive's first array is whole and its end is missing. Asked for one sample, the "
        f"dataset raised ({got}), so it looks through the archive before it gives anything. Give "
        "each sample as soon as it is read.",
    )
    same(got, torch.zeros(2, 3), what="the first sample")
