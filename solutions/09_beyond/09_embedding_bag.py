"""Reference: one fused call that looks up, adds and divides.

Small: each row is added to the sum of its bag straight from the table. For the gradient, autograd
saves the indices and the lengths of the bags, but not the rows, because they are in the table.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


def bag_mean(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    return functional.embedding_bag(indices, weight, offsets, mode="mean")


HINTS = (
    "Each row is added to the sum of its bag. It does not have to be stored before that.",
    "PyTorch has one function for a lookup followed by a mean over each group of rows.",
    '`torch.nn.functional.embedding_bag(indices, weight, offsets, mode="mean")`.',
)

EQUIVALENT = {
    "swapped arguments in bag_mean: "
    'functional.embedding_bag(indices, weight, offsets, mode="mean") -> '
    'functional.embedding_bag(weight, indices, offsets, mode="mean")': (
        "PyTorch swaps them back: it also accepts its former order of the arguments"
    ),
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {
    "bag_mean": (
        "sums_over_lengths",
        "blocks_by_hand",
        "weighted_sum",
        "sparse_product",
    ),
}


def lengths_of(indices: Tensor, offsets: Tensor) -> Tensor:
    return torch.cat([offsets, offsets.new_tensor([len(indices)])]).diff()  # [b]


def bags_of(indices: Tensor, offsets: Tensor) -> Tensor:
    """Return the bag of each index: [n]."""
    numbers = torch.arange(len(offsets), device=offsets.device)
    return numbers.repeat_interleave(lengths_of(indices, offsets))


def sums_over_lengths(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    total = functional.embedding_bag(indices, weight, offsets, mode="sum")
    return total / lengths_of(indices, offsets).clamp(min=1)[:, None]


def weighted_sum(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    share = 1 / lengths_of(indices, offsets).to(weight.dtype)[bags_of(indices, offsets)]  # [n]
    return functional.embedding_bag(indices, weight, offsets, mode="sum", per_sample_weights=share)


def sparse_product(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    """Multiply a sparse matrix of weights [b, v], with n nonzero entries, by the table."""
    ends = torch.cat([offsets, offsets.new_tensor([len(indices)])])  # [b + 1]
    share = (1 / ends.diff().clamp(min=1).to(weight.dtype)).repeat_interleave(ends.diff())  # [n]
    return torch.sparse_csr_tensor(ends, indices, share, (len(offsets), len(weight))) @ weight


class BlockMeans(torch.autograd.Function):
    """Process 4,096 words at a time, so that only 4,096 rows are copied at once."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, indices: Tensor, bags: Tensor, lengths: Tensor) -> Tensor:
        ctx.rows = len(weight)
        ctx.save_for_backward(indices, bags, lengths)
        out = weight.new_zeros(len(lengths), weight.shape[1])
        for words, into in zip(indices.split(4096), bags.split(4096), strict=True):
            out.index_add_(0, into, weight[words])
        return out.div_(lengths[:, None])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        indices, bags, lengths = ctx.saved_tensors
        grad, out = grad / lengths[:, None], grad.new_zeros(ctx.rows, grad.shape[1])
        for words, into in zip(indices.split(4096), bags.split(4096), strict=True):
            out.index_add_(0, words, grad[into])
        return out, None, None, None


def blocks_by_hand(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    lengths = lengths_of(indices, offsets).clamp(min=1)
    return BlockMeans.apply(weight, indices, bags_of(indices, offsets), lengths)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "bag_mean": {
        "gather_and_add": "memory",
        "blocks_that_are_kept": "memory",
        "sums": "values",
        "empty_bags_are_nan": "values",
        "last_bag_left_out": "shape",
        "counts_words_once": "values",
        "loop_over_bags": "ops",
        "dense_product": "values",
        "new_layer": "gradient",
        "ends_on_the_cpu": "device",
    },
}
WHY = {
    "sums": "The results are the sums. Divide each by the number of entries in its bag.",
    "empty_bags_are_nan": "An empty bag is 0 / 0. Its mean is 0 here: divide by at least 1.",
    "counts_words_once": "A word that occurs twice in a bag is counted once.",
}


def gather_and_add(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    rows = weight[indices]  # [n, d]: this takes the memory
    total = weight.new_zeros(len(offsets), weight.shape[1])
    total = total.index_add(0, bags_of(indices, offsets), rows)
    return total / lengths_of(indices, offsets).clamp(min=1)[:, None]


def blocks_that_are_kept(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    # small without gradients; with them, autograd saves every block of rows for the product
    bags, lengths = bags_of(indices, offsets), lengths_of(indices, offsets).clamp(min=1)
    out = weight.new_zeros(len(offsets), weight.shape[1])
    share = (1 / lengths.to(weight.dtype)).requires_grad_(weight.requires_grad)
    for words, into in zip(indices.split(4096), bags.split(4096), strict=True):
        out = out.index_add(0, into, weight[words] * share[into][:, None])
    return out


def sums(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    return functional.embedding_bag(indices, weight, offsets, mode="sum")  # not divided


def empty_bags_are_nan(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    total = functional.embedding_bag(indices, weight, offsets, mode="sum")
    return total / lengths_of(indices, offsets)[:, None]  # an empty bag is 0 / 0


def last_bag_left_out(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    # with this flag, the last offset is read as the end, not as the start of a bag
    return functional.embedding_bag(
        indices, weight, offsets, mode="mean", include_last_offset=len(offsets) > 1
    )


def counts_words_once(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    named = weight.new_zeros(len(offsets), len(weight))  # [b, v], 1 if a bag contains a word
    named[bags_of(indices, offsets), indices] = 1  # a word that occurs twice counts once
    return named @ weight / lengths_of(indices, offsets).clamp(min=1)[:, None]


def new_layer(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    # the layer wraps the table in a new parameter, so the caller's table gets no gradient
    return nn.EmbeddingBag.from_pretrained(weight, freeze=False, mode="mean")(indices, offsets)


def ends_on_the_cpu(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    ends = torch.cat([offsets, torch.tensor([len(indices)])])  # one tensor is on the CPU
    total = functional.embedding_bag(indices, weight, offsets, mode="sum")
    return total / ends.diff().clamp(min=1)[:, None]


def loop_over_bags(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    bags = indices.tensor_split(offsets.cpu())[1:]  # views, but then a few ops for each bag
    means = [weight[bag].mean(0) if len(bag) else weight.new_zeros(weight.shape[1]) for bag in bags]
    return torch.stack(means) if means else weight.new_zeros(0, weight.shape[1])


def dense_product(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    pairs = bags_of(indices, offsets) * len(weight) + indices
    counts = torch.bincount(pairs, minlength=len(offsets) * len(weight)).to(weight.dtype)
    counts = counts.reshape(len(offsets), len(weight))  # 0 times a row of nan is nan
    return counts @ weight / lengths_of(indices, offsets).clamp(min=1)[:, None]
