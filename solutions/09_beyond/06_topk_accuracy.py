"""Reference: one topk for the largest k, and a prefix of its hits for every other one.

Fast: `topk` reads the scores once and returns the best in order, so the hits of a smaller k are the
first columns of the same table. No wait: the shares stay tensors on the device of the scores; a
training loop that logs them every hundred steps then waits every hundred steps.
"""

import torch
from torch import Tensor

HINTS = (
    "Who is right at k = 1 is also right at k = 5. Look up the best of the largest k only.",
    """`logits.topk(most, dim=1).indices` is [n, most], the best class first; compare it with the
    labels as a column. The hits at k are in its first k columns.""",
    """`hits = indices == labels[:, None]`; for each k `hits[:, :k].any(1).float().mean()`. A slice
    beyond the last column is no error, but `topk` needs `min(max(ks), logits.shape[1])`.""",
)

TRAPS = {
    "topk_accuracy": {
        "topk_for_each_k": "ops",
        "sorted_scores": "ops",
        "best_one_by_one": "ops",
        "python_numbers": "ops",
        "divided_by_len": "values",
        "mean_of_hits": "values",
        "unclamped": "values",
        "last_k_is_largest": "values",
        "in_the_dtype_of_the_scores": "dtype",
        "starts_on_the_cpu": "device",
    },
}

ALTERNATIVES = {"topk_accuracy": ("by_cumulative_hits", "by_rank", "by_first_hit")}


def topk_accuracy(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    hits = best(logits, ks) == labels[:, None]  # [n, most]
    return {k: hits[:, :k].any(1).float().mean() for k in ks}


def best(logits: Tensor, ks: tuple[int, ...]) -> Tensor:
    most = min(max(ks), logits.shape[1])
    return logits.topk(most, dim=1).indices  # [n, most], the best class first


def by_cumulative_hits(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    hits = best(logits, ks).eq(labels.unsqueeze(1)).float()
    shares = hits.mean(0).cumsum(0)  # each label is hit once at most, so the shares add up
    return {k: shares[min(k, len(shares)) - 1] for k in ks}


def by_rank(logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)) -> dict[int, Tensor]:
    own = logits.gather(1, labels[:, None])  # [n, 1]: the score of the right class
    rank = (logits > own).sum(1)  # how many classes score higher; equal scores go unnoticed
    return {k: (rank < k).float().mean() for k in ks}


def by_first_hit(logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)) -> dict[int, Tensor]:
    limits = torch.tensor(ks, device=logits.device)
    found = best(logits, ks) == labels[:, None]
    place = torch.where(found.any(1), found.byte().argmax(1), logits.shape[1] + max(ks))
    shares = (place < limits[:, None]).float().mean(1)  # [len(ks), n] -> [len(ks)]
    return dict(zip(ks, shares.unbind(), strict=True))


def topk_for_each_k(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    found = {}
    for k in ks:
        hits = best(logits, (k,)) == labels[:, None]  # all scores are searched again
        found[k] = hits.any(1).float().mean()
    return found


def sorted_scores(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    hits = logits.argsort(1, descending=True) == labels[:, None]  # orders 1,000 to know 5
    return {k: hits[:, :k].any(1).float().mean() for k in ks}


def best_one_by_one(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    hits = []
    for _ in range(min(max(ks), logits.shape[1])):
        first = logits.argmax(1, keepdim=True)  # all scores are searched for each place
        hits.append(first == labels[:, None])
        logits = logits.scatter(1, first, -torch.inf)
    found = torch.cat(hits, 1)
    return {k: found[:, :k].any(1).float().mean() for k in ks}


def python_numbers(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    hits = best(logits, ks) == labels[:, None]
    shares = {k: hits[:, :k].any(1).float().mean().item() for k in ks}  # waits once for each k
    return {k: torch.tensor(share, device=logits.device) for k, share in shares.items()}


def divided_by_len(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    hits = best(logits, ks) == labels[:, None]
    n = max(len(labels), 1)  # so that no samples give 0: as if all of them were wrong
    return {k: hits[:, :k].sum().float() / n for k in ks}


def mean_of_hits(logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)) -> dict[int, Tensor]:
    hits = best(logits, ks) == labels[:, None]
    return {k: hits[:, :k].float().mean() for k in ks}  # also divides by k


def unclamped(logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)) -> dict[int, Tensor]:
    hits = logits.topk(max(ks), dim=1).indices == labels[:, None]  # k = 5 of 3 classes?
    return {k: hits[:, :k].any(1).float().mean() for k in ks}


def last_k_is_largest(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    hits = best(logits, ks[-1:]) == labels[:, None]  # the order of ks is the caller's
    return {k: hits[:, :k].any(1).float().mean() for k in ks}


def in_the_dtype_of_the_scores(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    hits = best(logits, ks) == labels[:, None]
    return {k: hits[:, :k].any(1).to(logits.dtype).mean() for k in ks}


def starts_on_the_cpu(
    logits: Tensor, labels: Tensor, ks: tuple[int, ...] = (1, 5)
) -> dict[int, Tensor]:
    hits = best(logits, ks) == labels[:, None]
    found = {k: torch.tensor(0.0) for k in ks}
    for k in ks:
        found[k] += hits[:, :k].any(1).float().mean()
    return found
