"""Attribute a backward pass to the lines of the forward pass that caused it.

Autograd numbers its nodes in the order in which they are created. So the numbers that are given
while a line runs tell which nodes belong to it.
"""

from __future__ import annotations

import sys
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, Self

import torch
from torch.autograd.graph import Node

from torchkata.worker.receipts.places import NOWHERE, Follows, Place, place_of, run_call

_next_number: Callable[[], int] = torch.autograd._get_sequence_nr  # type: ignore[attr-defined]  # noqa: SLF001 - no public name
_MOST_NODES: Final = 200_000


class BackwardLines:
    """Knows which line created each node, and which node the engine runs now.

    Args:
        follows: tells which code is followed.
    """

    def __init__(self, follows: Follows) -> None:
        self._follows = follows
        self._thread = threading.get_ident()
        self._ends = [_next_number()]
        self._places: list[Place] = [NOWHERE]  # numbers below the first end are older
        self._engines = 0  # backward passes that run now, one within another
        self._running: Place | None = None
        self._original: Callable[..., Any] | None = None

    def __enter__(self) -> Self:
        self._original = torch.autograd._engine_run_backward  # type: ignore[attr-defined]  # noqa: SLF001 - no public name
        torch.autograd._engine_run_backward = self._run_backward  # type: ignore[assignment,attr-defined]  # noqa: SLF001 - likewise
        return self

    def __exit__(self, *_exc: object) -> None:
        torch.autograd._engine_run_backward = self._original  # type: ignore[assignment,attr-defined]  # noqa: SLF001 - likewise

    def note(self, place: Place) -> None:
        """Note that all nodes created since the last call belong to a line."""
        if threading.get_ident() != self._thread:  # each thread has numbers of its own
            return
        number = _next_number()
        if number > self._ends[-1]:
            if self._places[-1] == place:
                self._ends[-1] = number
            else:
                self._ends.append(number)
                self._places.append(place)

    def is_newest(self, node: Node | None) -> bool:
        """Return whether a node is the last one that was created."""
        return node is not None and _number(node) == _next_number() - 1

    def where(self) -> tuple[Place, bool]:
        """Return the line that causes what runs now, and whether it is part of a backward pass.

        Code that a backward pass calls, such as a hook, causes its costs itself.
        """
        frame = sys._getframe(1)  # noqa: SLF001 - the documented way
        own, outermost = BackwardLines._run_backward.__code__, run_call.__code__
        while frame is not None and frame.f_code is not own and frame.f_code is not outermost:
            if self._follows(frame.f_code.co_filename):
                return (frame.f_code.co_filename, frame.f_lineno), self._engines > 0
            frame = frame.f_back  # type: ignore[assignment]
        if not self._engines:
            return NOWHERE, False
        return self._running or place_of(frame, self._follows), True

    def _run_backward(self, outputs: Sequence[Any], *args: Any, **kwargs: Any) -> Any:
        """Stand in for the engine: note which node it runs."""
        assert self._original is not None
        before, self._running = self._running, None
        self._engines += 1
        handles = []
        for node, place in self._causes(outputs):
            with suppress(RuntimeError, NotImplementedError):
                handles.append(node.register_prehook(self._starting(place)))
        try:
            return self._original(outputs, *args, **kwargs)
        finally:
            for handle in handles:
                handle.remove()
            self._engines -= 1
            self._running = before

    def _starting(self, place: Place) -> Callable[[Any], None]:
        def note(_gradients: Any) -> None:
            self._running = place

        return note

    def _causes(self, outputs: Sequence[Any]) -> Iterator[tuple[Node, Place]]:
        """Yield every node of a graph with its line: that of the first use, for a leaf."""
        pending = [node for each in outputs if (node := _node_of(each)) is not None]
        consumers: dict[Node, list[int]] = {node: [] for node in pending}
        while pending and len(consumers) < _MOST_NODES:
            node = pending.pop()
            number = _number(node)
            for child, _position in node.next_functions:
                if child is None:
                    continue
                if child not in consumers:
                    consumers[child] = []
                    pending.append(child)
                consumers[child].append(number)
        for node, users in consumers.items():
            number = _number(node)
            is_leaf = not node.next_functions and users
            yield node, self._place(min(users) if is_leaf else number)

    def _place(self, number: int) -> Place:
        position = bisect_right(self._ends, number)
        return self._places[position] if position < len(self._places) else NOWHERE


def _node_of(output: Any) -> Node | None:
    if not isinstance(output, torch.Tensor):
        return getattr(output, "node", None)
    return output.grad_fn


def _number(node: Any) -> int:
    number: int = node._sequence_nr()  # noqa: SLF001 - no public name
    return number
