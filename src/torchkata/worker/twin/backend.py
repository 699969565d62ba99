"""Register `twin` with PyTorch: the device module, the generator, and a guard for CUDA calls."""

from __future__ import annotations

import threading
import types
from typing import Any, Self
from weakref import WeakValueDictionary

import torch

from torchkata.worker.twin import messages
from torchkata.worker.twin.autocast import register_autocast
from torchkata.worker.twin.factories import replace_factories
from torchkata.worker.twin.tensor import twin_device

thread_state = threading.local()
"""`thread_state.modes` counts the twin modes that this thread has entered."""

_registered: list[Any] = []


class _Guard(torch._C._acc.DeviceGuard):  # noqa: SLF001 - no other way
    """Tells PyTorch which device type `.to("twin")` means: that of the wrappers, `meta`.

    If it returned a type of its own, the first backward pass would start a thread for it, and a
    process with such a thread can no longer fork and run a backward pass in the child.
    """

    def type_(self) -> Any:
        return torch._C._autograd.DeviceType.Meta  # noqa: SLF001 - no public name


_Generator = torch.Generator  # torch.Generator is replaced while a mode is active


class TwinGenerator(_Generator):
    """A CPU generator whose `device` is the twin."""

    def __new__(cls) -> Self:
        """Create the generator and register it as one of the twin."""
        generator = _Generator.__new__(cls, device="cpu")  # type: ignore[call-arg]
        _generators[_address(generator)] = generator
        return generator

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        """The device: always `twin:0`."""
        return twin_device()


def _address(generator: torch.Generator) -> int:
    return generator._cdata  # type: ignore[attr-defined, no-any-return]  # noqa: SLF001 - its only identity


_generators: WeakValueDictionary[int, TwinGenerator] = WeakValueDictionary()
"""By address, because the dispatcher passes a generator on in a new Python object."""


def draws_on_twin(generator: torch.Generator) -> bool:
    """Return whether `generator` was created for the twin."""
    return _address(generator) in _generators


class _GeneratorMeta(type):
    """Makes the substitute for `torch.Generator` behave like the class it replaces."""

    def __call__(cls, device: Any = "cpu") -> torch.Generator:
        return TwinGenerator() if torch.device(device).type == "twin" else _Generator(device=device)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _Generator)


class _AnyGenerator(metaclass=_GeneratorMeta):
    """Replaces `torch.Generator` while a twin mode is active."""


def generator_class() -> Any:
    """Return the substitute for `torch.Generator`, which also accepts the twin."""
    return _AnyGenerator


def _module() -> types.ModuleType:
    """Build `torch.twin`, the module through which PyTorch queries the device."""
    module = types.ModuleType("torch.twin", "A simulated GPU; its data are in CPU memory.")
    functions: dict[str, Any] = {
        "device_count": lambda: 1,
        "is_available": lambda: True,
        "is_initialized": lambda: True,
        "current_device": lambda: 0,
        "set_device": lambda _device: None,
        "synchronize": lambda _device=None: None,
        "empty_cache": lambda: None,
        "manual_seed": lambda _seed: None,  # random numbers come from the CPU's generator
        "manual_seed_all": lambda _seed: None,
        "_is_in_bad_fork": lambda: False,
        "get_amp_supported_dtype": lambda: [torch.float16, torch.bfloat16],
    }
    for name, function in functions.items():
        setattr(module, name, function)
    return module


def _forbid_explicit_cuda() -> None:
    original = torch.cuda._lazy_init  # noqa: SLF001 - every explicit use of CUDA calls it

    def lazy_init() -> None:
        if getattr(thread_state, "modes", 0):
            raise messages.explicit_device_error("cuda")
        original()  # type: ignore[no-untyped-call]

    torch.cuda._lazy_init = lazy_init  # noqa: SLF001 - see above


def register_backend() -> None:
    """Register the device once for this process, without starting a thread or running an op."""
    if _registered:
        return
    torch.utils.rename_privateuse1_backend("twin")  # type: ignore[attr-defined]
    torch._register_device_module("twin", _module())  # type: ignore[no-untyped-call]  # noqa: SLF001 - the documented function
    guard = _Guard()
    torch._C._acc.register_python_privateuseone_device_guard(guard)  # noqa: SLF001 - no other way
    register_autocast()
    _forbid_explicit_cuda()
    replace_factories()
    _registered.append(guard)
