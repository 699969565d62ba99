"""The twin's error messages: templates by key, and errors that carry keys and values as data.

The text that a GPU would give comes first, so that learners recognize it later. The sentences after
it say which call created the CPU tensor, in which line, and how to write it for any device.

An error's text is English. Its `details` name the templates, so that the judge can translate them:
the judge looks up the key here and never formats a template that it received.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeVar

import torch
from torch import Tensor

from torchkata.i18n import Message, _, join
from torchkata.worker.frames import learner_line
from torchkata.worker.twin.provenance import Origins, Owner, find_owner

_LATER: Final[dict[str, object]] = {}
"""The values of a template come with each error."""

TEMPLATES: Final[Mapping[str, Message]] = {
    # The texts of PyTorch itself; never translated.
    "mixed_devices": Message(
        "Expected all tensors to be on the same device, but found at least two devices, twin:0 and "
        "cpu!"
    ),
    "no_numpy": Message(
        "can't convert twin:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to "
        "host memory first."
    ),
    "generator_device": Message("Expected a 'twin' device type for generator but found 'cpu'."),
    # A CPU tensor meets a twin tensor.
    "cpu_tensor": _(
        "A CPU tensor of shape {shape} meets x, which is on twin:0 (a simulated GPU).",
        **_LATER,
    ),
    "cpu_tensor_advice": _(
        "A CPU tensor of shape {shape} meets x, which is on twin:0 (a simulated GPU). Create "
        "it on the device of x (`device=x.device`), or move it there once: `.to(x.device)`.",
        **_LATER,
    ),
    "moved_to_cpu": _(
        "`.cpu()` or `.to(...)` made a CPU tensor, but x is on twin:0 (a simulated GPU). "
        "Leave it on the device of x: without the move, no copy is needed."
    ),
    "moved_to_cpu_in_line": _(
        "`.cpu()` or `.to(...)` on line {line} made a CPU tensor, but x is on twin:0 (a simulated "
        "GPU). Leave it on the device of x: without the move, no copy is needed.",
        **_LATER,
    ),
    "created_on_cpu": _(
        "`torch.{call}` created a CPU tensor, but x is on twin:0 (a simulated GPU). Create it "
        "on the device of x: `device=x.device`.",
        **_LATER,
    ),
    "created_on_cpu_in_line": _(
        "`torch.{call}` on line {line} created a CPU tensor, but x is on twin:0 (a simulated "
        "GPU). Create it on the device of x: `device=x.device`.",
        **_LATER,
    ),
    "filled_on_cpu": _(
        "`torch.{call}` created a CPU tensor, but x is on twin:0 (a simulated GPU). Create it "
        "on the device of x: `x.new_{call}` or `device=x.device`.",
        **_LATER,
    ),
    "filled_on_cpu_in_line": _(
        "`torch.{call}` on line {line} created a CPU tensor, but x is on twin:0 (a simulated "
        "GPU). Create it on the device of x: `x.new_{call}` or `device=x.device`.",
        **_LATER,
    ),
    # Who holds that CPU tensor.
    "held_by_attribute": _(
        "{place} is a plain attribute of {kind}, and `.to()` does not move such a tensor. "
        '`self.register_buffer("{attribute}", ...)` lets it move along and be saved (use '
        "`nn.Parameter` if it is learned).",
        **_LATER,
    ),
    "held_by_container": _(
        "It belongs to a module in {place}, a Python {kind}, which `.to()` does not look into. "
        "`nn.ModuleList` (or `nn.ModuleDict`) registers the modules that it contains.",
        **_LATER,
    ),
    "held_by_module": _(
        "It belongs to the module {name}, which is on the CPU. Create the module on the device of "
        "x, `nn.Linear(..., device=x.device)`, or move it there once: `.to(x.device)`.",
        **_LATER,
    ),
    "held_by_global": _(
        "It is the global {name}, created once on the CPU. Write {move} where you use it, or "
        "create it in the function, where x is known.",
        **_LATER,
    ),
    "held_by_global_in_line": _(
        "It is the global {name} (line {line}), created once on the CPU. Write {move} where you "
        "use it, or create it in the function, where x is known.",
        **_LATER,
    ),
    # Other misuse of devices.
    "numpy_advice": _("NumPy cannot read the memory of a GPU. Use torch operations instead."),
    "generator_advice": _(
        "Create the generator on the device that draws the numbers: "
        "`torch.Generator(device=x.device)`."
    ),
    "explicit_device": _(
        "The code names the device {kind} explicitly, but x is on another device. Take the device "
        "from the input, and the code runs anywhere: `device=x.device`, `.to(x.device)`.",
        **_LATER,
    ),
    "explicit_device_in_line": _(
        "Line {line} names the device {kind} explicitly, but x is on another device. Take the "
        "device from the input, and the code runs anywhere: `device=x.device`, `.to(x.device)`.",
        **_LATER,
    ),
    "data_from_cpu": _(
        "x.data of a tensor on twin:0 was set to a CPU tensor. Move it first: `.to(x.device)`."
    ),
    "data_from_other": _(
        "x.data of a tensor on twin:0 was set to a value of type {kind}. Assign a tensor on the "
        "same device.",
        **_LATER,
    ),
}
"""Messages without their values, by key."""

_FILLED: Final = {"zeros", "ones", "empty", "full"}
"""Factories with a `new_...` method that takes the same arguments."""


_Error = TypeVar("_Error", bound=Exception)


class Sentence(NamedTuple):
    """One message as data.

    Attributes:
        key: of its template.
        values: for the template.
    """

    key: str
    values: Mapping[str, str | int] = {}


def device_error(kind: type[_Error], *sentences: Sentence) -> _Error:
    """Return an error with an English text, and with its sentences as data in `details`."""
    messages = [Message(TEMPLATES[key].template, values) for key, values in sentences]
    error = kind(str(join(*messages)))
    vars(error)["details"] = {
        "messages": [{"key": key, "values": dict(values)} for key, values in sentences]
    }
    return error


def mixed_devices_error(host: Tensor, origins: Origins | None) -> RuntimeError:
    """Return the error for a CPU tensor that meets a twin tensor.

    Args:
        host: the CPU tensor.
        origins: which calls created which CPU tensors.
    """
    sentences = _about_host_tensor(host, origins)
    return device_error(RuntimeError, Sentence("mixed_devices"), *sentences)


def _about_host_tensor(host: Tensor, origins: Origins | None) -> list[Sentence]:
    origin = origins.of(host) if origins is not None else None
    if origin is None:
        source = host if origins is None else origins.source(host)
        shape = {"shape": str(tuple(source.shape))}
        owner = find_owner(source)
        if owner is None:
            return [Sentence("cpu_tensor_advice", shape)]
        return [Sentence("cpu_tensor", shape), _about_owner(owner)]
    if origin.name == "to_copy":
        return [_with_line("moved_to_cpu", origin.line)]
    key = "filled_on_cpu" if origin.name in _FILLED else "created_on_cpu"
    return [_with_line(key, origin.line, call=origin.call)]


def _about_owner(owner: Owner) -> Sentence:
    key = f"held_by_{owner.kind}"
    return _with_line(key, owner.line, **owner.names)


def _with_line(key: str, line: int | None, **values: str) -> Sentence:
    """Return the sentence that names the line, if it is known."""
    return Sentence(f"{key}_in_line", {"line": line, **values}) if line else Sentence(key, values)


def numpy_error() -> TypeError:
    """Return the error for NumPy reading a device's memory."""
    return device_error(TypeError, Sentence("no_numpy"), Sentence("numpy_advice"))


def explicit_device_error(kind: str) -> RuntimeError:
    """Return the error for a device that is named in the code.

    Args:
        kind: the device type, such as `cuda`.
    """
    sentence = _with_line("explicit_device", learner_line(), kind=kind.upper())
    return device_error(RuntimeError, sentence)


def data_error(value: Any) -> RuntimeError:
    """Return the error for `x.data = value` with a value that is not on the twin."""
    if isinstance(value, torch.Tensor):
        return device_error(RuntimeError, Sentence("data_from_cpu"))
    kind = type(value).__name__
    return device_error(RuntimeError, Sentence("data_from_other", {"kind": kind}))


def generator_error() -> RuntimeError:
    """Return the error for drawing numbers on the twin with a CPU generator."""
    return device_error(RuntimeError, Sentence("generator_device"), Sentence("generator_advice"))
