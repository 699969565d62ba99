"""Grader of batched_fetch: batches by one indexing op, against rows that are stacked."""

import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset

from torchkata import (
    Case,
    EntryPoint,
    Function,
    Spec,
    Speedup,
    integers,
    loader_raises,
    loader_yields,
    normal,
    require,
    same,
    value,
)
from torchkata.probes import loader_output, samples_at


def batch(kata, table, indices):
    return tuple(kata.Table.collate(table.__getitems__(list(indices))))


def fetched(kata, features, labels, indices):
    return batch(kata, kata.Table(features, labels), indices)


def epoch(kata, features, labels, order, batch_size):
    collate = kata.Table.collate
    table = kata.Table(features, labels)
    loader = DataLoader(table, batch_size, sampler=order.tolist(), collate_fn=collate)
    return [tuple(batch) for batch in loader]


def row_by_row(features, labels, indices):
    return torch.stack([features[i] for i in indices]), torch.stack([labels[i] for i in indices])


def per_item_loader(features, labels, order, batch_size):
    loader = DataLoader(TensorDataset(features, labels), batch_size, sampler=order.tolist())
    return [tuple(batch) for batch in loader]


def rows(sizes, generator):
    return torch.randint(sizes.n, (sizes.b,), generator=generator).tolist()


def permutation(sizes, generator):
    return torch.randperm(sizes.n, generator=generator)


COPIES = ("index", "index_select", "gather", "take", "embedding", "masked_select")
VIEWS = ("select", "slice", "split", "unbind")
TABLE = {"features": normal("n d"), "labels": integers("n", 0, 10)}
SPEC = Spec(
    EntryPoint("Table"),
    Function(
        "fetched",
        adapter=fetched,
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
    ),
    Function(
        "epoch",
        adapter=epoch,
        inputs={**TABLE, "order": permutation, "batch_size": value("b")},
        naive=per_item_loader,
        cases=(
            Case("one row", n=1, d=3, b=4),
            Case("a short last batch", n=50, d=3, b=16),
        ),
        check_variants=False,
        budget=(Speedup(3, over=per_item_loader, at={"n": 4096, "d": 16, "b": 256}),),
    ),
    stub_digest="931ba3616bf1a450",
    loads_data=True,
)


def made(kata, features, labels):
    """What a table says of itself: its class, length, some rows, and the kind of a batch."""
    table = kata.Table(features, labels)
    pair = kata.Table.collate(table.__getitems__([2, 0]))
    rows = [
        row if isinstance(row, str) else tuple(row) for row in samples_at(table, [1, len(table)])
    ]
    kind = "pair" if isinstance(pair, tuple | list) and len(pair) == 2 else type(pair).__name__
    return isinstance(table, Dataset), len(table), rows, kind


def loaded(kata, features, labels, order, workers):
    how = {"batch_size": 4, "collate_fn": kata.Table.collate, "num_workers": workers}
    got = loader_output(kata.Table(features, labels), sampler=order, **how)
    return got | {"passes": [[tuple(batch) for batch in got["passes"][0]]]}


def overwritten(kata, features, labels, indices):
    """Fetch a batch between two others, overwrite it; what the others hold, and the table."""
    table = kata.Table(features, labels)
    before, written, after = (batch(kata, table, some) for some in ([3, 1], indices, [2, 0]))
    for tensor in written:
        tensor.fill_(77)
    return {
        "the table": (features, labels),
        "the batch that was fetched before": before,
        "the batch that was fetched after": after,
        "the same batch, fetched anew,": batch(kata, table, indices),
    }


def drawn(generator, n=10):
    return torch.randn(n, 3, generator=generator), torch.randint(9, (n,), generator=generator)


def test_contract_map_style(submission, generator):
    """A table is a Dataset with a length and rows; a batch is a pair."""
    features, labels = drawn(generator)
    kind, count, (row, past), batch = submission.run(made, features, labels)
    require(kind, "Table has to be a torch.utils.data.Dataset: name it as the base class.")
    require(count == 10, f"len(table) is {count}, but features has 10 rows.")
    ends = isinstance(past, str)
    require(ends, "table[n] has to raise IndexError; row n - 1 is the last one.")
    same(row, (features[1], labels[1]), what="`table[1]`")
    pair = batch == "pair"
    require(pair, f"collate gives a {batch}; a batch is a tuple or a list of two tensors.")


def test_contract_past_the_end(submission, generator):
    """A row number past the end raises, in a worker process too."""
    fault = "Row 12 of a table of 10 rows was asked for"
    loader_raises(submission, loaded, *drawn(generator), [3, 1, 12, 0], fault=fault)


def test_values_in_a_loader(submission, generator):
    """A DataLoader gives the same batches without worker processes and with two."""
    features, labels = drawn(generator)
    order = torch.randperm(10, generator=generator)
    batches = zip(features[order].split(4), labels[order].split(4), strict=True)
    loader_yields(submission, loaded, features, labels, order.tolist(), expected=list(batches))


def test_ops_one_indexing_op_per_tensor(submission, generator):
    """A batch takes one indexing op for each of the two tensors."""
    indices = torch.randint(300, (64,), generator=generator).tolist()
    ops = submission.measure(fetched, *drawn(generator, 300), indices).ops
    copies = {name: ops.ops[name] for name in COPIES if name in ops.ops}
    views = {name: ops.views[name] for name in VIEWS if name in ops.views}
    told = ", ".join(f"{n} x {name}" for name, n in {**copies, **views}.items())
    require(
        sum(copies.values()) <= 2 and sum(views.values()) <= 4,  # a few views of results are free
        f"To pick 64 rows it takes {told}: one indexing op is allowed for features and one for "
        "labels. Index each tensor once, by all row numbers.",
        ops=sum(copies.values()) + sum(views.values()),
    )


def test_purity_batches_are_apart(submission, reference, generator):
    """Writing into a batch changes neither the table nor another batch."""
    for indices in ([5, 2], [4, 5, 6], [7], list(range(10))):
        given = *drawn(generator), indices
        got, expected = (who.run(overwritten, *given) for who in (submission, reference))
        for where, pair in got.items():
            require(
                all(map(torch.equal, pair, expected[where])),
                f"The batch of rows {indices} was overwritten, and {where} changed with it: they "
                "share one buffer. A training loop that scales its batch in place would spoil the "
                "data.",
            )
