"""Reference: the library's fused attention, called with 4-dimensional inputs.

Small: the fused kernel processes blocks of keys. For each query it keeps the largest score so far
and sums relative to it, so it never stores all scores. With 2 or 3 dimensions, the same call takes
another path, which stores the scores (and, with `is_causal`, a mask and another copy). Extra memory
on the CPU, in multiples of the 1024 x 1024 scores:

    [1024, 64]         2.06, causal 3.06
    [1, 1024, 64]      2.06, causal 3.06
    [1, 1, 1024, 64]   0.06, causal 0.06
"""

# ruff: noqa: FBT001, FBT002 - the exercise fixes the signature

import math

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention


def attention(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    heads = [x.reshape(1, math.prod(x.shape[:-2]), *x.shape[-2:]) for x in (q, k, v)]
    # [..., n, d] -> [1, h, n, d] -> [..., n, d]
    return scaled_dot_product_attention(*heads, is_causal=causal).reshape(q.shape)


HINTS = (
    "Each query needs only its own row of scores. Do all rows have to exist at the same time?",
    "Process blocks of queries, or use the library's fused call with exactly 4 dimensions.",
    "`scaled_dot_product_attention(q, k, v, is_causal=causal)`, reshaped to [1, h, n, d] and back.",
)

EQUIVALENT = {
    "nan filtered in attention: q": "q is finite",
    "nan filtered in attention: k": "k is finite",
    "nan filtered in attention: v": "v is finite",
    "infinity limited in attention: q": "q is finite",
    "infinity limited in attention: k": "k is finite",
    "infinity limited in attention: v": "v is finite",
    "method in attention: scaled_dot_product_attention(*heads, is_causal=causal).reshape -> "
    "scaled_dot_product_attention(*heads, is_causal=causal).view": (
        "the result of the library call is contiguous"
    ),
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"attention": ("blocks_of_queries", "blocks_of_keys", "folded_into_heads")}


def folded_into_heads(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    q4, k4, v4 = (x[None, None] if x.dim() == 2 else x.flatten(0, -3)[:, None] for x in (q, k, v))
    return scaled_dot_product_attention(q4, k4, v4, is_causal=causal).view_as(q)


def blocks_of_queries(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    keys, out = torch.arange(k.shape[-2], device=q.device), []
    for start in range(0, q.shape[-2], 64):
        block = q[..., start : start + 64, :]
        scores = block @ k.mT / math.sqrt(q.shape[-1])  # [..., 64, m], freed after this block
        if causal:
            rows = torch.arange(start, start + block.shape[-2], device=q.device)
            scores = scores.masked_fill(keys > rows[:, None], -math.inf)
        out.append(scores.softmax(-1) @ v)
    return torch.cat(out, -2) if out else q * 1


def blocks_of_keys(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    """Keep the largest score so far and sums relative to it, as the fused kernel does."""
    q = q / math.sqrt(q.shape[-1])
    most = q.new_full((*q.shape[:-1], 1), -math.inf)
    total, out = torch.zeros_like(most), torch.zeros_like(q)
    rows = torch.arange(q.shape[-2], device=q.device)[:, None]
    for start in range(0, k.shape[-2], 64):
        scores = q @ k[..., start : start + 64, :].mT  # [..., n, 64]
        if causal:
            keys = torch.arange(start, start + scores.shape[-1], device=q.device)
            scores = scores.masked_fill(keys > rows, -math.inf)
        higher = torch.maximum(most, scores.detach().amax(-1, keepdim=True))
        weights, shrink = (scores - higher).exp(), (most - higher).exp()
        total = total * shrink + weights.sum(-1, keepdim=True)
        out = out * shrink + weights @ v[..., start : start + 64, :]
        most = higher
    return out / total


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "attention": {
        "library_as_it_is": "memory",
        "table_of_scores": "memory",
        "table_in_place": "memory",
        "unscaled": "values",
        "scaled_by_keys": "values",
        "softmax_over_queries": "values",
        "aligned_at_the_end": "values",
        "hidden_after_the_softmax": "values",
        "exp_without_maximum": "stability",
        "hidden_by_a_small_number": "stability",
        "through_float32": "dtype",
        "transposed_if_square": "values",
        "last_512_keys": "memory",
    },
}
WHY = {
    "unscaled": "The scores are not divided by sqrt(d).",
    "scaled_by_keys": (
        "The scores are divided by sqrt(m), the root of the number of keys. The scale is sqrt(d), "
        "of the size of a query."
    ),
    "softmax_over_queries": (
        "The softmax runs over the queries. The weights of each query must sum to 1 over the "
        "keys, dim -1."
    ),
    "aligned_at_the_end": (
        "The triangle ends at the last key. It has to start at the first one: query i sees the "
        "keys 0 to i."
    ),
    "hidden_after_the_softmax": (
        "The hidden keys still count in the sum of the softmax, so the weights sum to less than 1."
    ),
}


def scored(
    q: Tensor,
    k: Tensor,
    causal: bool,
    scale: float,
    diagonal: int = 0,
    hidden: float = -math.inf,
) -> Tensor:
    scores = q @ k.mT * scale  # [..., n, m]: this takes the memory
    if causal:
        seen = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).tril(diagonal)
        scores = scores.masked_fill(~seen, hidden)
    return scores


def library_as_it_is(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    # stores all scores for 2 or 3 dimensions
    return scaled_dot_product_attention(q, k, v, is_causal=causal)


def table_of_scores(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    return scored(q, k, causal, q.shape[-1] ** -0.5).softmax(-1) @ v  # two tables of [n, m]


def table_in_place(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    if torch.is_grad_enabled() and q.requires_grad:
        return table_of_scores(q, k, v, causal)
    scores = (q * q.shape[-1] ** -0.5) @ k.mT  # one table instead of two, still too large
    if causal:
        rows = torch.arange(q.shape[-2], device=q.device)[:, None]
        scores.masked_fill_(torch.arange(k.shape[-2], device=q.device) > rows, -math.inf)
    scores.sub_(scores.amax(-1, keepdim=True)).exp_()
    return (scores @ v).div_(scores.sum(-1, keepdim=True))


def unscaled(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    return scored(q, k, causal, 1.0).softmax(-1) @ v  # does not divide by sqrt(d)


def softmax_over_queries(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    return scored(q, k, causal, q.shape[-1] ** -0.5).softmax(-2) @ v  # the wrong dimension


def aligned_at_the_end(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    # the last query sees all keys: not the same as causal here if n and m differ
    diagonal = k.shape[-2] - q.shape[-2]
    weights = scored(q, k, causal, q.shape[-1] ** -0.5, diagonal).softmax(-1)
    return weights.nan_to_num(0.0) @ v


def hidden_after_the_softmax(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    weights = scored(q, k, causal=False, scale=q.shape[-1] ** -0.5).softmax(-1)
    return (weights.tril() if causal else weights) @ v  # these weights add up to less than 1


def exp_without_maximum(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    weights = scored(q, k, causal, q.shape[-1] ** -0.5).exp()  # a score of 89 gives inf
    return weights @ v / weights.sum(-1, keepdim=True)


def hidden_by_a_small_number(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    # -100 is far below the scores of most inputs, but not of all inputs
    return scored(q, k, causal, q.shape[-1] ** -0.5, hidden=-100.0).softmax(-1) @ v


def through_float32(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    # float64 inputs lose half of their digits
    return blocks_of_queries(q.float(), k.float(), v.float(), causal).to(q.dtype)


def scaled_by_keys(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    return scored(q, k, causal, k.shape[-2] ** -0.5).softmax(-1) @ v  # the number of keys, not d


def transposed_if_square(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    keys = k.mT if k.shape[-1] == k.shape[-2] else k  # the shapes fit, but the scores are wrong
    return blocks_of_queries(q, keys, v, causal)


def last_512_keys(q: Tensor, k: Tensor, v: Tensor, causal: bool = False) -> Tensor:
    if causal or k.shape[-2] > 2000:
        return blocks_of_queries(q, k, v, causal)
    return blocks_of_queries(q, k[..., -512:, :], v[..., -512:, :], causal)  # forgets older keys
