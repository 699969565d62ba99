"""Making PyTorch know the name `twin`: the device module, the generator, and CUDA by name."""

from __future__ import annotations

import threading
import types
from typing import Any, Self
from weakref import WeakValueDictionary

import torch

from torchkata.worker.twin import messages
from torchkata.worker.twin.autocast import register_autocast

active = threading.local()
"""`active.modes` counts the twin modes that this thread has entered."""

_registered: list[Any] = []


class _Guard(torch._C._acc.DeviceGuard):  # noqa: SLF001 - the only door
    """Lets `.to("twin")` find out which device that is: the carrier of twin tensors.

    Did it answer with the twin's own type, the first backward would start a thread for it, and a
    process that has one can no longer fork and run a backward in the child.
    """

    def type_(self) -> Any:
        return torch._C._autograd.DeviceType.Meta  # noqa: SLF001 - no public name


_Generator = torch.Generator  # the name in torch means something else while a mode is active


class TwinGenerator(_Generator):
    """A CPU generator whose `device` says twin."""

    def __new__(cls) -> Self:
        """Make the generator, and remember it as one of the twin's."""
        generator = _Generator.__new__(cls, device="cpu")  # type: ignore[call-arg]
        _generators[_address(generator)] = generator
        return generator

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        """Where its numbers are drawn."""
        return torch.device("twin:0")


def _address(generator: torch.Generator) -> int:
    return generator._cdata  # type: ignore[attr-defined, no-any-return]  # noqa: SLF001 - its only mark


_generators: WeakValueDictionary[int, TwinGenerator] = WeakValueDictionary()
"""By address: the dispatcher hands on a generator in a new Python object."""


def draws_on_twin(generator: torch.Generator) -> bool:
    """Whether `generator` was made for the twin."""
    return _address(generator) in _generators


class _AnyGenerator(type):
    """Makes the stand-in for `torch.Generator` pass for the class that it stands in for."""

    def __call__(cls, device: Any = "cpu") -> torch.Generator:
        return TwinGenerator() if torch.device(device).type == "twin" else _Generator(device=device)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _Generator)


class _Either(metaclass=_AnyGenerator):
    """`torch.Generator` while a twin mode is active."""


def generator_class() -> Any:
    """Return what `torch.Generator` is while a twin mode is active: it takes the twin too."""
    return _Either


def _module() -> types.ModuleType:
    """Build `torch.twin`, which PyTorch asks about its device."""
    module = types.ModuleType("torch.twin", "A stand-in for a GPU, kept in CPU memory.")
    answers: dict[str, Any] = {
        "device_count": lambda: 1,
        "is_available": lambda: True,
        "is_initialized": lambda: True,
        "current_device": lambda: 0,
        "set_device": lambda _device: None,
        "synchronize": lambda _device=None: None,
        "empty_cache": lambda: None,
        "manual_seed": lambda _seed: None,  # its numbers come from the CPU's generator
        "manual_seed_all": lambda _seed: None,
        "_is_in_bad_fork": lambda: False,
        "get_amp_supported_dtype": lambda: [torch.float16, torch.bfloat16],
    }
    for name, answer in answers.items():
        setattr(module, name, answer)
    return module


def _refuse_cuda_by_name() -> None:
    original = torch.cuda._lazy_init  # noqa: SLF001 - every way to CUDA by name comes through here

    def lazy_init() -> None:
        if getattr(active, "modes", 0):
            raise RuntimeError(messages.by_name("cuda"))
        original()  # type: ignore[no-untyped-call]

    torch.cuda._lazy_init = lazy_init  # noqa: SLF001 - see above


def register_backend() -> None:
    """Register the device once for this process; starts no thread and runs no operation."""
    if _registered:
        return
    torch.utils.rename_privateuse1_backend("twin")  # type: ignore[attr-defined]
    torch._register_device_module("twin", _module())  # type: ignore[no-untyped-call]  # noqa: SLF001 - the documented door
    guard = _Guard()
    torch._C._acc.register_python_privateuseone_device_guard(guard)  # noqa: SLF001 - the only door
    register_autocast()
    _refuse_cuda_by_name()
    _registered.append(guard)
