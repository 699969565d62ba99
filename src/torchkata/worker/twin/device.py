"""`twin:0`, a second device on a machine that has only a CPU.

Its tensors keep their data in CPU memory, but refuse to mix with CPU tensors, as a GPU's do.
Values, views, in-place operations, autograd, optimizers, vmap and torch.func work, and an exception
in a backward is an ordinary exception. `torch.cond` and `torch.compile` do not run on it.
Registering is for good, and makes `torch.accelerator` name the twin: a process that judges on a
real accelerator should not register it.

    register()
    with TwinMode() as mode:
        x = torch.rand(500, 10, device="twin")
        x.sum(0).tolist()
    mode.synchronisations  # [Synchronisation(op="tolist", line=None)]
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import torch
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_map

from torchkata.worker.frames import learner_line
from torchkata.worker.twin import backend
from torchkata.worker.twin.dispatch import TwinTensor, run, watching
from torchkata.worker.twin.messages import Origins
from torchkata.worker.twin.tensor import current_reading

if TYPE_CHECKING:
    from torch import Tensor

TWIN: torch.device
"""`twin:0`; asking for it registers the device, for before that PyTorch does not know the name."""


@dataclass(frozen=True)
class Synchronisation:
    """One read of a device tensor by the host, for which the host must wait.

    Attributes:
        op: what read it, such as `item`, `tolist`, `to cpu`, `boolean mask`.
        line: the line of the submission, where known.
    """

    op: str
    line: int | None


def register() -> None:
    """Make PyTorch know the twin; call it once, before a process forks, and again at will."""
    backend.register_backend()


def __getattr__(name: str) -> torch.device:
    if name != "TWIN":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    register()
    return torch.device("twin:0")


class TwinMode(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """While active in a thread, `device="twin"` works in every factory there.

    Reads are recorded in whichever thread they happen.

    Attributes:
        synchronisations: the reads of twin tensors by the host, in order.
        origins: which call made each CPU tensor, for messages.
    """

    def __init__(self) -> None:
        register()
        super().__init__()  # type: ignore[no-untyped-call]
        self.synchronisations: list[Synchronisation] = []
        self.origins = Origins()
        self._before: list[tuple[bool, Any]] = []

    def read(self, word: str) -> None:
        """Record a host synchronisation."""
        word = current_reading() or word
        self.synchronisations.append(Synchronisation(word, learner_line()))

    def __enter__(self) -> Self:
        lift = torch._C._only_lift_cpu_tensors()  # noqa: SLF001 - FakeTensorMode does the same
        # So torch.tensor(data, device="twin") builds on the CPU first, then asks for a move.
        torch._C._set_only_lift_cpu_tensors(True)  # noqa: FBT003, SLF001 - positional only
        self._before.append((lift, torch.Generator))
        torch.Generator = backend.generator_class()  # type: ignore[misc]
        backend.active.modes = getattr(backend.active, "modes", 0) + 1
        watching[self] = threading.get_ident()
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)  # type: ignore[no-untyped-call]
        watching.pop(self, None)
        lift, generator = self._before.pop()
        torch._C._set_only_lift_cpu_tensors(lift)  # noqa: SLF001 - see above
        torch.Generator = generator  # type: ignore[misc]
        backend.active.modes -= 1

    def __torch_dispatch__(
        self, op: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run one operation, whichever device its tensors live on."""
        return run(op, args, kwargs or {}, self)


def is_twin(tensor: object) -> bool:
    """Whether `tensor` lives on the twin."""
    return isinstance(tensor, TwinTensor)


def _span(tensor: Tensor) -> Tensor:
    """Copy a CPU tensor with its strides, whatever they are: expanded ones survive."""
    if tensor.numel() == 0 or tensor.layout is not torch.strided:
        return tensor.detach().clone()
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    length = 1 + sum((size - 1) * stride for size, stride in steps)
    with torch.no_grad():
        memory = tensor.detach().as_strided((length,), (1,)).clone()
        return memory.as_strided(tensor.shape, tensor.stride(), 0)


def _there(leaf: Any) -> Any:
    if isinstance(leaf, torch.nn.Module):
        return leaf._apply(_there)  # type: ignore[no-untyped-call]  # noqa: SLF001 - what Module.to is made of
    if not isinstance(leaf, torch.Tensor) or isinstance(leaf, TwinTensor):
        return leaf
    return TwinTensor(_span(leaf)).requires_grad_(leaf.requires_grad)


def _home(leaf: Any) -> Any:
    if isinstance(leaf, torch.nn.Module):
        return leaf._apply(_home)  # type: ignore[no-untyped-call]  # noqa: SLF001 - what Module.to is made of
    if not isinstance(leaf, TwinTensor):
        return leaf
    return _span(leaf.held).requires_grad_(leaf.requires_grad)


def to_twin(tree: Any) -> Any:
    """Copy every tensor of a tree to the twin, for the harness: no mode sees it.

    Args:
        tree: tensors of any shape in tuples, lists and dicts; modules are moved in place.

    Returns:
        The same tree; each tensor a leaf with the original's shape, strides and `requires_grad`.
    """
    with _disable_current_modes():  # a meter that is at work must not count these
        return tree_map(_there, tree)


def to_host(tree: Any) -> Any:
    """Copy every twin tensor of a tree to the CPU, for the harness: no synchronisation is recorded.

    Args:
        tree: as for `to_twin`.

    Returns:
        The same tree; each tensor a leaf with the original's shape, strides and `requires_grad`.
    """
    with _disable_current_modes():  # a meter that is at work must not count these
        return tree_map(_home, tree)
