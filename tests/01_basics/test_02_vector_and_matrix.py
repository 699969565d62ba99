"""Grader of vector_and_matrix: elementwise sum and matrix product, without a loop."""

import torch

from torchkata import (
    Case,
    Function,
    Memory,
    Ops,
    Spec,
    arguments,
    integers,
    large_integers,
    normal,
    special,
)


def entry_by_entry(x, y):
    out = torch.zeros_like(x)
    for i, (a, b) in enumerate(zip(x.flatten().tolist(), y.flatten().tolist(), strict=True)):
        out.view(-1)[i] = a + b
    return out


def dot_product_loop(x, y):
    rows = x.flatten(0, -2)
    out = x.new_zeros(rows.shape[0], y.shape[1])
    for i in range(rows.shape[0]):
        for j in range(y.shape[1]):
            out[i, j] = torch.dot(rows[i], y[:, j])
    return out.reshape(*x.shape[:-1], y.shape[1])


def of_shapes(*shapes):
    return arguments(*map(normal, shapes))


def product_of_stack(kata, x, y):
    return kata.product(x, y)


INT64 = torch.int64
DTYPES = (torch.float32, torch.float64, torch.int64, torch.int32)

SPEC = Spec(
    Function(
        "add",
        inputs={"x": normal("a b"), "y": normal("a b")},
        naive=entry_by_entry,
        cases=(
            Case("0-d tensors", given=of_shapes("", "")),
            Case("one element", a=1, b=1),
            Case("no rows", a=0, b=3),
            Case("vectors", given=of_shapes("n", "n"), n=7),
            Case("matrices", a=9, b=5),
            Case("three dims", given=of_shapes("a b c", "a b c"), a=2, b=1, c=4),
            Case("7,000 rows", a=7000, b=3),
            Case("nan and infinity", given=arguments(special("n"), normal("n")), n=7),
            Case(
                "integers above 2^53",
                given=arguments(large_integers("n", dtype=INT64), integers("n", -9, 9)),
                why="A float holds 24 or 53 bits: integers must stay integers.",
                n=7,
            ),
        ),
        dtypes=DTYPES,
        no_loop=("a", "b"),
    ),
    Function(
        "product",
        inputs={"x": normal("n k"), "y": normal("k m")},
        naive=dot_product_loop,
        cases=(
            Case("one element", n=1, k=1, m=1),
            Case("one row", n=1, k=5, m=3),
            Case("one column", n=4, k=5, m=1),
            Case("row times column", n=1, k=6, m=1),
            Case("column times row", n=4, k=1, m=3),
            Case("inner size 0", n=2, k=0, m=3),
            Case("no rows", n=0, k=4, m=3),
            Case("square", n=4, k=4, m=4),
            Case("not square", n=9, k=17, m=11),
            Case("1,100 rows", n=1100, k=5, m=4),
            Case("1,100 terms", n=5, k=1100, m=4),
            Case("nan and infinity", given=arguments(special("n k"), normal("k m")), n=7, k=2, m=3),
            Case(
                "integers above 2^53",
                given=arguments(large_integers("n k", dtype=INT64), integers("k m", -1, 2)),
                n=3,
                k=4,
                m=2,
            ),
        ),
        dtypes=DTYPES,
        no_loop=("n", "k", "m"),
        budget=(
            Memory(
                "2 * output",
                at={"n": 32, "k": 48, "m": 24},
                slack="`torch.addmm` adds the product to zeros, which are created first.",
            ),
            Ops(2, slack="`torch.addmm` adds the product to zeros, which are created first."),
        ),
    ),
    Function(
        "product of a stack",
        adapter=product_of_stack,
        inputs={"x": normal("b n k"), "y": normal("k m")},
        naive=dot_product_loop,
        cases=(
            Case("a stack", b=3, n=4, k=5, m=2),
            Case("a stack of one", b=1, n=3, k=3, m=3),
            Case("an empty stack", b=0, n=3, k=2, m=4),
            Case("a stack of stacks", given=of_shapes("a b n k", "k m"), a=2, b=3, n=1, k=4, m=5),
        ),
        dtypes=DTYPES,
        square=False,
        no_loop=("b", "n", "m"),
    ),
    stub_digest="7dbd42927e80f5e4",
)
