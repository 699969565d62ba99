"""The twin tensor, and how one op runs on it.

Design: C++ sees a wrapper without data on PyTorch's `meta` device, and Python sees `twin:0`. Every
op on it arrives in `__torch_dispatch__`, which runs the op on the CPU tensor inside. The meta
device makes this safe: autograd runs its backward pass in the calling thread, with a device guard
written in C++. If the wrapper were on a device registered from Python, that guard would be Python
code, and an exception in a backward pass would end the process with SIGABRT.

Known limitation: inside `vmap` and `torch.func.grad`, PyTorch wraps a tensor once more, and the
`device` of that wrapper is `meta:0`. Passed on as `device=x.device`, it means the twin.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol, Self

import torch

from torchkata.worker.twin import messages
from torchkata.worker.twin.backend import draws_on_twin
from torchkata.worker.twin.op_rules import OpRule, host_sync, op_rule
from torchkata.worker.twin.provenance import Origins
from torchkata.worker.twin.tensor import (
    TwinTensorBase,
    hold_inner,
    inner_of,
    names_twin,
    replace_inner,
)

if TYPE_CHECKING:
    from torch import Tensor

_CARRIER = torch.device("meta:0")
_CPU = torch.device("cpu")
# Makes autocast("twin") handle the tensor.
_KEYS = torch._C.DispatchKeySet(torch._C.DispatchKey.AutocastPrivateUse1)  # type: ignore[attr-defined]  # noqa: SLF001 - no public name
# Tells C++ that a wrapper is sparse; the layout alone does not.
_SPARSE = _KEYS | torch._C.DispatchKeySet(torch._C.DispatchKey.SparseMeta)  # noqa: SLF001 - no public name


class Recorder(Protocol):
    """Records host synchronizations and new CPU tensors; a `TwinMode` is one."""

    origins: Origins

    def record_sync(self, op: str) -> None:
        """Record a host synchronization."""


active_modes: dict[Recorder, int] = {}
"""Active modes, and the thread of each."""


class TwinTensor(TwinTensorBase):
    """A CPU tensor that claims to be on `twin:0`.

    Args:
        inner: the CPU tensor that holds the data; shared, not copied.
    """

    # Python functions of torch are not intercepted; everything is decided at dispatch.
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]  # noqa: SLF001 - documented so

    def __new__(cls, inner: Tensor) -> Self:
        """Wrap `inner`."""
        strided = inner.layout is torch.strided
        sparse = inner.layout is torch.sparse_coo  # wrappers of other layouts fail in C++
        twin = torch.Tensor._make_wrapper_subclass(  # noqa: SLF001 - the documented way
            cls,
            inner.size(),
            strides=inner.stride() if strided else None,
            storage_offset=inner.storage_offset() if strided else None,
            dtype=inner.dtype,
            layout=inner.layout if sparse else torch.strided,
            device=_CARRIER,
            _extra_dispatch_keys=_SPARSE if sparse else _KEYS,
        )
        hold_inner(twin, inner)
        return twin

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, op: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run one op that no `TwinMode` sees: none is active in this thread, or it is disabled.

        A mode that is active, in whichever thread, records host synchronizations nevertheless.
        """
        here = threading.get_ident()
        modes = sorted(active_modes.items(), key=lambda row: row[1] != here)
        return run(op, args, kwargs or {}, modes[0][0] if modes else None)


class _Call:
    """The tensors among the arguments of one op, sorted by device."""

    def __init__(self) -> None:
        self.twins: list[TwinTensor] = []
        self.hosts: list[Tensor] = []

    def unwrap(self, value: Any) -> Any:
        """Replace twin tensors by their inner tensors."""
        if isinstance(value, TwinTensor):
            self.twins.append(value)
            return inner_of(value)
        if isinstance(value, torch.Tensor):
            self.hosts.append(value)
            return value
        if isinstance(value, (list, tuple)):
            return type(value)([self.unwrap(part) for part in value])
        return value


def _check_devices(
    call: _Call, rule: OpRule, args: Any, kwargs: Any, recorder: Recorder | None
) -> None:
    """Raise like CUDA if tensors of two devices meet."""
    allowed: set[int] = set()
    if rule.host_argument is not None and isinstance(args[0], TwinTensor):
        argument = _Call()
        argument.unwrap(args[rule.host_argument])
        allowed = {id(host) for host in argument.hosts}
    written = {id(args[key] if isinstance(key, int) else kwargs.get(key)) for key in rule.written}
    for host in call.hosts:
        if id(host) in allowed:
            continue
        if host.is_nested:
            raise NotImplementedError("The twin cannot run nested tensors.")
        if host.dim() or not rule.accepts_cpu_scalars or id(host) in written:
            raise messages.mixed_devices_error(host, recorder.origins if recorder else None)


def _sync_of(rule: OpRule, args: Any, kwargs: Any, *, to_host: bool) -> str | None:
    """Return why the op makes the host wait; None if it does not."""
    if to_host and rule.name == "_to_copy":
        return "to cpu"
    if rule.name == "copy_":
        from_device = not isinstance(args[0], TwinTensor) and isinstance(args[1], TwinTensor)
        return "to cpu" if from_device else None
    return host_sync(rule.name, args, kwargs, TwinTensor)


def run(op: Any, args: tuple[Any, ...], kwargs: dict[str, Any], recorder: Recorder | None) -> Any:
    """Run one op on the inner tensors of its twin tensors.

    Args:
        op: an ATen op.
        args: its arguments.
        kwargs: its keyword arguments.
        recorder: records host synchronizations and new CPU tensors.

    Returns:
        The result, on the twin if an argument was there or if `device` says so.

    Raises:
        RuntimeError: the op mixes devices in a way that CUDA does not allow.
    """
    call = _Call()
    unwrapped = [call.unwrap(arg) for arg in args]
    named = {key: call.unwrap(value) for key, value in kwargs.items()}
    rule = op_rule(op)
    device = kwargs.get("device")
    on_twin = bool(call.twins)
    if device is not None:
        on_twin = names_twin(device)
        if not on_twin and device.type != "cpu":
            raise messages.explicit_device_error(device.type)
        named["device"] = _CPU
    if call.twins:
        if call.hosts and not rule.is_transfer:
            _check_devices(call, rule, args, kwargs, recorder)
        sync = _sync_of(rule, args, kwargs, to_host=not on_twin) if recorder else None
        if sync is not None and recorder is not None:
            recorder.record_sync(sync)
    generator = kwargs.get("generator")
    if on_twin and generator is not None and not draws_on_twin(generator):
        raise messages.generator_error()

    if on_twin and rule.name == "_efficientzerotensor":
        op = torch.ops.aten.zeros.default  # zeros without memory crash the code below autograd
    try:
        result = op(*unwrapped, **named)
    except (IndexError, RuntimeError):
        # Where the CPU finds bad values, a GPU does not, or only if the host waits for it.
        if call.twins and recorder is not None:
            recorder.record_sync(f"error of {rule.name}")
        raise

    if rule.written:
        return _rewrap(result, call, rule)
    if not on_twin:
        if recorder is not None:
            results = result if isinstance(result, (list, tuple)) else (result,)
            tensors = [part for part in results if isinstance(part, torch.Tensor)]
            recorder.origins.record(op, args, call.hosts, tensors)
        return result
    if rule.second_on_host:
        return wrap(result[0]), result[1]
    return wrap(result)


def _rewrap(result: Any, call: _Call, rule: OpRule) -> Any:
    """Return the arguments that were written to, not new tensors."""
    outer = {id(inner_of(twin)): twin for twin in call.twins}
    if rule.reshapes:
        for twin in call.twins:
            inner = inner_of(twin)
            if twin.shape != inner.shape or twin.stride() != inner.stride():
                replace_inner(twin, inner)
    hosts = {id(host) for host in call.hosts}

    def rewrap(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return type(value)([rewrap(part) for part in value])
        if not isinstance(value, torch.Tensor) or id(value) in hosts:
            return value
        twin = outer.get(id(value))
        return twin if twin is not None else wrap(value) if outer else value

    return rewrap(result)


def wrap(value: Any) -> Any:
    """Wrap every CPU tensor in a result; twin tensors stay as they are."""
    if isinstance(value, torch.Tensor):
        if isinstance(value, TwinTensor):
            return value
        if value.is_conj() or value.is_neg():  # the wrapper has no such flag
            value = value.resolve_conj().resolve_neg()
        return TwinTensor(value)
    if isinstance(value, (list, tuple)):
        return type(value)([wrap(part) for part in value])
    return value
