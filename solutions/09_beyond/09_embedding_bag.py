"""Reference: one fused call that looks up, adds and divides.

Small: each row goes from the table straight into the sum of its bag. For the gradient it holds the
indices and the lengths of the bags; the rows themselves are in the table already.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

HINTS = (
    "A row has to be added to its bag's sum; it need not be kept anywhere on the way.",
    "A lookup, followed by a mean over groups of rows, has a name of its own in PyTorch.",
    '`torch.nn.functional.embedding_bag(indices, weight, offsets, mode="mean")`.',
)

TRAPS = {
    "bag_mean": {
        "gather_and_add": "memory",
        "blocks_that_are_kept": "memory",
        "sums": "values",
        "empty_bags_are_nan": "values",
        "last_bag_left_out": "shape",
        "counts_words_once": "values",
        "layer_of_its_own": "gradient",
        "ends_on_the_cpu": "device",
    },
}

ALTERNATIVES = {
    "bag_mean": (
        "sums_over_lengths",
        "blocks_by_hand",
        "weighted_sum",
        "sparse_product",
    ),
}


def bag_mean(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    return functional.embedding_bag(indices, weight, offsets, mode="mean")


def lengths_of(indices: Tensor, offsets: Tensor) -> Tensor:
    return torch.cat([offsets, offsets.new_tensor([len(indices)])]).diff()  # [b]


def bags_of(indices: Tensor, offsets: Tensor) -> Tensor:
    """The bag of each index: [n]."""
    numbers = torch.arange(len(offsets), device=offsets.device)
    return numbers.repeat_interleave(lengths_of(indices, offsets))


def sums_over_lengths(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    total = functional.embedding_bag(indices, weight, offsets, mode="sum")
    return total / lengths_of(indices, offsets).clamp(min=1)[:, None]


def weighted_sum(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    share = 1 / lengths_of(indices, offsets).to(weight.dtype)[bags_of(indices, offsets)]  # [n]
    return functional.embedding_bag(indices, weight, offsets, mode="sum", per_sample_weights=share)


def sparse_product(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    """A table of shares, [b, v], of which only the n entries that are not zero are kept."""
    ends = torch.cat([offsets, offsets.new_tensor([len(indices)])])  # [b + 1]
    share = (1 / ends.diff().clamp(min=1).to(weight.dtype)).repeat_interleave(ends.diff())  # [n]
    return torch.sparse_csr_tensor(ends, indices, share, (len(offsets), len(weight))) @ weight


class BlockMeans(torch.autograd.Function):
    """Blocks of 4,096 words each way, so that no more rows than that are there at once."""

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


def gather_and_add(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    rows = weight[indices]  # [n, d]: this is what costs
    total = weight.new_zeros(len(offsets), weight.shape[1])
    total = total.index_add(0, bags_of(indices, offsets), rows)
    return total / lengths_of(indices, offsets).clamp(min=1)[:, None]


def blocks_that_are_kept(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    # small without gradients; with them the product remembers every block that was looked up
    bags, lengths = bags_of(indices, offsets), lengths_of(indices, offsets).clamp(min=1)
    out = weight.new_zeros(len(offsets), weight.shape[1])
    share = (1 / lengths.to(weight.dtype)).requires_grad_(weight.requires_grad)
    for words, into in zip(indices.split(4096), bags.split(4096), strict=True):
        out = out.index_add(0, into, weight[words] * share[into][:, None])
    return out


def sums(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    return functional.embedding_bag(indices, weight, offsets, mode="sum")


def empty_bags_are_nan(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    total = functional.embedding_bag(indices, weight, offsets, mode="sum")
    return total / lengths_of(indices, offsets)[:, None]  # 0 / 0


def last_bag_left_out(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    # offsets would need one more entry, n, for this switch
    return functional.embedding_bag(
        indices, weight, offsets, mode="mean", include_last_offset=len(offsets) > 1
    )


def counts_words_once(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    named = weight.new_zeros(len(offsets), len(weight))  # [b, v], 1 where a bag names a word
    named[bags_of(indices, offsets), indices] = 1  # the second time changes nothing
    return named @ weight / lengths_of(indices, offsets).clamp(min=1)[:, None]


def layer_of_its_own(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    # the layer wraps the table into a new parameter: training moves that one, not the caller's
    return nn.EmbeddingBag.from_pretrained(weight, freeze=False, mode="mean")(indices, offsets)


def ends_on_the_cpu(weight: Tensor, indices: Tensor, offsets: Tensor) -> Tensor:
    ends = torch.cat([offsets, torch.tensor([len(indices)])])  # two devices in one cat
    total = functional.embedding_bag(indices, weight, offsets, mode="sum")
    return total / ends.diff().clamp(min=1)[:, None]
