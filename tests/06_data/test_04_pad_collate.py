"""Grader of pad_collate: sequences of several lengths in one rectangle."""

import torch
from torch.utils.data import DataLoader

from torchkata import Case, Entry, Exercise, Function, Speedup, normal, require, same


def cut(table, lengths):
    """Sequences out of a table: the first steps of each row."""
    return [table[i, :length] for i, length in enumerate(lengths)]


def padded(kata, table, lengths):
    return kata.pad_collate(cut(table, lengths))


def loop_on_elements(table, lengths):
    _n, _l, d = table.shape
    out = torch.zeros(len(lengths), max(lengths), d, dtype=table.dtype)
    for i, length in enumerate(lengths):
        sequence = table[i]
        for t in range(length):
            for j in range(d):
                out[i, t, j] = sequence[t, j]
    return out, torch.tensor(lengths)


def up_to_l(sizes, generator):
    """Lengths from 0 to l, one of them l."""
    lengths = torch.randint(sizes.l + 1, (sizes.n,), generator=generator)
    lengths[torch.randint(sizes.n, (1,), generator=generator)] = sizes.l
    return lengths.tolist()


def steps_of_zeros(_sizes, _generator):
    table = torch.zeros(3, 4, 2)
    table[1, 2] = 1.0
    return table, [2, 4, 0]


EXERCISE = Exercise(
    Entry("pad_collate"),
    Function(
        "padded",
        via=padded,
        inputs={"table": normal("n l d"), "lengths": up_to_l},
        naive=loop_on_elements,
        cases=(
            Case("one of everything", n=1, l=1, d=1),
            Case("one sequence", n=1, l=5, d=3),
            Case("all empty", n=3, l=0, d=2),
            Case("one empty sequence", n=1, l=0, d=4),
            Case("no numbers", n=2, l=3, d=0),
            Case("steps of zeros", given=steps_of_zeros),
            Case("several lengths", n=6, l=11, d=4),
            Case("many short ones", n=40, l=3, d=2),
        ),
        dtypes=(torch.float32, torch.float64, torch.int64, torch.bool),
        gradient=("table",),
        budget=(Speedup(30, over=loop_on_elements, at={"n": 8, "l": 24, "d": 8}),),
        usual="several lengths",
    ),
    shipped="610cae6101f450d6",
    loads_data=True,
)


def kept(kata, table, lengths):
    """Whether the list holds the same tensors as before."""
    batch = cut(table, lengths)
    before = list(batch)
    kata.pad_collate(batch)
    return len(batch) == len(before) and all(a is b for a, b in zip(batch, before, strict=False))


def delivered(kata, table, lengths, workers):
    """What a DataLoader gives, or in one line what it raised."""
    import warnings  # noqa: PLC0415 - a probe brings its own

    how = {"batch_size": 4, "collate_fn": kata.pad_collate, "num_workers": workers}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This DataLoader will create")  # judged on one core
        try:
            return list(DataLoader(cut(table, lengths), **how))
        except NotImplementedError:
            raise
        except Exception as error:  # noqa: BLE001 - of any type
            text = str(error).strip().rpartition("\n")[2]  # of a worker process: with its type
            error.__traceback__ = None  # it would keep the processes until they time out
            return text if workers else f"{type(error).__name__}: {text}"


def test_purity_of_the_list(submission, generator):
    """The list is the same after the call: its tensors, and their order."""
    table = torch.randn(5, 6, 2, generator=generator)
    require(
        submission.run(kept, table, [3, 6, 0, 2, 5]),
        "pad_collate changes the list that it gets (.sort(), .pop(), an assignment?); whoever "
        "passed it still needs it. Work on a list of your own.",
    )


def test_values_in_a_loader(submission, reference, generator):
    """A DataLoader gives the same batches without worker processes and with two."""
    table, lengths = torch.randn(10, 7, 3, generator=generator), [3, 7, 0, 2, 5, 1, 1, 4, 0, 0]
    expected = reference.run(delivered, table, lengths, 0)
    for workers in (0, 2):
        got = submission.run(delivered, table, lengths, workers)
        require(isinstance(got, list), f"A DataLoader with {workers} worker processes: {got}")
        same(got, expected, what=f"what the DataLoader gives with {workers} workers")
