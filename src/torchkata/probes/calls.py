"""Call an entry point: with its gradients, or recording what it calls and what it copies."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
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
        entry: the name of the function to call.
        arguments: its arguments, of any type.
        wanted: positions of the tensors to differentiate with respect to.
        weights: a tensor of the result's shape (default: ones).

    Returns:
        The result, detached, and one gradient per position; None if no gradient flows there.
    """
    inputs = list(arguments)
    for position in wanted:
        inputs[position] = inputs[position].detach().clone().requires_grad_()
    result = getattr(kata, entry)(*inputs)
    if not torch.is_tensor(result) or not result.requires_grad:
        return result, [None for _ in wanted]
    leaves = [inputs[position] for position in wanted]
    weights = torch.ones_like(result) if weights is None else weights.to(result)
    return result.detach(), list(torch.autograd.grad(result, leaves, weights, allow_unused=True))


class FunctionNames(TorchFunctionMode):
    """Records the name of every torch function that Python code calls."""

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


def called_functions(kata: ModuleType, entry: str, *arguments: Any) -> list[str]:
    """Return the sorted names of all torch functions and methods that an entry point calls."""
    with FunctionNames() as recorder:
        getattr(kata, entry)(*arguments)
    return sorted(recorder.names)


def copying_calls(kata: ModuleType, entry: str, *arguments: Any) -> list[str]:
    """Call an entry point that returns a view of its first argument in several ways.

    Returns:
        How it was called where its result does not use the memory of that argument: `plain`,
        `requires_grad`, `no_grad` or `inference_mode`.
    """
    function, (x, *others) = getattr(kata, entry), arguments
    modes = {"no_grad": torch.no_grad, "inference_mode": torch.inference_mode}
    copying = []
    for how in ("plain", "requires_grad", *modes):
        given = x.detach().requires_grad_(how == "requires_grad")
        with modes.get(how, nullcontext)():
            result = function(given, *others)
        if result.untyped_storage().data_ptr() != x.untyped_storage().data_ptr():
            copying.append(how)
    return copying


def impure_without_gradients(kata: ModuleType, entry: str, *arguments: Any) -> list[str]:
    """Call an entry point twice in each mode without gradients, in which it may raise.

    Returns:
        The modes, `no_grad` or `inference_mode`, in which a tensor among the arguments has other
        values afterwards, or the two results use the same memory.
    """
    tensors = [each for each in arguments if torch.is_tensor(each)]
    before = [tensor.clone() for tensor in tensors]
    impure = []
    for name, mode in (("no_grad", torch.no_grad), ("inference_mode", torch.inference_mode)):
        results: list[Tensor] = []
        with mode(), suppress(RuntimeError):
            results.extend(getattr(kata, entry)(*arguments) for _call in range(2))
        kept = len({result.data_ptr() for result in results if result.numel()}) < len(results)
        if kept or not all(map(torch.equal, tensors, before)):
            impure.append(name)
    return impure


def views_of_one_memory(kata: ModuleType, entry: str, x: Tensor, *others: Any) -> list[Tensor]:
    """Call an entry point with a square `x`, then with its transpose, which has the same memory."""
    function = getattr(kata, entry)
    return [function(x, *others).clone(), function(x.mT, *others).clone()]
