"""Grader of batched_fetch: batches with one indexing op, compared with stacking rows."""

import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset

from torchkata import (
    Case,
    EntryPoint,
    Function,
    Spec,
    Speedup,
    _,
    integers,
    loader_raises,
    loader_yields,
    normal,
    require,
    same,
    value,
)
from torchkata.probes import loader_output, samples_at


def batch_of(kata, table, indices):
    return tuple(kata.Table.collate(table.__getitems__(list(indices))))


def one_batch(kata, features, labels, indices):
    return batch_of(kata, kata.Table(features, labels), indices)


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


def row_numbers(sizes, generator):
    return torch.randint(sizes.n, (sizes.b,), generator=generator).tolist()


def permutation(sizes, generator):
    return torch.randperm(sizes.n, generator=generator)


COPIES = ("index", "index_select", "gather", "take", "embedding", "masked_select")
VIEWS = ("select", "slice", "split", "unbind")
TABLE = {"features": normal("n d"), "labels": integers("n", 0, 10)}
SPEC = Spec(
    EntryPoint("Table"),
    Function(
        "batch",
        adapter=one_batch,
        inputs={**TABLE, "indices": row_numbers},
        naive=row_by_row,
        cases=(
            Case("all sizes 1", n=1, d=1, b=1),
            Case("one row of many", n=9, d=4, b=1),
            Case("repeated rows", n=3, d=5, b=20),
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
            Case("a shorter last batch", n=50, d=3, b=16),
        ),
        check_variants=False,
        budget=(Speedup(3, over=per_item_loader, at={"n": 4096, "d": 16, "b": 256}),),
    ),
    stub_digest="931ba3616bf1a450",
    loads_data=True,
)


def structure(kata, features, labels):
    """Return class and length of a table, row 1, the row past the end, and the type of a batch."""
    table = kata.Table(features, labels)
    batch = kata.Table.collate(table.__getitems__([2, 0]))
    row, past = (
        row if isinstance(row, str) else tuple(row) for row in samples_at(table, [1, len(table)])
    )
    is_pair = isinstance(batch, tuple | list) and len(batch) == 2
    return {
        "is dataset": isinstance(table, Dataset),
        "len": len(table),
        "row": row,
        "past": past,
        "batch": "pair" if is_pair else type(batch).__name__,
    }


def load(kata, features, labels, order, workers):
    options = {"batch_size": 4, "collate_fn": kata.Table.collate, "num_workers": workers}
    got = loader_output(kata.Table(features, labels), sampler=order, **options)
    return got | {"passes": [[tuple(batch) for batch in got["passes"][0]]]}


def after_overwriting(kata, features, labels, indices):
    """Fetch a batch between two others and overwrite it; return the table and all batches."""
    table = kata.Table(features, labels)
    before, overwritten, after = (batch_of(kata, table, rows) for rows in ([3, 1], indices, [2, 0]))
    for tensor in overwritten:
        tensor.fill_(77)
    return {
        "table": (features, labels),
        "before": before,
        "after": after,
        "again": batch_of(kata, table, indices),
    }


def random_table(generator, n=10):
    return torch.randn(n, 3, generator=generator), torch.randint(9, (n,), generator=generator)


def test_contract_map_style(submission, generator):
    """A table is a Dataset with a length and rows; a batch is a pair."""
    features, labels = random_table(generator)
    got = submission.run(structure, features, labels)
    require(
        got["is dataset"],
        _("Table must be a torch.utils.data.Dataset. Use that as its base class."),
    )
    require(
        got["len"] == 10,
        _("len(table) for features with 10 rows: expected 10, got {len}.", len=got["len"]),
    )
    require(
        isinstance(got["past"], str),
        _("table[n] must raise IndexError, because the last row is n - 1."),
    )
    same(got["row"], (features[1], labels[1]), what=_("`table[1]`"))
    require(
        got["batch"] == "pair",
        _("collate: expected a tuple or list of two tensors, got {type}.", type=got["batch"]),
    )


def test_contract_past_the_end(submission, generator):
    """A row number past the end raises an error, in a worker process too."""
    fault = _("Row 12 of a table with 10 rows was requested")
    loader_raises(submission, load, *random_table(generator), [3, 1, 12, 0], fault=fault)


def test_values_in_a_loader(submission, generator):
    """A DataLoader yields the same batches without worker processes and with two."""
    features, labels = random_table(generator)
    order = torch.randperm(10, generator=generator)
    batches = zip(features[order].split(4), labels[order].split(4), strict=True)
    loader_yields(submission, load, features, labels, order.tolist(), expected=list(batches))


def test_ops_one_indexing_op_per_tensor(submission, generator):
    """A batch takes one indexing op for each of the two tensors."""
    indices = torch.randint(300, (64,), generator=generator).tolist()
    ops = submission.measure(one_batch, *random_table(generator, 300), indices).ops
    copies = {name: ops.ops[name] for name in COPIES if name in ops.ops}
    views = {name: ops.views[name] for name in VIEWS if name in ops.views}
    require(
        sum(copies.values()) <= 2 and sum(views.values()) <= 4,  # allows a few views of results
        _(
            "Fetching 64 rows runs {ops}; the limit is one indexing op for features and one for "
            "labels. Index each tensor once, with all row numbers.",
            ops=", ".join(f"{count} x {name}" for name, count in {**copies, **views}.items()),
        ),
        ops=sum(copies.values()) + sum(views.values()),
    )


def test_purity_batches_do_not_share_memory(submission, reference, generator):
    """Writing to a batch changes neither the table nor another batch."""
    names = {
        "table": _("the table"),
        "before": _("the batch fetched before it"),
        "after": _("the batch fetched after it"),
        "again": _("the same batch, fetched again"),
    }
    for indices in ([5, 2], [4, 5, 6], [7], list(range(10))):
        arguments = *random_table(generator), indices
        got, expected = (
            subject.run(after_overwriting, *arguments) for subject in (submission, reference)
        )
        for key, name in names.items():
            require(
                all(map(torch.equal, got[key], expected[key])),
                _(
                    "Overwriting the batch of rows {indices} also changes {name}, because they "
                    "share memory. A training loop that scales a batch in place would corrupt "
                    "the data.",
                    indices=indices,
                    name=name,
                ),
            )
