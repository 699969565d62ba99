"""Grader of batched_fetch: batches by one indexing op, against rows that are stacked."""

import torch
from torch.utils.data import DataLoader, Dataset

from torchkata import (
    Case,
    Entry,
    Exercise,
    Function,
    Ops,
    Speedup,
    integers,
    normal,
    require,
    same,
    value,
)


def fetched(kata, features, labels, indices):
    batch = kata.Table.collate(kata.Table(features, labels).__getitems__(indices))
    return tuple(batch)


def epoch(kata, features, labels, order, batch_size):
    collate = kata.Table.collate
    table = kata.Table(features, labels)
    loader = DataLoader(table, batch_size, sampler=order.tolist(), collate_fn=collate)
    return [tuple(batch) for batch in loader]


def row_by_row(features, labels, indices):
    return torch.stack([features[i] for i in indices]), torch.stack([labels[i] for i in indices])


class Rows(Dataset):
    def __init__(self, *tensors):
        self.tensors = tensors

    def __len__(self):
        return len(self.tensors[0])

    def __getitem__(self, index):
        return tuple(tensor[index] for tensor in self.tensors)


def per_item_loader(features, labels, order, batch_size):
    loader = DataLoader(Rows(features, labels), batch_size, sampler=order.tolist())
    return [tuple(batch) for batch in loader]


def rows(sizes, generator):
    return torch.randint(sizes.n, (sizes.b,), generator=generator).tolist()


def permutation(sizes, generator):
    return torch.randperm(sizes.n, generator=generator)


TABLE = {"features": normal("n d"), "labels": integers("n", 0, 10)}
EXERCISE = Exercise(
    Entry("Table"),
    Function(
        "fetched",
        via=fetched,
        inputs={**TABLE, "indices": rows},
        naive=row_by_row,
        cases=(
            Case("one of everything", n=1, d=1, b=1),
            Case("one row of many", n=9, d=4, b=1),
            Case("rows repeat", n=3, d=5, b=20),
            Case("no features", n=6, d=0, b=4),
            Case("large batch", n=300, d=7, b=64),
        ),
        gradient=("features",),
        budget=(Ops(4),),
    ),
    Function(
        "epoch",
        via=epoch,
        inputs={**TABLE, "order": permutation, "batch_size": value("b")},
        naive=per_item_loader,
        cases=(
            Case("one row", n=1, d=3, b=4),
            Case("a short last batch", n=50, d=3, b=16),
        ),
        dtypes=(torch.float32,),
        layouts=(),
        gradient=False,
        device=False,
        purity=False,
        budget=(Speedup(3, over=per_item_loader, at={"n": 4096, "d": 16, "b": 256}),),
    ),
    shipped="e6613d6062722fd3",
    loads_data=True,
)


def made(kata, features, labels):
    """What a table says of itself, one row, and the kind of a batch."""
    table = kata.Table(features, labels)
    try:
        table[len(features)]
        ends = False
    except IndexError:
        ends = True
    batch = kata.Table.collate(table.__getitems__([2, 0]))
    kind = f"{type(batch).__name__} of {len(batch)}" if hasattr(batch, "__len__") else repr(batch)
    return isinstance(table, Dataset), len(table), ends, tuple(table[1]), kind


def delivered(kata, features, labels, order, workers):
    """What a DataLoader gives, or in one line what it raised."""
    import warnings  # noqa: PLC0415 - a probe brings its own

    table = kata.Table(features, labels)
    how = {"batch_size": 4, "collate_fn": kata.Table.collate, "num_workers": workers}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This DataLoader will create")  # judged on one core
        try:
            return [tuple(batch) for batch in DataLoader(table, sampler=order, **how)]
        except NotImplementedError:
            raise
        except Exception as error:  # noqa: BLE001 - of any type
            text = str(error).strip().rpartition("\n")[2]  # of a worker process: with its type
            error.__traceback__ = None  # it would keep the processes until they time out
            return text if workers else f"{type(error).__name__}: {text}"


def overwritten(kata, features, labels):
    """Fetch three batches, overwrite the middle one, and return the others and the table."""
    table = kata.Table(features, labels)
    batches = [kata.Table.collate(table.__getitems__(i)) for i in ([0, 1], [2, 3], [1, 0])]
    for tensor in batches[1]:
        tensor.fill_(77)
    return tuple(batches[0]), tuple(batches[2]), features, labels


def drawn(generator, n=10):
    return torch.randn(n, 3, generator=generator), torch.randint(9, (n,), generator=generator)


def test_contract_map_style(submission, generator):
    """A table is a Dataset with a length and rows; a batch is a pair."""
    features, labels = drawn(generator)
    kind, count, ends, row, batch = submission.run(made, features, labels)
    require(kind, "Table has to be a torch.utils.data.Dataset: name it as the base class.")
    require(count == 10, f"len(table) is {count}, but features has 10 rows.")
    require(ends, "table[n] has to raise IndexError; row n - 1 is the last one.")
    same(row, (features[1], labels[1]), what="`table[1]`")
    require(
        batch in ("tuple of 2", "list of 2"),
        f"collate gives a {batch}; a batch is a tuple or a list of two tensors.",
    )


def test_contract_past_the_end(submission, generator):
    """A row number past the end raises, in a worker process too."""
    features, labels = drawn(generator)
    for workers in (0, 2):
        got = submission.run(delivered, features, labels, [3, 1, 12, 0], workers)
        require(
            isinstance(got, str),
            f"With {workers} worker processes, row 12 of a table of 10 rows came without an error: "
            "some other row was passed off as it.",
        )


def test_values_in_a_loader(submission, generator):
    """A DataLoader gives the same batches without worker processes and with two."""
    features, labels = drawn(generator)
    order = torch.randperm(10, generator=generator)
    expected = list(zip(features[order].split(4), labels[order].split(4), strict=True))
    for workers in (0, 2):
        got = submission.run(delivered, features, labels, order.tolist(), workers)
        require(isinstance(got, list), f"A DataLoader with {workers} worker processes: {got}")
        same(got, expected, what=f"what the DataLoader gives with {workers} workers")


def test_purity_batches_are_apart(submission, generator):
    """Writing into a batch changes neither the table nor another batch."""
    features, labels = drawn(generator)
    before, after, *table = submission.run(overwritten, features, labels)
    for got, rows, where in (
        (tuple(table), slice(None), "the table"),
        (before, [0, 1], "the batch that was fetched before"),
        (after, [1, 0], "the batch that was fetched after"),
    ):
        for mine, whole in zip(got, (features, labels), strict=True):
            require(
                torch.equal(mine, whole[rows]),
                f"A batch was overwritten, and {where} changed with it: they share one buffer. A "
                "training loop that scales its batch in place would spoil the data.",
            )
