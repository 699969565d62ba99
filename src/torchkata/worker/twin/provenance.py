"""Where a CPU tensor comes from: the call that created it, or the variable that holds it."""

from __future__ import annotations

import linecache
import re
import sys
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import FrameType
from typing import Any, Final

from torch import Tensor, nn
from torch.utils.weak import WeakIdKeyDictionary

from torchkata.worker.frames import PREFIX, learner_line

_MOST: Final = 200  # names, attributes or modules to search
_SIZED: Final = {
    *("zeros", "ones", "empty", "full", "rand", "randn", "arange", "eye", "linspace"),
    *("randperm", "randint"),
}
"""Factories whose arguments are short enough to show."""
_LONGEST: Final = 40  # characters of shown arguments


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The call that created a CPU tensor.

    Attributes:
        name: such as `zeros`.
        call: the call as text, such as `zeros(3, 4)`.
        line: the line of the submission; None if unknown.
    """

    name: str
    call: str
    line: int | None


class Origins:
    """Records which call created each CPU tensor; forgets a tensor as soon as it is freed."""

    def __init__(self) -> None:
        self._created: WeakIdKeyDictionary = WeakIdKeyDictionary()

    def __len__(self) -> int:
        return len(self._created)

    def record(
        self, op: Any, args: tuple[Any, ...], sources: Iterable[Tensor], tensors: Iterable[Tensor]
    ) -> None:
        """Record that `op` created `tensors`, or that they derive from CPU tensors.

        Args:
            op: an ATen operation.
            args: its arguments.
            sources: the CPU tensors among its arguments.
            tensors: the CPU tensors among its results.
        """
        sources = list(sources)
        created = next((self._created[t] for t in sources if t in self._created), None)
        if created is None and sources and op.overloadpacket.__name__ != "lift_fresh":
            created = weakref.ref(sources[0])  # older than this record; look for its owner later
        for tensor in tensors:
            if tensor not in self._created:
                created = created or (op, _without_tensors(args), learner_line())
                self._created[tensor] = created

    def of(self, tensor: Tensor) -> Origin | None:
        """Return the call that created a tensor; None if it was not recorded."""
        created = self._created.get(tensor)  # type: ignore[no-untyped-call]
        if created is None or isinstance(created, weakref.ref):
            return None
        op, args, line = created
        name = op.overloadpacket.__name__
        name = "tensor" if name == "lift_fresh" else name.lstrip("_")
        return Origin(name=name, call=f"{name}({_arguments(name, args)})", line=line)

    def source(self, tensor: Tensor) -> Tensor:
        """Return the older tensor from which this one was computed; itself if there is none."""
        created = self._created.get(tensor)  # type: ignore[no-untyped-call]
        older = created() if isinstance(created, weakref.ref) else None
        return tensor if older is None else older


def _without_tensors(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the arguments without tensors: the record must not keep any alive."""
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
    return text if len(text) <= _LONGEST else "..."


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The variable that holds a tensor.

    Attributes:
        kind: `attribute` (of a module), `container` (in a module's attribute), `module` or
            `global`.
        names: the names that describe it, for messages.
        line: the line of the submission that assigns it; None if unknown.
    """

    kind: str
    names: dict[str, str] = field(default_factory=dict)
    line: int | None = None


def find_owner(tensor: Tensor) -> Owner | None:
    """Search the learner's running functions and globals for a tensor."""
    for frame in _frames():
        for name, value in islice(frame.f_locals.items(), _MOST):
            if isinstance(value, nn.Module) and (owner := _in_module(name, value, tensor)):
                return owner
    for frame in _frames():
        for name, value in islice(frame.f_globals.items(), _MOST):
            if _same(value, tensor):
                line = _assigned_in(name, frame.f_code.co_filename)
                names = {"name": f"`{name}`", "move": f"`{name}.to(x.device)`"}
                return Owner(kind="global", names=names, line=line)
    return None


def _frames() -> Iterator[FrameType]:
    """Yield the learner's frames, the innermost first."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the documented way to walk the stack
    while frame is not None:
        if frame.f_code.co_filename.startswith(PREFIX):
            yield frame
        frame = frame.f_back


def _same(value: object, tensor: Tensor) -> bool:
    return isinstance(value, Tensor) and (value is tensor or value.data_ptr() == tensor.data_ptr())


def _in_module(name: str, module: nn.Module, tensor: Tensor) -> Owner | None:
    for attribute, value in islice(vars(module).items(), _MOST):
        if attribute.startswith("_"):  # PyTorch's own, such as the registered parameters
            continue
        place = f"`{name}.{attribute}`"
        if _same(value, tensor):
            names = {"place": place, "kind": type(module).__name__, "attribute": attribute}
            return Owner(kind="attribute", names=names)
        if any(_holds(inner, tensor) for inner in _modules(value)):
            return Owner(kind="container", names={"place": place, "kind": type(value).__name__})
    if name != "self" and _holds(module, tensor):
        return Owner(kind="module", names={"name": f"`{name}`"})
    return None


def _modules(value: object) -> list[nn.Module]:
    """Return the modules in a plain container."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, list | tuple):
        return []
    return [part for part in value[:_MOST] if isinstance(part, nn.Module)]


def _holds(module: nn.Module, tensor: Tensor) -> bool:
    registered: Iterator[Any] = islice((*module.parameters(), *module.buffers()), _MOST)
    return any(_same(value, tensor) for value in registered)


def _assigned_in(name: str, file: str) -> int | None:
    """Return the line that assigns a global; None if there is none."""
    pattern = re.compile(rf"{re.escape(name)}\s*(?::[^=]+)?=(?!=)")
    lines = enumerate(linecache.getlines(file), start=1)
    return next((number for number, line in lines if pattern.match(line)), None)
