"""`twin:0`, a second device on a machine that has only a CPU.

Its tensors keep their data in CPU memory, but refuse to mix with CPU tensors, as those of a GPU do.
Values, views, in-place operations, autograd, optimizers, vmap and torch.func work, and an exception
in a backward pass is an ordinary exception. `torch.cond` and `torch.compile` do not run on it.
Registering it is permanent, and makes `torch.accelerator` name the twin, so a process that grades
on a real accelerator should not register it.

    register()
    with TwinMode() as mode:
        x = torch.rand(500, 10, device="twin")
        x.sum(0).tolist()
    mode.synchronizations  # [Synchronization(op="tolist", line=None)]
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self

import torch
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_map

from torchkata.worker.twin import backend, limits  # noqa: F401 - `worker.main` looks for limits
from torchkata.worker.twin.dispatch import TwinTensor, active_modes, run
from torchkata.worker.twin.host_syncs import Synchronization, observed_sync
from torchkata.worker.twin.provenance import Origins
from torchkata.worker.twin.tensor import inner_of, twin_device

if TYPE_CHECKING:
    from torch import Tensor

TWIN: torch.device
"""`twin:0`; reading it registers the device, because PyTorch does not know the name before."""


def register() -> None:
    """Register the twin with PyTorch, once, before a process forks; more calls do nothing."""
    backend.register_backend()


def __getattr__(name: str) -> torch.device:
    if name != "TWIN":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    register()
    return twin_device()


class TwinMode(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Makes `device="twin"` work in every factory function of the thread that enters it.

    Reads by the host are recorded in all threads.

    Attributes:
        synchronizations: the reads of twin tensors by the host, in order.
        origins: which call created each CPU tensor, for messages.
    """

    def __init__(self) -> None:
        register()
        super().__init__()  # type: ignore[no-untyped-call]
        self.synchronizations: list[Synchronization] = []
        self.origins = Origins()
        self._before: list[tuple[bool, Any]] = []

    def record_sync(self, op: str) -> None:
        """Record a host synchronization."""
        self.synchronizations.append(observed_sync(op))

    def __enter__(self) -> Self:
        lift = torch._C._only_lift_cpu_tensors()  # noqa: SLF001 - FakeTensorMode does the same
        # Makes torch.tensor(data, device="twin") create a CPU tensor first, then move it.
        torch._C._set_only_lift_cpu_tensors(True)  # noqa: FBT003, SLF001 - positional only
        self._before.append((lift, torch.Generator))
        torch.Generator = backend.generator_class()  # type: ignore[misc]
        backend.thread_state.modes = getattr(backend.thread_state, "modes", 0) + 1
        active_modes[self] = threading.get_ident()
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)  # type: ignore[no-untyped-call]
        active_modes.pop(self, None)
        lift, generator = self._before.pop()
        torch._C._set_only_lift_cpu_tensors(lift)  # noqa: SLF001 - see above
        torch.Generator = generator  # type: ignore[misc]
        backend.thread_state.modes -= 1

    def __torch_dispatch__(
        self, op: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run one operation, whichever device its tensors are on."""
        return run(op, args, kwargs or {}, self)


def is_twin(tensor: object) -> bool:
    """Return whether `tensor` is on the twin."""
    return isinstance(tensor, TwinTensor)


def _clone_with_strides(tensor: Tensor) -> Tensor:
    """Copy a CPU tensor including its strides, even those of an expanded tensor."""
    if tensor.numel() == 0 or tensor.layout is not torch.strided:
        return tensor.detach().clone()
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    length = 1 + sum((size - 1) * stride for size, stride in steps)
    with torch.no_grad():
        memory = tensor.detach().as_strided((length,), (1,)).clone()
        return memory.as_strided(tensor.shape, tensor.stride(), 0)


def _copy_to_twin(leaf: Any) -> Any:
    if isinstance(leaf, torch.nn.Module):
        return leaf._apply(_copy_to_twin)  # type: ignore[no-untyped-call]  # noqa: SLF001 - Module.to uses it
    if not isinstance(leaf, torch.Tensor) or isinstance(leaf, TwinTensor):
        return leaf
    return TwinTensor(_clone_with_strides(leaf)).requires_grad_(leaf.requires_grad)


def _copy_to_host(leaf: Any) -> Any:
    if isinstance(leaf, torch.nn.Module):
        return leaf._apply(_copy_to_host)  # type: ignore[no-untyped-call]  # noqa: SLF001 - Module.to uses it
    if not isinstance(leaf, TwinTensor):
        return leaf
    return _clone_with_strides(inner_of(leaf)).requires_grad_(leaf.requires_grad)


def to_twin(tree: Any) -> Any:
    """Copy every tensor of a tree to the twin, unseen by modes and meters.

    Args:
        tree: tensors in tuples, lists and dicts; modules are moved in place.

    Returns:
        The same tree; each tensor is a leaf with the original's shape, strides and `requires_grad`.
    """
    with _disable_current_modes():  # an active meter must not count these ops
        return tree_map(_copy_to_twin, tree)


def to_host(tree: Any) -> Any:
    """Copy every twin tensor of a tree to the CPU; no synchronization is recorded.

    Args:
        tree: see `to_twin`.

    Returns:
        The same tree; each tensor is a leaf with the original's shape, strides and `requires_grad`.
    """
    with _disable_current_modes():  # an active meter must not count these ops
        return tree_map(_copy_to_host, tree)
