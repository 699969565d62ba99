"""Grader of loss_shapes: a mean squared error that is right for [n, 1] against [n], too."""

from torch import inf, nan

from torchkata import Case, Function, Memory, Scale, Spec, _, arguments, normal, special

BOTH_SHAPES = r"(?s)(?=.*[\[(]{}[\])])(?=.*[\[(]{}[\])])"


def number_by_number(yhat, y):
    pairs = list(zip(yhat.flatten().unbind(), y.flatten().unbind(), strict=True))
    return sum((p - t) ** 2 for p, t in pairs) / len(pairs)


def perfect(sizes, generator):
    yhat = normal("6 1")(sizes, generator)
    return yhat, yhat.flatten()


def infinite_prediction_and_target(sizes, generator):
    """Make the same infinity in both, whose difference is nan."""
    yhat = special("6 1", values=(inf,))(sizes, generator)
    return yhat, yhat.flatten()


def mismatch(name, yhat, y):
    text = [", ".join(shape.split()) + ",?" for shape in (yhat, y)]
    match = BOTH_SHAPES.format(*text)
    return Case(name, given=arguments(normal(yhat), normal(y)), raises=ValueError, match=match)


SPEC = Spec(
    Function(
        "mse",
        inputs={"yhat": normal("n 1"), "y": normal("n", mean=1.0)},
        naive=number_by_number,
        cases=(
            Case("one prediction", n=1),
            Case("two predictions", n=2),
            Case("column against vector", n=37),
            Case(
                "vector against column",
                given=arguments(normal("11"), normal("11 1")),
                gradient=True,
            ),
            Case("two vectors", given=arguments(normal("9"), normal("9"))),
            Case("two columns", given=arguments(normal("8 1"), normal("8 1"))),
            Case("perfect predictions", given=perfect, gradient=True),
            Case("21,000 predictions", n=21000),
            Case("a nan", given=arguments(special("7 1"), normal("7"))),
            Case("a nan in y", given=arguments(normal("7 1"), special("7", values=(nan,)))),
            Case("inf in both", given=infinite_prediction_and_target),
            mismatch("a column of 3 against a vector of 4", "3 1", "4"),
            mismatch("a vector of 6 against a column of 5", "6", "5 1"),
            mismatch("five predictions, one target", "5 1", "1"),
            mismatch("one prediction, two targets", "1 1", "2"),
        ),
        no_loop=("n",),
        scale=Scale(_("predictions for a hundred million rows"), n=100_000_000),
        budget=(Memory("1.5 * input", at={"n": 1000}),),
    ),
    stub_digest="e8aba11d64733b0f",
    broken_axis="values",
)
