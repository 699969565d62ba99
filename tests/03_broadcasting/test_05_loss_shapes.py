"""Grader of loss_shapes: a mean squared error that is right for [n, 1] against [n], too."""

import torch

from torchkata import Case, Function, Spec, normal

BOTH_SHAPES = r"(?s)(?=.*[\[(]{}[\])])(?=.*[\[(]{}[\])])"


def number_by_number(yhat, y):
    pairs = list(zip(yhat.flatten().unbind(), y.flatten().unbind(), strict=True))
    return sum((p - t) ** 2 for p, t in pairs) / len(pairs)


def of_shapes(*shapes):
    return lambda sizes, generator: tuple(
        torch.randn(shape, generator=generator).to(sizes.dtype) for shape in shapes
    )


def mismatch(name, yhat, y):
    text = [", ".join(map(str, shape)) + ",?" for shape in (yhat, y)]
    match = BOTH_SHAPES.format(*text)
    return Case(name, given=of_shapes(yhat, y), raises=ValueError, match=match)


SPEC = Spec(
    Function(
        "mse",
        inputs={"yhat": normal("n 1"), "y": normal("n", mean=1.0)},
        naive=number_by_number,
        cases=(
            Case("one prediction", n=1),
            Case("two predictions", n=2),
            Case("column against vector", n=37),
            Case("vector against column", given=of_shapes((11,), (11, 1)), gradient=True),
            Case("two vectors", given=of_shapes((9,), (9,))),
            Case("two columns", given=of_shapes((8, 1), (8, 1))),
            mismatch("a column of 3 against a vector of 4", (3, 1), (4,)),
            mismatch("a vector of 6 against a column of 5", (6,), (5, 1)),
            mismatch("five predictions, one target", (5, 1), (1,)),
            mismatch("one prediction, two targets", (1, 1), (2,)),
        ),
    ),
    stub_digest="79d2ffad6a7d08e5",
    broken_axis="values",
)
