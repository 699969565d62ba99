"""The twin tensor, and how one operation runs on it.

How it is made: C++ sees a wrapper without data on PyTorch's `meta` device; Python sees `twin:0`.
Every operation on it arrives in `__torch_dispatch__`, which runs it on the CPU tensor inside. The
meta device is what makes this safe: autograd runs its backward in the calling thread, with a device
guard written in C++. Were the wrapper on a device registered from Python, that guard would be
Python code, and an exception within a backward would end the process with SIGABRT.

The seam that can be seen: inside `vmap` and `torch.func.grad` PyTorch wraps a tensor once more, and
that wrapper's `device` reads `meta:0`; used as `device=x.device` it means the twin.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol, Self

import torch

from torchkata.worker.twin import messages
from torchkata.worker.twin.backend import draws_on_twin
from torchkata.worker.twin.op_rules import Rule, host_read, rule
from torchkata.worker.twin.tensor import Face, names_twin

if TYPE_CHECKING:
    from torch import Tensor

_CARRIER = torch.device("meta:0")
_CPU = torch.device("cpu")
# Lets autocast("twin") see the tensor.
_KEYS = torch._C.DispatchKeySet(torch._C.DispatchKey.AutocastPrivateUse1)  # type: ignore[attr-defined]  # noqa: SLF001 - no public name
# What tells C++ that a wrapper is sparse: the layout alone does not.
_SPARSE = _KEYS | torch._C.DispatchKeySet(torch._C.DispatchKey.SparseMeta)  # noqa: SLF001 - no public name


class Watcher(Protocol):
    """Who is told what happens: the active mode."""

    origins: messages.Origins

    def read(self, word: str) -> None:
        """Take note of a host synchronisation."""


watching: dict[Watcher, int] = {}
"""Active modes, and the thread of each."""


class TwinTensor(Face):
    """A CPU tensor that says it lives on `twin:0`.

    Args:
        inner: the CPU tensor that holds the data; any shape and strides, shared and not copied.
    """

    # Python functions of torch are not intercepted: everything is decided below, at dispatch.
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]  # noqa: SLF001 - documented so

    def __new__(cls, inner: Tensor) -> Self:
        """Wrap `inner`."""
        strided = inner.layout is torch.strided
        sparse = inner.layout is torch.sparse_coo  # C++ asks wrappers of other layouts in vain
        twin = torch.Tensor._make_wrapper_subclass(  # noqa: SLF001 - the documented maker
            cls,
            inner.size(),
            strides=inner.stride() if strided else None,
            storage_offset=inner.storage_offset() if strided else None,
            dtype=inner.dtype,
            layout=inner.layout if sparse else torch.strided,
            device=_CARRIER,
            _extra_dispatch_keys=_SPARSE if sparse else _KEYS,
        )
        twin.held = inner
        return twin

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, op: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run one operation; reached where no `TwinMode` is active in this thread.

        A read is a read in every thread: a mode that is active in another one hears of it. In its
        own thread it is silent because the harness has put it aside.
        """
        here = threading.get_ident()
        elsewhere = (mode for mode, thread in list(watching.items()) if thread != here)
        return run(op, args, kwargs or {}, next(elsewhere, None))


class _Call:
    """The arguments of one operation, sorted by where they live."""

    def __init__(self) -> None:
        self.twins: list[TwinTensor] = []
        self.hosts: list[Tensor] = []

    def open(self, value: Any) -> Any:
        """Replace twin tensors by what they hold."""
        if isinstance(value, TwinTensor):
            self.twins.append(value)
            return value.held
        if isinstance(value, torch.Tensor):
            self.hosts.append(value)
            return value
        if isinstance(value, (list, tuple)):
            return type(value)([self.open(part) for part in value])
        return value


def _refuse(call: _Call, facts: Rule, args: Any, kwargs: Any, watcher: Watcher | None) -> None:
    """Raise as CUDA does where tensors of two devices meet."""
    allowed: set[int] = set()
    if facts.host_argument is not None and isinstance(args[0], TwinTensor):
        spare = _Call()
        spare.open(args[facts.host_argument])
        allowed = {id(host) for host in spare.hosts}
    written = {id(args[key] if isinstance(key, int) else kwargs.get(key)) for key in facts.written}
    for host in call.hosts:
        if id(host) in allowed:
            continue
        if host.dim() or not facts.scalars or id(host) in written:
            raise RuntimeError(messages.mixed(host, watcher.origins if watcher else None))


def _word(facts: Rule, args: Any, kwargs: Any, *, to_host: bool) -> str | None:
    """By which word the operation makes the host wait, if it does."""
    if to_host and facts.name == "_to_copy":
        return "to cpu"
    if facts.name == "copy_":
        from_device = not isinstance(args[0], TwinTensor) and isinstance(args[1], TwinTensor)
        return "to cpu" if from_device else None
    return host_read(facts.name, args, kwargs, TwinTensor)


def run(op: Any, args: tuple[Any, ...], kwargs: dict[str, Any], watcher: Watcher | None) -> Any:
    """Run one operation on what the twin tensors hold.

    Args:
        op: an ATen operation.
        args: its arguments, twin tensors among them.
        kwargs: its arguments by name.
        watcher: is told of host synchronisations and of new CPU tensors.

    Returns:
        The result, on the twin if an argument was there or if `device` says so.

    Raises:
        RuntimeError: tensors of two devices meet where CUDA would not allow it.
    """
    call = _Call()
    opened = [call.open(arg) for arg in args]
    named = {key: call.open(value) for key, value in kwargs.items()}
    facts = rule(op)
    place = kwargs.get("device")
    on_twin = bool(call.twins)
    if place is not None:
        on_twin = names_twin(place)
        if not on_twin and place.type != "cpu":
            raise RuntimeError(messages.by_name(place.type))
        named["device"] = _CPU
    if call.twins:
        if call.hosts and not facts.transfer:
            _refuse(call, facts, args, kwargs, watcher)
        word = _word(facts, args, kwargs, to_host=not on_twin) if watcher else None
        if word is not None and watcher is not None:
            watcher.read(word)
    generator = kwargs.get("generator")
    if on_twin and generator is not None and not draws_on_twin(generator):
        raise RuntimeError(messages.wrong_generator())

    if on_twin and facts.name == "_efficientzerotensor":
        op = torch.ops.aten.zeros.default  # zeros without memory crash what runs below autograd
    result = op(*opened, **named)

    if facts.written:
        return _rewrap(result, call, facts)
    if not on_twin:
        if watcher is not None:
            found = result if isinstance(result, (list, tuple)) else (result,)
            tensors = [part for part in found if isinstance(part, torch.Tensor)]
            watcher.origins.note(op, args, call.hosts, tensors)
        return result
    if facts.second_on_host:
        return wrap(result[0]), result[1]
    return wrap(result)


def _rewrap(result: Any, call: _Call, facts: Rule) -> Any:
    """Hand back the arguments that were written to, not new tensors."""
    outer = {id(twin.held): twin for twin in call.twins}
    if facts.reshapes:
        for twin in call.twins:
            if twin.shape != twin.held.shape or twin.stride() != twin.held.stride():
                twin.adopt(twin.held)
    kept = {id(host) for host in call.hosts}

    def again(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return type(value)([again(part) for part in value])
        if not isinstance(value, torch.Tensor) or id(value) in kept:
            return value
        twin = outer.get(id(value))
        return twin if twin is not None else wrap(value) if outer else value

    return again(result)


def wrap(value: Any) -> Any:
    """Wrap every CPU tensor in a result; what is wrapped already stays."""
    if isinstance(value, torch.Tensor):
        if isinstance(value, TwinTensor):
            return value
        if value.is_conj() or value.is_neg():  # the wrapper cannot carry such a promise
            value = value.resolve_conj().resolve_neg()
        return TwinTensor(value)
    if isinstance(value, (list, tuple)):
        return type(value)([wrap(part) for part in value])
    return value
