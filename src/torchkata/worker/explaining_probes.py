"""Probes that repeat a failing call for an explanation: which trap does the same, where nan starts.

They run in the worker, beside the submission. What they return helps to explain; it proves nothing.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from functools import partial
from io import StringIO
from types import FrameType, ModuleType
from typing import Any

import torch
from torch.utils._pytree import tree_leaves, tree_map, tree_map_only

from torchkata.worker.devices import on_device, to_cpu, to_device
from torchkata.worker.frames import PREFIX

_MOST_NODES = 5000
_MOST_TEXT = 400
_LINE = re.compile(rf'File "{PREFIX}[^"]*", line (\d+)')


def outcome(
    module: ModuleType,
    bind: Mapping[str, str],
    probe: Callable[..., object],
    arguments: tuple[object, ...],
    device: str,
    *,
    gradient: bool = False,
) -> dict[str, object]:
    """Run another probe while names of the module stand for others.

    Args:
        module: the submission, or the solution with its traps.
        bind: name -> the name whose value replaces it meanwhile.
        probe: the probe to run.
        arguments: its arguments.
        device: the device to run on.
        gradient: whether to differentiate a weighted sum of the results with respect to the
            floating tensors among the arguments.

    Returns:
        `value`, and `gradients` if requested; or `error` and `text` of what was raised.
    """
    with _bound(module, bind), on_device(device), redirect_stdout(StringIO()):
        try:
            leaves: list[torch.Tensor] = []
            moved = _copied(to_device(arguments, device))
            if gradient:
                moved = _with_gradients(moved, leaves)
            value = probe(module, *moved)
            found = {"gradients": _gradients(value, leaves)} if gradient else {}
        except Exception as error:  # noqa: BLE001 - what it raises is compared, too
            return {"error": type(error).__name__, "text": str(error)[:_MOST_TEXT]}
        return {"value": _detached(to_cpu(value, device)), **to_cpu(found, device)}


def call_bound(
    module: ModuleType,
    bind: Mapping[str, str],
    probe: Callable[..., object],
    arguments: tuple[object, ...],
) -> object:
    """Run another probe while names of the module stand for others; return its result."""
    with _bound(module, bind):
        return probe(module, *arguments)


def outcomes_of_versions(
    module: ModuleType,
    sources: list[bytes],
    bind: Mapping[str, str],
    probe: Callable[..., object],
    arguments: tuple[object, ...],
    device: str,
    *,
    gradient: bool = False,
) -> list[dict[str, object]]:
    """Return the `outcome` of a probe for several versions of the submission's file."""
    return [
        {}
        if (version := _loaded(module, source, bind)) is None
        else outcome(version, {}, probe, arguments, device, gradient=gradient)
        for source in sources
    ]


def _loaded(module: ModuleType, source: bytes, bind: Mapping[str, str]) -> ModuleType | None:
    """Load a version of the submission's file beside the submission; None if that raises."""
    version = ModuleType(module.__name__)
    version.__file__ = module.__file__
    try:
        with redirect_stdout(StringIO()):
            code = compile(source, str(module.__file__), "exec", dont_inherit=True)
            exec(code, version.__dict__)  # noqa: S102 - as the worker itself does
        for name, other in bind.items():
            setattr(version, name, getattr(version, other))
    except Exception:  # noqa: BLE001 - a change may break the file
        return None
    for name, thing in list(vars(module).items()):  # what the engine installed beside it
        if isinstance(thing, partial) and thing.args[:1] == (module,):
            setattr(version, name, partial(thing.func, version, *thing.args[1:], **thing.keywords))
    return version


def _copied(tree: Any) -> Any:
    """Copy tensors and generators, so that no call changes what the next one receives."""

    def copied(leaf: Any) -> Any:
        if isinstance(leaf, torch.Tensor):
            plain = leaf.detach().clone(memory_format=torch.preserve_format)
            return plain.requires_grad_() if leaf.requires_grad else plain
        if isinstance(leaf, torch.Generator):
            return torch.Generator(leaf.device).set_state(leaf.get_state())
        return leaf

    return tree_map(copied, tree)


@contextmanager
def _bound(module: ModuleType, bind: Mapping[str, str]) -> Iterator[None]:
    saved = {name: getattr(module, name) for name in bind}
    try:
        for name, other in bind.items():
            setattr(module, name, getattr(module, other))
        yield
    finally:
        for name, thing in saved.items():
            setattr(module, name, thing)


def _with_gradients(tree: Any, leaves: list[torch.Tensor]) -> Any:
    """Copy the floating tensors that need no gradient yet, so that they need one; collect them."""

    def copied(tensor: torch.Tensor) -> torch.Tensor:
        if not tensor.is_floating_point() or tensor.requires_grad:
            return tensor
        leaf = tensor.detach().clone().requires_grad_()
        leaves.append(leaf)
        return leaf

    return tree_map_only(torch.Tensor, copied, tree)


def _gradients(value: object, leaves: list[torch.Tensor]) -> list[torch.Tensor | None]:
    generator = torch.Generator().manual_seed(0)
    results = [
        leaf
        for leaf in tree_leaves(value)
        if isinstance(leaf, torch.Tensor) and leaf.requires_grad and leaf.is_floating_point()
    ]
    if not results or not leaves:
        return []
    weights = [torch.randn(r.shape, generator=generator).to(r.device, r.dtype) for r in results]
    return list(torch.autograd.grad(results, leaves, weights, allow_unused=True))


def _detached(tree: Any) -> Any:
    return tree_map_only(torch.Tensor, torch.Tensor.detach, tree)


def first_bad_gradient(
    module: ModuleType, probe: Callable[..., object], arguments: tuple[object, ...], device: str
) -> dict[str, object]:
    """Find the operation whose backward pass turns finite gradients into nan or infinity.

    Returns:
        `node`, such as `SqrtBackward0`, and its `line` (0 if unknown); `masked`, whether the
        gradient that it receives is 0 there, and `where`, the line of the `where` or
        `masked_fill` that made it 0 (0 if there is none). Empty if there is no such operation.
    """
    with on_device(device), torch.autograd.set_detect_anomaly(True, check_nan=False):
        try:
            leaves: list[torch.Tensor] = []
            value = probe(module, *_with_gradients(to_device(arguments, device), leaves))
            watch = _Watch(value)
            _gradients(value, leaves)
        except Exception:  # noqa: BLE001 - there is nothing to find then
            return {}
    return watch.found


class _Watch:
    """Watches the nodes of a graph during a backward pass.

    Args:
        value: the results of the forward pass.
    """

    def __init__(self, value: object) -> None:
        self.found: dict[str, object] = {}
        self._selected = 0  # the line of the last selection that made a gradient 0
        for node in _nodes(value):
            node.register_hook(lambda out, into, node=node: self._look(node, out, into))

    def _look(self, node: Any, out: Any, into: Any) -> None:
        if self.found:
            return
        given = [each for each in into if each is not None]
        made = [each for each in out if each is not None]
        selects = node.name() in ("WhereBackward0", "MaskedFillBackward0", "MaskedFillBackward1")
        if selects and any(bool((each == 0).any()) for each in made):
            self._selected = _line_of(node) or self._selected
        bad = [~each.isfinite() for each in made]
        if not any(bool(each.any()) for each in bad) or not all(
            bool(each.isfinite().all()) for each in given
        ):
            return
        masked = any(
            each.shape == faults.shape and bool((each[faults] == 0).any())
            for each in given
            for faults in bad
        )
        self.found = {
            "node": str(node.name()),
            "line": _line_of(node),
            "masked": masked,
            "where": self._selected,
        }


def _nodes(value: object) -> list[Any]:
    """Return the nodes of the graphs of all results."""
    fresh = [
        leaf.grad_fn
        for leaf in tree_leaves(value)
        if isinstance(leaf, torch.Tensor) and leaf.grad_fn is not None
    ]
    seen: dict[Any, None] = {}
    while fresh and len(seen) < _MOST_NODES:
        node = fresh.pop()
        if node in seen:
            continue
        seen[node] = None
        fresh += [child for child, _index in node.next_functions if child is not None]
    return list(seen)


def _line_of(node: Any) -> int:
    """Return the line of the submission that ran the forward pass of a node; 0 if unknown."""
    frames = "".join(node.metadata.get("traceback_", ()))
    lines = _LINE.findall(frames)
    return int(lines[-1]) if lines else 0


def count_turns(
    module: ModuleType, line: int, probe: Callable[..., object], arguments: tuple[object, ...]
) -> int:
    """Run another probe and return how often a line of the submission runs.

    A line with several instructions to jump to counts once per turn.
    """
    seen: Counter[int] = Counter()

    def watch(frame: FrameType, event: str, _argument: object) -> Any:
        if not frame.f_code.co_filename.startswith(PREFIX):
            return None
        if event == "line" and frame.f_lineno == line:
            seen[frame.f_lasti] += 1
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        with redirect_stdout(StringIO()):
            probe(module, *arguments)
    finally:
        sys.settrace(before)
    return max(seen.values(), default=0)
