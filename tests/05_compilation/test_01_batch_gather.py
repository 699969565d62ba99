"""Grader of batch_gather: one indexing operation, compared with a loop over the items."""

import torch

from torchkata import Case, Function, Spec, Speedup, integers, normal


def item_loop(tensor, indices):
    selected = [item[i] for item, i in zip(tensor, indices, strict=True)]
    return (
        torch.stack(selected) if selected else tensor.new_empty(*indices.shape, *tensor.shape[2:])
    )


def of_shapes(shape, index_shape):
    def make(sizes, generator):
        n = shape[1]
        return (
            normal(" ".join(map(str, shape)))(sizes, generator),
            torch.randint(0, n, index_shape, generator=generator),
        )

    return make


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
            Case("no items", b=0, n=6, d=2, k=4),
            Case("many", b=16, n=20, d=8, k=7),
            Case("more positions than entries per item", b=3, n=4, d=2, k=30),
            Case("indices is a vector", given=of_shapes((7, 5, 3), (7,)), gradient=True),
            Case("indices is a vector of one", given=of_shapes((1, 5, 3), (1,))),
            Case("indices is an empty vector", given=of_shapes((0, 5, 3), (0,))),
            Case("no further dims", given=of_shapes((6, 5), (6, 4)), gradient=True),
            Case("indices is a vector, no further dims", given=of_shapes((6, 5), (6,))),
            Case("as many positions as items", given=of_shapes((4, 6, 3), (4, 4))),
            Case("three further dims", given=of_shapes((3, 5, 2, 1, 4), (3, 6))),
        ),
        dtypes=(torch.float32, torch.float64, torch.int64, torch.bool),
        gradient=("tensor",),
        budget=(Speedup(4, over=item_loop, at={"b": 64, "n": 50, "d": 8, "k": 12}),),
    ),
    stub_digest="5938f696100d841d",
)
