"""Grader of confusion: pairs counted in one pass, without a loop or one-hot tables."""

import torch

from torchkata import Case, Function, Memory, Spec, Speedup, integers, value


def loop_over_samples(predicted, actual, classes):
    table = torch.zeros(classes, classes, dtype=torch.int64)
    for i in range(len(actual)):
        table[actual[i], predicted[i]] += 1
    return table


def constant_prediction(sizes, generator):
    """Predict the same class for all samples; the last classes do not occur."""
    actual = torch.randint(0, sizes.classes // 2, (sizes.n,), generator=generator)
    return torch.ones_like(actual), actual, sizes.classes


RULES = {
    "No Python loop": ("ops[no loop over n]", "ops[no loop over classes]"),
    "Host synchronization is allowed": "memory",
}
VECTORS = "A few more vectors of n numbers are fine, but not a one-hot table."
TEN, HUNDRED = {"n": 10_000, "classes": 10}, {"n": 10_000, "classes": 100}
SPEC = Spec(
    Function(
        "confusion",
        inputs={
            "predicted": integers("n", 0, "classes"),
            "actual": integers("n", 0, "classes"),
            "classes": value("classes"),
        },
        naive=loop_over_samples,
        cases=(
            Case("one sample", n=1, classes=1),
            Case("one class", n=5, classes=1),
            Case("no samples", n=0, classes=3),
            Case("few samples", n=3, classes=9),
            Case("constant prediction", given=constant_prediction, n=60, classes=6),
            Case("many samples", n=700, classes=4),
            Case("300 classes", n=900, classes=300),
            Case("70,000 samples of one pair", given=constant_prediction, n=70_000, classes=2),
        ),
        dtypes=(torch.int64,),
        budget=(
            Memory("4 * n * classes", at=TEN, slack=VECTORS),
            Memory("4 * n * classes", at=HUNDRED, slack=VECTORS),
            Speedup(50, over=loop_over_samples, at=TEN),
            Speedup(50, over=loop_over_samples, at=HUNDRED),
        ),
        gradient=False,
        no_loop=("n", "classes"),
        variant_case="many samples",
    ),
    stub_digest="fabb499d18f62920",
)
