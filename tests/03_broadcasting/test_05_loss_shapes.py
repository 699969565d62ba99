"""Grader of loss_shapes: a mean squared error that [n, 1] against [n] does not fool."""

import torch

from torchkata import Case, Spec, Function, normal

BOTH_SHAPES = r"(?s)(?=.*[\[(]{}[\])])(?=.*[\[(]{}[\])])"


def number_by_number(yhat, y):
    pairs = list(zip(yhat.flatten().unbind(), y.flatten().unbind(), strict=True))
    return sum((p - t) ** 2 for p, t in pairs) / len(pairs)


def drawn(*shapes):
    def given(sizes, generator):
        return tuple(torch.randn(s, generator=generator).to(sizes.dtype) for s in shapes)

    return given


def refused(name, yhat, y):
    text = [", ".join(map(str, shape)) + ",?" for shape in (yhat, y)]
    match = BOTH_SHAPES.format(*text)
    return Case(name, given=drawn(yhat, y), raises=ValueError, match=match)


SPEC = Spec(
    Function(
        "mse",
        inputs={"yhat": normal("n 1"), "y": normal("n", mean=1.0)},
        naive=number_by_number,
        cases=(
            Case("one prediction", n=1),
            Case("two predictions", n=2),
            Case("column against vector", n=37),
            Case("vector against column", given=drawn((11,), (11, 1)), gradient=True),
            Case("two vectors", given=drawn((9,), (9,))),
            Case("two columns", given=drawn((8, 1), (8, 1))),
            refused("a column of 3 against a vector of 4", (3, 1), (4,)),
            refused("a vector of 6 against a column of 5", (6,), (5, 1)),
            refused("five predictions, one target", (5, 1), (1,)),
            refused("one prediction, two targets", (1, 1), (2,)),
        ),
    ),
    stub_digest="79d2ffad6a7d08e5",
    broken_axis="values",
)
