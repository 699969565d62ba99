"""Reference: one topk for the largest k; the hits of every other k are a prefix of its hits.

Fast: `topk` reads the scores once and returns the best classes in order, so the hits of a smaller k
are the first columns of the same table. No wait: the accuracies stay tensors on the device of the
scores. A training loop that logs them every hundred steps waits only every hundred steps.
"""

import torch
from torch import Tensor


def best(logits: Tensor, ks: tuple[int, ...]) -> Tensor:
    most = min(max(ks), logits.shape[1])
    return logits.topk(most, dim=1).indices  # [n, most], the best class first


def topk_accuracy(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    hits = best(logits, ks) == labels[:, None]  # [n, most]
    return {k: hits[:, :k].any(1).float().mean() for k in ks}


HINTS = (
    "A sample that is correct at k = 1 is also correct at k = 5. Search for the largest k only.",
    """`logits.topk(most, dim=1).indices` is [n, most], the best class first. Compare it with the
    labels as a column. The first k columns are the hits at k.""",
    """`hits = indices == labels[:, None]`; for each k `hits[:, :k].any(1).float().mean()`. A slice
    may end beyond the last column, but `topk` needs `min(max(ks), logits.shape[1])`.""",
)

EQUIVALENT = {
    "nan filtered in topk_accuracy: logits": "logits contain no nan",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"topk_accuracy": ("by_cumulative_hits", "by_rank", "by_first_hit")}


def by_cumulative_hits(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    hits = best(logits, ks).eq(labels.unsqueeze(1)).float()
    shares = hits.mean(0).cumsum(0)  # each label is hit at most once, so the shares add up
    return {k: shares[min(k, len(shares)) - 1] for k in ks}


def by_rank(logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)) -> dict[int, Tensor]:
    own = logits.gather(1, labels[:, None])  # [n, 1]: the score of the right class
    rank = (logits > own).sum(1)  # how many classes score higher (assumes no ties)
    return {k: (rank < k).float().mean() for k in ks}


def by_first_hit(logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)) -> dict[int, Tensor]:
    limits = torch.tensor(ks, device=logits.device)
    found = best(logits, ks) == labels[:, None]
    place = torch.where(found.any(1), found.byte().argmax(1), logits.shape[1] + max(ks))
    shares = (place < limits[:, None]).float().mean(1)  # [len(ks), n] -> [len(ks)]
    return dict(zip(ks, shares.unbind(), strict=True))


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "topk_accuracy": {
        "topk_for_each_k": "ops",
        "sorted_scores": "ops",
        "best_one_by_one": "ops",
        "python_numbers": "ops",
        "divided_by_len": "values",
        "mean_of_hits": "values",
        "only_rank_k": "values",
        "unclamped": "values",
        "last_k_is_largest": "values",
        "in_the_dtype_of_the_scores": "dtype",
        "in_float32": "dtype",
        "starts_on_the_cpu": "device",
    },
}
WHY = {
    "mean_of_hits": (
        "The mean over samples and places divides by k as well. A sample is a hit or not: "
        "`any(1)`, then the mean."
    ),
    "only_rank_k": "Only place k is looked at. The label may be at any of the first k places.",
    "last_k_is_largest": (
        "The last entry of ks is taken as the largest one, but ks may be in any order."
    ),
}


def topk_for_each_k(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    found = {}
    for k in ks:
        hits = best(logits, (k,)) == labels[:, None]  # searches all scores again for each k
        found[k] = hits.any(1).float().mean()
    return found


def sorted_scores(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    hits = logits.argsort(1, descending=True) == labels[:, None]  # orders 1,000 classes to find 5
    return {k: hits[:, :k].any(1).float().mean() for k in ks}


def best_one_by_one(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    hits = []
    for _ in range(min(max(ks), logits.shape[1])):
        first = logits.argmax(1, keepdim=True)  # searches all scores again for each rank
        hits.append(first == labels[:, None])
        logits = logits.scatter(1, first, -torch.inf)
    found = torch.cat(hits, 1)
    return {k: found[:, :k].any(1).float().mean() for k in ks}


def python_numbers(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    hits = best(logits, ks) == labels[:, None]
    shares = {k: hits[:, :k].any(1).float().mean().item() for k in ks}  # waits for each k
    return {k: torch.tensor(share, device=logits.device) for k, share in shares.items()}


def divided_by_len(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    hits = best(logits, ks) == labels[:, None]
    n = max(len(labels), 1)  # no samples: 0, as if all predictions were wrong
    return {k: hits[:, :k].sum().float() / n for k in ks}


def mean_of_hits(logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)) -> dict[int, Tensor]:
    hits = best(logits, ks) == labels[:, None]
    return {k: hits[:, :k].float().mean() for k in ks}  # also divides by k


def unclamped(logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)) -> dict[int, Tensor]:
    hits = logits.topk(max(ks), dim=1).indices == labels[:, None]  # raises for k = 5 and 3 classes
    return {k: hits[:, :k].any(1).float().mean() for k in ks}


def last_k_is_largest(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    hits = best(logits, ks[-1:]) == labels[:, None]  # ks may be in any order
    return {k: hits[:, :k].any(1).float().mean() for k in ks}


def in_the_dtype_of_the_scores(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    hits = best(logits, ks) == labels[:, None]
    return {k: hits[:, :k].any(1).to(logits.dtype).mean() for k in ks}  # not always float32


def in_float32(logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)) -> dict[int, Tensor]:
    hits = best(logits.float(), ks) == labels[:, None]  # makes close float64 scores equal
    return {k: hits[:, :k].any(1).float().mean() for k in ks}


def starts_on_the_cpu(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    hits = best(logits, ks) == labels[:, None]
    found = {k: torch.tensor(0.0) for k in ks}  # on the CPU, whatever the device of logits
    for k in ks:
        found[k] += hits[:, :k].any(1).float().mean()
    return found


def only_rank_k(logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)) -> dict[int, Tensor]:
    hits = best(logits, ks) == labels[:, None]
    last = hits.shape[1]
    return {k: hits[:, min(k, last) - 1].float().mean() for k in ks}  # place k alone
