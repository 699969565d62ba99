"""Reference: shift each row so that its largest logit is 0.

Correct: the shift cancels in the quotient. After the shift, every exp is in [0, 1] and the sum is
in [1, n], so nothing overflows and nothing is divided by 0. The shift does not change the result,
so its gradient is 0, and `detach` keeps the backward pass from computing it. Fast: five ops.
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize


def softmax(logits: Tensor, dim: int = -1) -> Tensor:
    exp = torch.exp(logits - logits.amax(dim, keepdim=True).detach())
    return exp / exp.sum(dim, keepdim=True)


HINTS = (
    "Adding the same number to all logits of a row does not change its softmax.",
    """Which number must you subtract so that the largest exp of each row is exactly 1? It needs no
    gradient.""",
    "`exp = torch.exp(logits - logits.amax(dim, keepdim=True).detach())`, then divide by its sum.",
)

EQUIVALENT = {
    "infinity limited in softmax: logits": (
        "the smallest finite number has probability 0, as -inf does"
    ),
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"softmax": ("by_logsumexp", "shift_with_gradient", "by_reciprocal", "by_normalize")}


def by_logsumexp(logits: Tensor, dim: int = -1) -> Tensor:
    return torch.exp(logits - torch.logsumexp(logits, dim, keepdim=True))


def shift_with_gradient(logits: Tensor, dim: int = -1) -> Tensor:
    exp = (logits - logits.max(dim, keepdim=True).values).exp()
    return exp.div(exp.sum(dim, keepdim=True))


def by_reciprocal(logits: Tensor, dim: int = -1) -> Tensor:
    with torch.no_grad():
        top = logits.max(dim, keepdim=True).values
    exp = torch.sub(logits, top).exp()
    return exp * exp.sum(dim, keepdim=True).reciprocal()


def by_normalize(logits: Tensor, dim: int = -1) -> Tensor:
    exp = (logits - logits.amax(dim, keepdim=True)).exp()
    return normalize(exp, p=1.0, dim=dim)  # exactly six ops


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "softmax": {
        "without_shift": "stability",
        "one_shift_for_all": "stability",
        "clamped": "stability",
        "no_nan": "stability",
        "library": "contract",
        "library_elsewhere": "contract",
        "other_default": "contract",
        "one_buffer": "purity",
        "last_dim_only": "values",
        "row_by_row": "ops",
    },
}
WHY = {
    "one_shift_for_all": (
        "One maximum is subtracted from all rows. In rows far below it every exp is 0, and 0 / 0 "
        "is nan. Each row needs its own maximum: `amax(dim, keepdim=True)`."
    ),
    "last_dim_only": "`dim` is ignored: the result is always the softmax over the last dim.",
}


def without_shift(logits: Tensor, dim: int = -1) -> Tensor:
    exp = torch.exp(logits)  # inf above 88.7, and a sum of 0 far below zero
    return exp / exp.sum(dim, keepdim=True)


def one_shift_for_all(logits: Tensor, dim: int = -1) -> Tensor:
    largest = logits.max().detach() if logits.numel() else 0
    exp = torch.exp(logits - largest)  # rows far below the largest logit of all become 0 / 0
    return exp / exp.sum(dim, keepdim=True)


def clamped(logits: Tensor, dim: int = -1) -> Tensor:
    exp = torch.exp(logits.clamp(-80, 80))  # finite but wrong: 1000 and 999 become equal
    return exp / exp.sum(dim, keepdim=True)


def no_nan(logits: Tensor, dim: int = -1) -> Tensor:
    exp = torch.exp(logits)
    return (exp / exp.sum(dim, keepdim=True)).nan_to_num()  # hides the nan, not its cause


def library(logits: Tensor, dim: int = -1) -> Tensor:
    return torch.softmax(logits, dim)  # the rules forbid it


def library_elsewhere(logits: Tensor, dim: int = -1) -> Tensor:
    # Calls the library for every dimension but the last.
    return by_reciprocal(logits, dim) if dim in (-1, logits.dim() - 1) else logits.softmax(dim)


def other_default(logits: Tensor, dim: int = 1) -> Tensor:
    return by_reciprocal(logits, dim)  # 1 is the last dimension of a matrix only


BUFFERS: dict[tuple[object, ...], Tensor] = {}


def one_buffer(logits: Tensor, dim: int = -1) -> Tensor:
    if logits.requires_grad:
        return by_reciprocal(logits, dim)
    # Saves an allocation, but every call overwrites the result of the previous one.
    key = (logits.shape, logits.dtype, logits.device)
    buffer = BUFFERS.setdefault(key, torch.empty_like(logits))
    return buffer.copy_(by_reciprocal(logits, dim))


def last_dim_only(logits: Tensor, dim: int = -1) -> Tensor:  # noqa: ARG001
    # Ignores `dim`.
    exp = torch.exp(logits - logits.amax(-1, keepdim=True))
    return exp / exp.sum(-1, keepdim=True)


def row_by_row(logits: Tensor, dim: int = -1) -> Tensor:
    # Correct, but the number of ops grows with the number of rows.
    rows = logits.movedim(dim, -1).reshape(-1, logits.shape[dim])
    done = [(row - row.max()).exp() / (row - row.max()).exp().sum() for row in rows]
    table = torch.stack(done) if done else rows
    return table.reshape(logits.movedim(dim, -1).shape).movedim(-1, dim)
