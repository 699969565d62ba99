"""Call an entry point: with its gradients, or noting which functions of the library it uses."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


def with_gradients(
    kata: ModuleType,
    entry: str,
    arguments: tuple[Any, ...],
    wanted: tuple[int, ...] = (0,),
    weights: Tensor | None = None,
) -> tuple[Any, list[Tensor | None]]:
    """Call an entry point and differentiate the weighted sum of its result.

    Args:
        kata: the submission.
        entry: what to call.
        arguments: of any kind.
        wanted: positions of the tensors to differentiate with respect to.
        weights: the shape of the result; ones by default.

    Returns:
        The result, detached, and a gradient for each position: None where none flows.
    """
    given = list(arguments)
    for position in wanted:
        given[position] = given[position].detach().clone().requires_grad_()
    result = getattr(kata, entry)(*given)
    if not torch.is_tensor(result) or not result.requires_grad:
        return result, [None for _ in wanted]
    leaves = [given[position] for position in wanted]
    weights = torch.ones_like(result) if weights is None else weights.to(result)
    return result.detach(), list(torch.autograd.grad(result, leaves, weights, allow_unused=True))


class _Names(TorchFunctionMode):
    """Notes the name of every function of the library that Python code calls."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        self.names.add(getattr(func, "__name__", str(func)))
        return func(*args, **(kwargs or {}))


def called(kata: ModuleType, entry: str, *arguments: Any) -> list[str]:
    """The names of all functions and methods of the library that an entry point calls itself."""
    with _Names() as names:
        getattr(kata, entry)(*arguments)
    return sorted(names.names)
