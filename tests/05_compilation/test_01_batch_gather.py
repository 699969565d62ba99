"""Grader of batch_gather: a few ops, whatever the sizes, instead of a loop over the items."""

import torch

from torchkata import (
    Case,
    Function,
    Memory,
    NoDeviceNames,
    Ops,
    Scale,
    Spec,
    _,
    arguments,
    integers,
    large_integers,
    normal,
    special,
)


def item_loop(tensor, indices):
    return torch.stack([item[i] for item, i in zip(tensor, indices, strict=True)])


def of_shapes(shape, index_shape):
    return arguments(normal(shape), integers(index_shape, 0, shape.split()[1]))


TIMED = {"b": 64, "n": 50, "d": 8, "k": 12}
SPEC = Spec(
    Function(
        "batch_gather",
        inputs={"tensor": normal("b n d"), "indices": integers("b k", 0, "n")},
        naive=item_loop,
        cases=(
            Case("all sizes 1", b=1, n=1, d=1, k=1),
            Case("one item", b=1, n=6, d=3, k=4),
            Case("one position per item", b=5, n=6, d=3, k=1),
            Case("no positions", b=3, n=6, d=2, k=0),
            Case("many", b=16, n=20, d=8, k=7),
            Case("more positions than entries per item", b=3, n=4, d=2, k=30),
            Case("many items", b=5000, n=3, d=1, k=2),
            Case("long items", b=2, n=70_000, d=1, k=20),
            Case("indices is a vector", given=of_shapes("7 5 3", "7"), gradient=True),
            Case("indices is a vector of one", given=of_shapes("1 5 3", "1")),
            Case("no further dims", given=of_shapes("6 5", "6 4"), gradient=True),
            Case("no further dims, all sizes equal", given=of_shapes("5 5", "5 5")),
            Case("indices is a vector, no further dims", given=of_shapes("6 5", "6")),
            Case("as many positions as items", given=of_shapes("4 6 3", "4 4")),
            Case("three further dims", given=of_shapes("3 5 2 1 4", "3 6")),
            Case(
                "nan and infinities",
                given=arguments(special("2 4 2", dtype=torch.float32), integers("2 9", 0, 4)),
            ),
            Case(
                "integers above 2**53",
                given=arguments(large_integers("2 4", dtype=torch.int64), integers("2 9", 0, 4)),
            ),
        ),
        dtypes=(torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.bool),
        gradient=("tensor",),
        no_loop=("b", "k"),
        scale=Scale(
            _("the best 100 of 10,000 candidates for 1,024 queries"), b=1_024, n=10_000, d=64, k=100
        ),
        budget=(
            Ops(8, slack="Indexing in the flat rows takes 5 ops, and conversions add a few."),
            Memory("4 * output", at=TIMED, slack="The index of gather may have 8 bytes per entry."),
        ),
    ),
    source_rules=(NoDeviceNames(),),
    stub_digest="6cc7879b6396f742",
)
RULES = {"Name no device": "contract[no device by name]"}
