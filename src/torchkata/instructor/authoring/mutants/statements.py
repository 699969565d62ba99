"""Faults in statements: deleted ones, wrong results, other defaults, in-place work, detours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import libcst as cst

from torchkata.instructor.authoring.mutants import tables
from torchkata.instructor.authoring.mutants.edit import Edit
from torchkata.instructor.authoring.mutants.reference import Site, code, walk

CUTS: Final = (".detach()", ".item()", ".tolist()")
"""How an expression ends that has no gradient."""

_WITHOUT_GRADIENT: Final = frozenset({
    "detach", "data", "shape", "dim", "numel", "size", "dtype", "device", "is_floating_point",
})  # fmt: skip
_NEW: Final = ("torch.tensor", "torch.arange", "torch.zeros", "torch.ones")
"""Functions whose results have no graph."""

_MOST_RESULTS: Final = 2  # other variables that a function returns by mistake
_NO_TENSORS: Final = ("int", "float", "bool", "str", "torch.Generator", "np.random.Generator")
_TENSORS: Final = ("Tensor", "torch.Tensor")


def deletions(site: Site) -> Iterator[Edit]:
    """Delete a statement, or the `if` or `with` around some."""
    match site.node:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.Call() as call)]):
            if not code(call).startswith("super()"):
                yield Edit("deleted statement", site, None)
        case cst.SimpleStatementLine(body=[cst.AugAssign()]):
            yield Edit("deleted statement", site, None)
        case cst.SimpleStatementLine(body=[cst.Assign(targets=targets)]):
            names = {n for target in targets for n in _names(target.target)}
            if names and names <= set(_bound_before(site)):
                yield Edit("deleted statement", site, None)
        case cst.If(orelse=None):
            if not isinstance(site.parent, cst.If):
                yield Edit("deleted if", site, None)
        case cst.With(items=items, body=cst.IndentedBlock(body=body)):
            if all(item.asname is None for item in items):
                yield Edit("deleted with", site, cst.FlattenSentinel(body))


def results(site: Site) -> Iterator[Edit]:
    """Return another variable, or the results in another order."""
    if not isinstance(site.node, cst.Return) or site.node.value is None:
        return
    value, node = site.node.value, site.node
    others = [name for name in _tensor_variables(site) if name != code(value)]
    for name in list(dict.fromkeys(others))[:_MOST_RESULTS]:
        yield Edit("wrong result", site, node.with_changes(value=cst.Name(name)))
    match value:
        case cst.Tuple(elements=[first, second]):
            elements = [
                first.with_changes(value=second.value),
                second.with_changes(value=first.value),
            ]
            swapped = value.with_changes(elements=elements)
            yield Edit("swapped results", site, node.with_changes(value=swapped))
    function = site.function
    text = code(value)
    is_new = isinstance(value, cst.Call) and code(value.func) in _NEW
    is_cut = isinstance(value, cst.Name) or text.endswith(CUTS) or is_new
    if function is not None and _is_differentiable(function) and not is_cut:
        detached = cst.parse_expression(f"({text}).detach()")
        yield Edit("detach", site, node.with_changes(value=detached))


def defaults(site: Site) -> Iterator[Edit]:
    """Change the default value of a parameter."""
    if not isinstance(site.node, cst.Param) or site.node.default is None:
        return
    node, default = site.node, site.node.default
    for text in _other_values(code(default)):
        yield Edit("default", site, node.with_changes(default=cst.parse_expression(text)))


def assignments(site: Site) -> Iterator[Edit]:
    """Work in place instead of out of place, and the other way round."""
    match site.node:
        case cst.AugAssign(target=cst.Name() as target, operator=augmented, value=value) if (
            not isinstance(value, cst.List)
        ):
            for plain, in_place in tables.IN_PLACE.items():
                if isinstance(augmented, in_place):
                    operation = cst.BinaryOperation(target, plain(), value)
                    yield Edit("not in place", site, _assign(target, operation))
                    for other in tables.BINARY[plain]:
                        if other in tables.IN_PLACE:
                            changed = site.node.with_changes(operator=tables.IN_PLACE[other]())
                            yield Edit("operator", site, changed)
        case cst.Assign(
            targets=[cst.AssignTarget(target=cst.Name() as target)],
            value=cst.BinaryOperation(left=cst.Name(value=left), operator=operator, right=right),
        ) if target.value == left and type(operator) in tables.IN_PLACE:
            changed = cst.AugAssign(target, tables.IN_PLACE[type(operator)](), right)
            yield Edit("in place", site, changed)


def loops(site: Site) -> Iterator[Edit]:
    """Run a loop once less or once more often."""
    match site.node:
        case cst.For(iter=cst.Call(func=cst.Name(value="range"), args=[only])) as node:
            for change in ("- 1", "+ 1"):
                times = cst.parse_expression(f"range({code(only.value)} {change})")
                yield Edit("loop count", site, node.with_changes(iter=times))


def graph_cuts(site: Site) -> Iterator[Edit]:
    """Read a tensor argument without its gradient, once."""
    match site.node:
        case cst.Name(value=name) if (
            _is_read(site) and name in _tensor_parameters(site) and not _is_detached(site)
        ):
            yield Edit("data", site, cst.parse_expression(f"{name}.data"))


STATEMENTS: Final[tuple[Callable[[Site], Iterator[Edit]], ...]] = (
    deletions, results, defaults, assignments, loops, graph_cuts,
)  # fmt: skip
"""The operators of this module."""


def _other_values(text: str) -> Iterator[str]:
    if text in ("True", "False"):
        yield "False" if text == "True" else "True"
        return
    try:
        number = float(text)
    except ValueError:
        if text.strip("\"'") in tables.STRINGS:
            yield f'"{tables.STRINGS[text.strip(chr(34) + chr(39))]}"'
        return
    if number.is_integer() and "." not in text and "e" not in text.lower():
        yield str(int(number) + 1)
        yield str(int(number) - 1)
    else:
        yield repr(number * 2)


def _assign(target: cst.Name, value: cst.BaseExpression) -> cst.Assign:
    return cst.Assign([cst.AssignTarget(target)], value)


def _names(node: cst.CSTNode) -> Iterator[str]:
    """Yield the names that a target binds; none if it binds more than names."""
    match node:
        case cst.Name(value=name):
            yield name
        case cst.Tuple(elements=elements):
            for element in elements:
                yield from _names(element.value)


def _bound_before(site: Site) -> Iterator[str]:
    """Yield parameters and the variables that earlier statements of the function bind."""
    function = site.function
    if function is None:
        return
    yield from (param.name.value for param in _parameters(function))
    for inner in walk(function.body):
        if inner.node is site.node:
            return
        if isinstance(inner.node, cst.Assign):
            for target in inner.node.targets:
                yield from _names(target.target)


def _parameters(function: cst.FunctionDef) -> tuple[cst.Param, ...]:
    params = function.params
    return (*params.posonly_params, *params.params, *params.kwonly_params)


def _tensor_parameters(site: Site) -> list[str]:
    function = site.function
    if function is None:
        return []
    return [
        param.name.value
        for param in _parameters(function)
        if param.annotation is not None and code(param.annotation.annotation) in _TENSORS
    ]


def _tensor_variables(site: Site) -> list[str]:
    """Return variables that may be returned by mistake: the latest one first, then arguments."""
    function = site.function
    if function is None or not _returns_tensor(function):
        return []
    arguments = _tensor_parameters(site)
    bound = [name for name in _bound_before(site) if name not in arguments]
    plain = {param.name.value for param in _parameters(function)}
    return [*(name for name in reversed(bound) if name not in plain), *arguments]


def _returns_tensor(function: cst.FunctionDef) -> bool:
    return function.returns is not None and code(function.returns.annotation) in _TENSORS


def _is_differentiable(function: cst.FunctionDef) -> bool:
    """Return whether a function can return a tensor with a gradient, as far as it says."""
    texts = [
        code(param.annotation.annotation) if param.annotation is not None else "self"
        for param in _parameters(function)
    ]
    depends = any(text.split(" ")[0] not in _NO_TENSORS for text in texts)
    return depends and _returns_tensor(function)


def _is_read(site: Site) -> bool:
    """Return whether a name stands where its value enters a computation."""
    match site.parent:
        case cst.BinaryOperation() | cst.Arg(keyword=None) | cst.Return():
            return True
        case cst.Attribute(value=value):
            call = site.above[-2] if len(site.above) > 1 else None
            return value is site.node and isinstance(call, cst.Call) and call.func is site.parent
    return False


def _is_detached(site: Site) -> bool:
    """Return whether the gradient through a node is cut anyway."""
    return any(
        isinstance(outer, cst.Attribute) and outer.attr.value in _WITHOUT_GRADIENT
        for outer in site.above
    )
