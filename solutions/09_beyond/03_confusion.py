"""Reference: number the pairs row by row, and count the numbers.

Fast: three passes over n labels, whatever the number of classes. Small: [n] for the pair numbers
and [classes * classes] for the counts, while the popular one-hot tables are [n, classes].
`torch.bincount` first looks for the largest number, so it makes the CPU wait once on a GPU. To
avoid that, use `index_add_` or a similar op on zeros.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot


def confusion(predicted: Tensor, actual: Tensor, classes: int) -> Tensor:
    pairs = actual * classes + predicted  # [n]
    return torch.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


HINTS = (
    "Two labels form a pair. Give every pair its own number, and count the numbers.",
    """In a table stored row by row, entry [a, p] has the number a * classes + p. `torch.bincount`
    counts how often each number occurs. How does it know about numbers that never occur?""",
    """`torch.bincount(actual * classes + predicted, minlength=classes**2)`, then
    `.reshape(classes, classes)`.""",
)

EQUIVALENT = {
    "int16 detour in confusion: predicted": "labels above 32,767 need a table of 8 GiB",
    "float32 detour in confusion: actual": "labels above 2**24 need a table of 2 PiB",
    "int16 detour in confusion: actual": "labels above 32,767 need a table of 8 GiB",
    "float32 detour in confusion: predicted": "labels above 2**24 need a table of 2 PiB",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"confusion": ("by_index_put", "by_scatter", "by_index_add")}


def by_index_put(predicted: Tensor, actual: Tensor, classes: int) -> Tensor:
    table = actual.new_zeros(classes, classes)
    return table.index_put_((actual, predicted), table.new_ones(()), accumulate=True)


def by_scatter(predicted: Tensor, actual: Tensor, classes: int) -> Tensor:
    pairs = torch.add(predicted, actual, alpha=classes)
    one = pairs.new_ones(()).expand_as(pairs)  # [n], a view of one number
    return pairs.new_zeros(classes * classes).scatter_add_(0, pairs, one).view(classes, -1)


def by_index_add(predicted: Tensor, actual: Tensor, classes: int) -> Tensor:
    counts = torch.zeros(classes * classes, dtype=torch.int64, device=actual.device)
    counts.index_add_(0, actual * classes + predicted, torch.ones_like(actual))
    return counts.unflatten(0, (classes, classes))


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "confusion": {
        "one_hot_product": "memory",
        "rows_and_columns_swapped": "values",
        "written_once": "values",
        "without_minlength": "shape",
        "counted_in_floats": "dtype",
        "loop_over_samples": "speed",
        "mask_per_pair": "speed",
        "row_per_class": "ops",
        "counted_in_int16": "values",
        "by_numpy": "memory",
        "numbered_in_place": "purity",
        "table_on_the_cpu": "device",
    },
}
WHY = {
    "rows_and_columns_swapped": (
        "Rows and columns are swapped: row a is for samples whose actual class is a."
    ),
}


def one_hot_product(predicted: Tensor, actual: Tensor, classes: int) -> Tensor:
    return one_hot(actual, classes).T @ one_hot(predicted, classes)  # two tables of [n, classes]


def rows_and_columns_swapped(predicted: Tensor, actual: Tensor, classes: int) -> Tensor:
    pairs = predicted * classes + actual  # the convention of some other libraries
    return torch.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def written_once(predicted: Tensor, actual: Tensor, classes: int) -> Tensor:
    table = actual.new_zeros(classes, classes)
    table[actual, predicted] += 1  # a pair that occurs twice is counted once
    return table


def without_minlength(predicted: Tensor, actual: Tensor, classes: int) -> Tensor:
    counts = torch.bincount(actual * classes + predicted)  # ends at the largest pair that occurs
    return counts.reshape(-1, classes) if len(counts) % classes == 0 else counts


def counted_in_floats(predicted: Tensor, actual: Tensor, classes: int) -> Tensor:
    counts = torch.zeros(classes * classes, device=actual.device)
    one = torch.ones(len(actual), device=actual.device)
    counts.index_add_(0, actual * classes + predicted, one)  # float32 cannot count past 2**24
    return counts.reshape(classes, classes)


def loop_over_samples(predicted: Tensor, actual: Tensor, classes: int) -> Tensor:
    table = actual.new_zeros(classes, classes)
    for a, p in zip(actual.tolist(), predicted.tolist(), strict=True):  # several ops per sample
        table[a, p] += 1
    return table


def mask_per_pair(predicted: Tensor, actual: Tensor, classes: int) -> Tensor:
    right = [actual == c for c in range(classes)]
    guessed = [predicted == c for c in range(classes)]
    counts = [(a & p).sum() for a in right for p in guessed]  # classes**2 passes over the samples
    return torch.stack(counts).reshape(classes, classes)


def row_per_class(predicted: Tensor, actual: Tensor, classes: int) -> Tensor:
    rows = [torch.bincount(predicted[actual == c], minlength=classes) for c in range(classes)]
    return torch.stack(rows)  # reads all labels once for each class


def counted_in_int16(predicted: Tensor, actual: Tensor, classes: int) -> Tensor:
    table = actual.new_zeros(classes, classes, dtype=torch.int16)  # cannot count past 32,767
    return table.index_put_((actual, predicted), table.new_ones(()), accumulate=True).long()


def by_numpy(predicted: Tensor, actual: Tensor, classes: int) -> Tensor:
    # The memory that NumPy takes is not counted.
    pairs = (actual * classes + predicted).cpu().numpy()
    counts = np.bincount(pairs, minlength=classes * classes)
    return torch.from_numpy(counts).to(actual.device).reshape(classes, classes)


def numbered_in_place(predicted: Tensor, actual: Tensor, classes: int) -> Tensor:
    pairs = actual.mul_(classes).add_(predicted)  # saves a copy, but overwrites the caller's labels
    return torch.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def table_on_the_cpu(predicted: Tensor, actual: Tensor, classes: int) -> Tensor:
    table = torch.zeros(classes, classes, dtype=torch.int64)  # default device
    return table.index_put_((actual, predicted), torch.tensor(1), accumulate=True)
