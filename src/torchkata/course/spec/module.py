"""The spec of a module: what it registers, and that its state moves, loads and is not shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Module:
    """An entry point that returns a module: a subclass of `nn.Module`, or a function.

    What depends on the arguments of the module is given as a function of them.

    Attributes:
        name: as the submission defines it.
        arguments: for each module to judge, its arguments.
        parameters: the shapes of its parameters, by the path to each, such as `layers.0.weight`.
        buffers: the same for its buffers.
        x: the shape of the argument of forward, or a tuple with the shape of each; if it is empty,
            no forward pass is judged.
        exact_names: whether `named_parameters()` and `state_dict()` must use the paths as names.
    """

    name: str
    arguments: tuple[tuple[Any, ...], ...] = ((),)
    parameters: Shapes | Callable[..., Shapes] = field(default_factory=dict)
    buffers: Shapes | Callable[..., Shapes] = field(default_factory=dict)
    x: Any = ()
    exact_names: bool = True

    def parameters_for(self, arguments: tuple[Any, ...]) -> Shapes:
        """Return the shapes of the parameters with these arguments, by name."""
        return self.parameters(*arguments) if callable(self.parameters) else self.parameters

    def buffers_for(self, arguments: tuple[Any, ...]) -> Shapes:
        """Return the shapes of the buffers with these arguments, by name."""
        return self.buffers(*arguments) if callable(self.buffers) else self.buffers

    def state_for(self, arguments: tuple[Any, ...]) -> Shapes:
        """Return the shapes of all entries of `state_dict()` with these arguments, by name."""
        return {**self.parameters_for(arguments), **self.buffers_for(arguments)}

    def inputs_for(self, arguments: tuple[Any, ...]) -> tuple[tuple[int, ...], ...]:
        """Return the shapes of the arguments of forward with these arguments of the module."""
        shape = self.x(*arguments) if callable(self.x) else self.x
        has_several = bool(shape) and isinstance(shape[0], tuple)
        return tuple(shape) if has_several or not shape else (tuple(shape),)
