"""Watch calls of PyTorch's functions: reads by the host, and tensors that are made on the CPU.

Below these functions, at the level of ops, `torch.zeros(3)` looks like `torch.zeros(3,
device="cpu")`, and `x.cpu()` of a CPU tensor does not exist.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakIdKeyDictionary

from torchkata.worker.receipts.places import Follows, Place, current_place

_FACTORIES: Final = frozenset(
    {"zeros", "ones", "empty", "full", "arange", "eye", "linspace"}
    | {"rand", "randn", "randint", "randperm", "tensor", "tril_indices", "triu_indices"}
)
_NEEDS_NO_CPU: Final = frozenset({"zeros", "ones", "empty", "full", "arange", "eye", "linspace"})
"""Factories whose values do not come from the CPU: to make them there and copy them is no use."""
_READS: Final = {
    "numpy": ".numpy()",
    "__array__": "numpy.asarray()",
    "tolist": ".tolist()",
    "cpu": ".cpu()",
    "__repr__": "print()",
}


@dataclass(frozen=True)
class Made:
    """Where a tensor without a `device=` was made.

    Attributes:
        name: of the factory.
        place: the line that calls it.
    """

    name: str
    place: Place


class FunctionWatch(TorchFunctionMode):
    """Watches the calls of the followed code.

    Args:
        follows: tells which code is followed.
        on_read: called with place, name and tensor of each read by the host.

    Attributes:
        moved: the tensors that were made on the CPU only to be copied.
        made: the living tensors that were made without `device=`.
        on_host: the living tensors that the code itself has copied to the CPU.
    """

    def __init__(
        self,
        follows: Follows,
        on_read: Callable[[Place, str, torch.Tensor], None],
    ) -> None:
        super().__init__()
        self._follows = follows
        self._on_read = on_read
        self.moved: list[Made] = []
        self._default_is_cpu = torch.get_default_device().type == "cpu"
        self.made: WeakIdKeyDictionary = WeakIdKeyDictionary()
        self.on_host: WeakIdKeyDictionary = WeakIdKeyDictionary()

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run one call, and note what is to be watched."""
        del types
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        first = args[0] if args and isinstance(args[0], torch.Tensor) else None
        if first is not None and name in _READS and first not in self.on_host:
            self._on_read(current_place(self._follows), _READS[name], first)
        if first is not None and first in self.made and _moves(name, args, kwargs):
            made: Made = self.made[first]
            del self.made[first]
            if made.name in _NEEDS_NO_CPU:
                self.moved.append(made)
        result = func(*args, **kwargs)
        if name == "cpu" and isinstance(result, torch.Tensor):
            self.on_host[result] = True
        if name in _FACTORIES and self._default_is_cpu and kwargs.get("device") is None:
            caller = sys._getframe(1)  # noqa: SLF001 - the documented way
            file = caller.f_code.co_filename
            if self._follows(file) and isinstance(result, torch.Tensor):
                self.made[result] = Made(name, (file, caller.f_lineno))
        return result


def _moves(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Return whether a call copies its tensor to a device that is named."""
    if name == "cuda":
        return True
    given = (*args[1:2], kwargs.get("device"))
    return name == "to" and any(isinstance(each, str | torch.device) for each in given)
