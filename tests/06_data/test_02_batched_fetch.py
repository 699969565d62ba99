"""Grader of batched_fetch: batches with one indexing op, compared with stacking rows."""

import torch
from torch.utils.data import DataLoader, TensorDataset

from torchkata import (
    Case,
    DataCase,
    Dataset,
    Function,
    Spec,
    Speedup,
    _,
    arguments,
    at_most,
    integers,
    large_integers,
    none_of,
    normal,
    same,
    special,
    value,
)


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


def random_table(generator, n=10):
    return torch.randn(n, 3, generator=generator), torch.randint(9, (n,), generator=generator)


def ten_rows(_files, generator):
    table = random_table(generator)
    return table, list(zip(*table, strict=True))


def ten_precise_rows(_files, generator):
    features, labels = random_table(generator)
    table = features.double() / 3, labels
    return table, list(zip(*table, strict=True))


COPIES = ("index", "index_select", "gather", "take", "embedding", "masked_select")
VIEWS = ("select", "slice", "split", "unbind")
TABLE = {"features": normal("n d"), "labels": integers("n", 0, 10)}
SPEC = Spec(
    Dataset(
        "Table",
        cases=(
            DataCase("ten rows", ten_rows, "contract", workers=(0, 2)),
            DataCase("ten rows in float64", ten_precise_rows, "dtype"),
        ),
        collate=lambda kata: kata.Table.collate,
    ),
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
            Case("large table", n=70_000, d=1, b=20),
            Case(
                "nan, infinities and labels above 2**53",
                given=arguments(special("4 2"), large_integers("4", dtype=torch.int64), [3, 0, 3]),
            ),
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
    stub_digest="edea7cc9f9ee89b0",
    loads_data=True,
)
RULES = {
    "Writing to a batch": "purity[batches do not share memory]",
    "past the end": "contract[past the ends]",
}


def after_overwriting(kata, features, labels, indices):
    """Fetch a batch between two others and overwrite it; return what that changes."""
    table = kata.Table(features, labels)
    before, overwritten, after = (batch_of(kata, table, rows) for rows in ([3, 1], indices, [2, 0]))
    kept = {"table": (features, labels), "before": before, "after": after, "again": overwritten}
    copies = {part: [tensor.clone() for tensor in tensors] for part, tensors in kept.items()}
    for tensor in overwritten:
        tensor.fill_(77)
    kept["again"] = batch_of(kata, table, indices)
    return [part for part in kept if not all(map(torch.equal, kept[part], copies[part]))]


def test_ops_one_indexing_op_per_tensor(submission, reference, generator):
    """A batch takes one indexing op for each of the two tensors."""
    table, indices = random_table(generator, 300), torch.randint(300, (64,), generator=generator)
    measured = submission.measure(one_batch, *table, indices.tolist())
    same(measured.value, reference.run(one_batch, *table, indices.tolist()), what=_("the batch"))
    ops = measured.ops
    why = _("Index each tensor once, with all row numbers.")
    copies = sum(ops.ops.get(name, 0) for name in COPIES)
    at_most(copies, 2, what=_("Indexing ops for 64 rows"), why=why, metric="ops")
    views = sum(ops.views.get(name, 0) for name in VIEWS)  # a few views of results are allowed
    at_most(views, 4, what=_("Views for 64 rows"), why=why, metric="ops")


def test_purity_batches_do_not_share_memory(submission, generator):
    """Writing to a batch changes neither the table nor another batch."""
    names = {
        "table": _("the table"),
        "before": _("the batch fetched before it"),
        "after": _("the batch fetched after it"),
        "again": _("the same batch, fetched again"),
    }
    for indices in ([5, 2], [4, 5, 6], [7], list(range(10))):
        changed = submission.run(after_overwriting, *random_table(generator), indices)
        none_of(
            [names[part] for part in changed],
            what=_("What changes when the batch of rows {indices} is overwritten", indices=indices),
            why=_(
                "They share memory. A training loop that scales a batch in place would corrupt the "
                "data."
            ),
        )
