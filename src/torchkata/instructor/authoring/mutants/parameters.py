"""What the parameters of an entry point hold: from annotations, and from the grader's inputs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import libcst as cst
import torch

from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.course.spec.inputs import RandomSource, Sizes
from torchkata.instructor.authoring.mutants.reference import code

Kind = Literal[
    "tensor",
    "tensors",
    "whole",
    "real",
    "plain",
    "generator",
    "module",
    "optimizer",
    "callable",
    "other",
]
_ANNOTATIONS: Final[tuple[tuple[str, Kind], ...]] = (
    ("Callable", "callable"),
    ("np.random", "plain"),
    ("Generator", "generator"),
    ("Optimizer", "optimizer"),
    ("list[Tensor]", "tensors"),
    ("Sequence[Tensor]", "tensors"),
)
"""What an annotation contains, and the kind that follows; the first match counts."""

_EXACT: Final[dict[str, Kind]] = {
    "int": "whole", "float": "real", "bool": "plain", "str": "plain", "torch.dtype": "plain",
    "nn.Module": "module", "Tensor": "tensor", "torch.Tensor": "tensor",
    "Tensor | float": "tensor",
}  # fmt: skip
_CHANGEABLE: Final = ("list", "Sequence", "Iterable", "Tensor", "Any", "object")
_MATRIX: Final = 2


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter of an entry point.

    Attributes:
        name: as the reference calls it.
        kind: what it holds.
        floating: whether its tensors can be floating.
        integral: whether its tensors can be integral.
        rows: the most rows of its tensor; None if it is unknown.
        matrix: whether its tensor can be square.
        can_be_empty: whether a case has no rows.
        changeable: whether it can be a list or hold tensors, so that a function can change it.
    """

    name: str
    kind: Kind
    floating: bool = True
    integral: bool = False
    rows: int | None = None
    matrix: bool = True
    can_be_empty: bool = False
    changeable: bool = True


def parameters_of(
    function: cst.FunctionDef, aliases: Mapping[str, str], spec: Function | None
) -> list[Parameter]:
    """Describe the parameters of a function, without `self`.

    Args:
        function: its definition.
        aliases: what the names of types in annotations stand for.
        spec: how the grader calls it, if it draws the arguments.
    """
    params = function.params
    described = [
        _described(param, aliases)
        for param in (*params.posonly_params, *params.params, *params.kwonly_params)
        if param.name.value not in {"self", "cls"}
    ]
    if spec is None or spec.adapter is not None:
        return described
    drawn = list(_draws(spec))
    return [
        _completed(parameter, [arguments[i] for arguments in drawn if i < len(arguments)])
        for i, parameter in enumerate(described)
    ]


def returns_floating(spec: Function | None) -> bool:
    """Return whether a function returns floating tensors; assumed unless its baseline shows else.

    Args:
        spec: how the grader calls the function, if it draws the arguments.
    """
    if spec is None:
        return True
    for arguments in _draws(spec):
        with contextlib.suppress(Exception):
            leaves = torch.utils._pytree.tree_leaves(spec.naive(*arguments))  # noqa: SLF001
            tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
            if tensors:
                return any(tensor.is_floating_point() for tensor in tensors)
    return True


def aliases_in(module: cst.Module) -> dict[str, str]:
    """Return what the names stand for that a file assigns: `Curve` for a `Callable[...]`."""
    found = {}
    for statement in module.body:
        match statement:
            case cst.SimpleStatementLine(
                body=[cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=v)]
            ):
                found[name] = code(v)
    return found


def _described(param: cst.Param, aliases: Mapping[str, str]) -> Parameter:
    name = param.name.value
    text = code(param.annotation.annotation) if param.annotation is not None else ""
    text = aliases.get(text, text)
    changeable = not text or any(part in text for part in _CHANGEABLE)
    if text in _EXACT:
        return Parameter(name=name, kind=_EXACT[text], changeable=changeable)
    kinds: list[Kind] = [kind for part, kind in _ANNOTATIONS if part in text]
    return Parameter(name=name, kind=kinds[0] if kinds else "other", changeable=changeable)


def _draws(spec: Function) -> Iterator[tuple[object, ...]]:
    """Yield the arguments of each case that the grader can draw without writing files."""
    for case in spec.cases:
        if case.raises is None:
            with contextlib.suppress(Exception):
                yield _draw(spec, case)


def _draw(spec: Function, case: Case) -> tuple[object, ...]:
    sizes, generator = Sizes(case.sizes, spec.dtypes[0]), RandomSource(0).generator(case.name)
    if case.given is not None:
        return case.given(sizes, generator)
    return tuple(make(sizes, generator) for make in spec.inputs.values())


def _completed(parameter: Parameter, values: list[object]) -> Parameter:
    """Add what the drawn arguments show."""
    tensors = [value for value in values if isinstance(value, torch.Tensor)]
    if parameter.kind == "real" or not tensors:
        return parameter
    return replace(
        parameter,
        kind="tensor",
        floating=any(t.is_floating_point() for t in tensors),
        integral=any(_is_integral(t) for t in tensors),
        rows=max((len(t) for t in tensors if t.dim()), default=0),
        matrix=any(t.dim() >= _MATRIX and t.shape[-1] > 1 and t.shape[-2] > 1 for t in tensors),
        can_be_empty=any(t.numel() == 0 for t in tensors),
    )


def _is_integral(tensor: torch.Tensor) -> bool:
    return not tensor.is_floating_point() and tensor.dtype is not torch.bool
