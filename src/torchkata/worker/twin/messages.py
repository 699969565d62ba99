"""The twin's messages, in the learner's language, and the record they draw on.

A GPU's own words come first, so that they are known again on a GPU; then a sentence says which call
made the CPU tensor, in which line, and how to spell it for any device.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import torch
from torch.utils.weak import WeakIdKeyDictionary

from torchkata.i18n import _, join
from torchkata.worker.frames import learner_line
from torchkata.worker.twin.provenance import owner

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

_NUMPY = (
    "can't convert twin:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host "
    "memory first."
)
_MIXED = (
    "Expected all tensors to be on the same device, but found at least two devices, twin:0 and cpu!"
)
_FILLED = {"zeros", "ones", "empty", "full"}
"""Factories with a `new_...` method of the same arguments."""
_SIZED = {*_FILLED, "rand", "randn", "arange", "eye", "linspace", "randperm", "randint"}
_SHOWN = 40


class Origins:
    """Which call made each CPU tensor, and where; forgets a tensor as soon as it is gone."""

    def __init__(self) -> None:
        self._made: WeakIdKeyDictionary = WeakIdKeyDictionary()

    def __len__(self) -> int:
        return len(self._made)

    def note(
        self, op: Any, args: tuple[Any, ...], sources: Iterable[Tensor], tensors: Iterable[Tensor]
    ) -> None:
        """Remember that `op` made `tensors`, or who made the CPU tensors that it computed from."""
        sources = list(sources)
        made = next((self._made[source] for source in sources if source in self._made), None)
        if made is None and sources and op.overloadpacket.__name__ != "lift_fresh":
            made = weakref.ref(sources[0])  # older than the record: who holds it will tell
        for tensor in tensors:
            if tensor not in self._made:
                made = made or (op, _plain(args), learner_line())
                self._made[tensor] = made

    def of(self, tensor: Tensor) -> tuple[str, str, int | None] | None:
        """Return the maker's name, its call as text and its line; None where nobody saw it made."""
        made = self._made.get(tensor)  # type: ignore[no-untyped-call]
        if made is None or isinstance(made, weakref.ref):
            return None
        op, args, line = made
        name = op.overloadpacket.__name__
        name = "tensor" if name == "lift_fresh" else name.lstrip("_")
        return name, f"{name}({_arguments(name, args)})", line

    def elder(self, tensor: Tensor) -> Tensor:
        """Return the tensor that was there before and that this one was computed from, if any."""
        made = self._made.get(tensor)  # type: ignore[no-untyped-call]
        found = made() if isinstance(made, weakref.ref) else None
        return tensor if found is None else found

    def maker(self, tensor: Tensor) -> str:
        """Say which call made a CPU tensor, and where; empty where nobody saw it made."""
        known = self.of(tensor)
        if known is None:
            return ""
        name, call, line = known
        call = "`.cpu()` or `.to(...)`" if name == "to_copy" else f"`torch.{call}`"
        return f"{call}{_where(line)}"


def _plain(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Keep no tensor alive for the sake of a message."""
    return tuple(arg if isinstance(arg, (int, float, list, bool)) else None for arg in args)


def _arguments(name: str, args: tuple[Any, ...]) -> str:
    if name not in _SIZED:
        return "..."
    texts = []
    for arg in args:
        if isinstance(arg, list) and all(isinstance(size, int) for size in arg):
            joined = ", ".join(map(str, arg))
            texts.append(str(tuple(arg)) if name == "full" else joined)
        elif isinstance(arg, (int, float)):
            texts.append(str(arg))
    text = ", ".join(texts)
    return text if len(text) <= _SHOWN else "..."


def mixed(host: Tensor, origins: Origins | None) -> str:
    """Say which CPU tensor met a twin tensor, who made it, and the spelling that travels."""
    known = origins.of(host) if origins is not None else None
    if known is None:
        elder = host if origins is None else origins.elder(host)
        shape = tuple(elder.shape)
        if held := owner(elder):
            told = _(
                "Here a CPU tensor of shape {shape} meets x, which lives on twin:0 (a stand-in for "
                "a GPU).",
                shape=shape,
            )
            return join(_MIXED, told, held)
        told = _(
            "Here a CPU tensor of shape {shape} meets x, which lives on twin:0 (a stand-in for a "
            "GPU). Make it where x is (`device=x.device`), or move it there once: `.to(x.device)`.",
            shape=shape,
        )
        return join(_MIXED, told)
    name, call, line = known
    where = _where(line)
    if name == "to_copy":
        told = _(
            "`.cpu()` or `.to(...)`{where} made a CPU tensor, but x lives on twin:0 (a stand-in "
            "for a GPU). Leave it where x is: without the move no copy is needed.",
            where=where,
        )
    elif name in _FILLED:
        told = _(
            "`torch.{call}`{where} made a CPU tensor, but x lives on twin:0 (a stand-in for a "
            "GPU). Create it where x is: `x.new_{call}` or `device=x.device`.",
            call=call,
            where=where,
        )
    else:
        told = _(
            "`torch.{call}`{where} made a CPU tensor, but x lives on twin:0 (a stand-in for a "
            "GPU). Create it where x is: `device=x.device`.",
            call=call,
            where=where,
        )
    return join(_MIXED, told)


def _where(line: int | None) -> str:
    return "" if line is None else _(" in line {line}", line=line)


def no_numpy() -> str:
    """Say that NumPy cannot read a device's memory."""
    told = _("NumPy cannot read a GPU's memory; best stay in torch, which can.")
    return join(_NUMPY, told)


def by_name(kind: str) -> str:
    """Say why a device must not be named in the code."""
    return _(
        "This asks for {kind} by name{where}, and x lives on another device. Take the device from "
        "the input, and the code runs anywhere: `device=x.device`, `.to(x.device)`.",
        kind=kind.upper(),
        where=_where(learner_line()),
    )


def wrong_data(value: Any) -> str:
    """Say that `x.data = value` wants a tensor of the same device."""
    kind = _("a CPU tensor") if isinstance(value, torch.Tensor) else type(value).__name__
    return _(
        "x.data of a tensor on twin:0 was set to {kind}. Move it first: `.to(x.device)`.", kind=kind
    )


def wrong_generator() -> str:
    """Say that a device draws its random numbers from a generator of its own."""
    told = _("Make the generator where the numbers are drawn: `torch.Generator(device=x.device)`.")
    return join("Expected a 'twin' device type for generator but found 'cpu'.", told)
