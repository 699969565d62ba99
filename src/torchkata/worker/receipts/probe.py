"""The probe that draws up the receipt of a call of the submission."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from types import ModuleType
from typing import Any, Final

import torch
from torch.utils._python_dispatch import _disable_current_modes
from torch.utils._pytree import tree_leaves

from torchkata.result.receipt import Receipt
from torchkata.worker.receipts.meter import ReceiptMeter
from torchkata.worker.receipts.places import is_submission

# Saved now, because a submission may replace it.
_grad = torch.autograd.grad
_REFUSAL: Final = "saved tensor hooks"
"""What `torch.func` says about hooks, which it cannot combine with."""


def run_receipt(
    module: ModuleType, probe: Callable[..., object], arguments: tuple[object, ...]
) -> dict[str, object]:
    """Run another probe and return what each line of the submission costs, as plain data."""
    with ReceiptMeter(arguments, is_submission, kept=True, saved=False) as meter:
        probe(module, *arguments)
    return _as_data(meter.receipt)


def run_backward_receipt(
    module: ModuleType,
    probe: Callable[..., object],
    arguments: tuple[object, ...],
    wanted: tuple[int, ...],
    *,
    saved: bool,
) -> dict[str, object] | None:
    """Run another probe and differentiate its results; return what each line costs.

    Args:
        module: the submission.
        probe: the probe to run.
        arguments: its arguments.
        wanted: positions of the arguments to differentiate.
        saved: whether to record what autograd saves. Hooks do that, which may add ops.

    Returns:
        None if the results do not depend on these arguments, or if what autograd saves cannot be
        recorded.
    """
    moved: list[Any] = list(arguments)
    wanted = tuple(each for each in wanted if _is_differentiable(moved[each]))
    for position in wanted:
        moved[position] = moved[position].detach().clone().requires_grad_()
    reached = False
    meter = ReceiptMeter(tuple(moved), is_submission, kept=True, saved=saved)
    try:
        with meter:
            value = probe(module, *moved)
            results = [
                leaf
                for leaf in tree_leaves(value)
                if isinstance(leaf, torch.Tensor) and leaf.requires_grad
            ]
            if results and wanted:
                reached = True
                with _disable_current_modes():
                    weights = [torch.ones_like(each) for each in results]
                _grad(results, [moved[each] for each in wanted], weights, allow_unused=True)
    except RuntimeError as error:
        if _REFUSAL in str(error):
            return None
        raise
    return _as_data(meter.receipt) if reached else None


def _is_differentiable(value: object) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def _as_data(receipt: Receipt) -> dict[str, object]:
    return {
        "peak_bytes": receipt.peak_bytes,
        "lines": [
            {**asdict(each.costs), "line": each.line, "ops_by_name": dict(each.ops_by_name)}
            for each in receipt.lines
        ],
        "loops": [[loop.line, loop.first, loop.last, loop.turns] for loop in receipt.loops],
    }
