"""Put a fault around an entry point: it is renamed, and a new function calls it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

import libcst as cst

from torchkata.course.spec.function import Function, Spec
from torchkata.course.spec.module import Module
from torchkata.instructor.authoring.mutants import faults, iteration
from torchkata.instructor.authoring.mutants.edit import Edit
from torchkata.instructor.authoring.mutants.faults import Fault
from torchkata.instructor.authoring.mutants.parameters import (
    aliases_in,
    parameters_of,
    returns_floating,
)
from torchkata.instructor.authoring.mutants.reference import Reference, Site, code, walk
from torchkata.instructor.authoring.mutants.statements import CUTS

_INNER: Final = "_mutant_inner_"
_PLAIN: Final = ("whole", "real", "plain", "generator")
_DATA: Final = ("__getitem__", "__len__")


def faults_of(reference: Reference, spec: Spec) -> Iterator[tuple[Site, Fault, Edit]]:
    """Yield each fault that can be put around an entry point, with the edit that does it.

    Args:
        reference: the reference.
        spec: how the grader calls the entry points.
    """
    specs = {function.name: function for function in spec.functions}
    modules = {entry.name: entry for entry in spec.entries if isinstance(entry, Module)}
    aliases, trains = aliases_in(reference.module), _calls_backward(reference.module)
    for statement in reference.module.body:
        if isinstance(statement, cst.FunctionDef) and statement.name.value in reference.names:
            site = Site(statement, (reference.module,))
            for fault in _of_function(statement, aliases, specs.get(statement.name.value)):
                if not (_changes_nothing(fault, statement) or (trains and _is_idle(fault))):
                    yield site, fault, _wrapped(site, fault)
        elif isinstance(statement, cst.ClassDef) and statement.name.value in reference.names:
            for method in statement.body.body:
                if isinstance(method, cst.FunctionDef) and not method.decorators:
                    site = Site(method, (reference.module, statement))
                    learns = _learns(modules.get(statement.name.value))
                    for fault in _of_method(method, aliases, learns=learns):
                        yield site, fault, _wrapped(site, fault)


def _of_function(
    function: cst.FunctionDef, aliases: dict[str, str], spec: Function | None
) -> Iterator[Fault]:
    parameters = parameters_of(function, aliases, spec)
    for parameter in parameters:
        yield from faults.argument_faults(parameter)
    yield from faults.result_faults(
        _returns(function, aliases),
        _packed(function),
        method=False,
        takes_tensors=any(parameter.kind not in _PLAIN for parameter in parameters),
        takes_floats=any(p.floating for p in parameters if p.kind not in _PLAIN),
        floating=returns_floating(spec),
    )


def _learns(module: Module | None) -> bool:
    """Return whether a module has parameters; assumed unless the spec shows that it has none."""
    return module is None or any(module.parameters_for(each) for each in module.arguments)


def _of_method(
    method: cst.FunctionDef, aliases: dict[str, str], *, learns: bool
) -> Iterator[Fault]:
    name = method.name.value
    if name == "forward":
        for parameter in parameters_of(method, aliases, None):
            yield from faults.argument_faults(parameter)
        yield from faults.result_faults(_returns(method, aliases), _packed(method), method=True)
        yield from faults.module_faults(learns=learns)
    elif name in _DATA:
        returns = _returns(method, aliases)
        yield from faults.result_faults(returns, _packed(method), method=True)
    elif name == "__iter__":
        returns = _returns(method, aliases)
        yield from iteration.pass_faults(tensors=not returns or "Tensor" in returns)
    elif name == "__init__":
        inner = code(method.body)
        if "super().__init__()" in inner:
            yield from faults.start_faults() if learns else ()
        else:
            for parameter in parameters_of(method, aliases, None):
                if parameter.changeable:
                    yield from iteration.start_faults(parameter.name)


def _calls_backward(module: cst.Module) -> bool:
    """Return whether a function of the reference runs a backward pass, which needs gradients."""
    calls = (site.node.func for site in walk(module) if isinstance(site.node, cst.Call))
    return any(isinstance(f, cst.Attribute) and f.attr.value == "backward" for f in calls)


def _is_idle(fault: Fault) -> bool:
    """Return whether a fault shows only without gradients, or in those of the arguments."""
    return fault.kind.endswith(("under no_grad", "under inference_mode", "detached argument"))


def _changes_nothing(fault: Fault, function: cst.FunctionDef) -> bool:
    """Return whether a fault cuts a gradient that the function cuts itself."""
    if "detached" not in fault.kind:
        return False
    sites = list(walk(function.body))
    results = [site.node.value for site in sites if isinstance(site.node, cst.Return)]
    if fault.kind != "detached argument":
        return all(value is not None and code(value).endswith(CUTS) for value in results)
    name = fault.about
    reads = [s for s in sites if isinstance(s.node, cst.Name) and s.node.value == name]
    first = next((n for n in reads[0].above if isinstance(n, cst.Assign)), None) if reads else None
    if first is not None and code(first).startswith(f"{name} = {name}.detach()"):
        return True
    around = [code(s.parent) for s in reads if s.parent is not None]
    return bool(around) and set(around) <= {f"{name}.detach", f"{name}.shape"}


def _returns(function: cst.FunctionDef, aliases: dict[str, str]) -> str:
    if function.returns is None:
        return ""
    text = code(function.returns.annotation)
    return aliases.get(text, text)


def _wrapped(site: Site, fault: Fault) -> Edit:
    """Return the edit that renames a function and puts one around it."""
    function = site.node
    assert isinstance(function, cst.FunctionDef)
    name = function.name.value
    inner = _INNER + name.strip("_")
    owner = "self." if isinstance(site.parent, cst.ClassDef) else ""
    call = f"{owner}{inner}({', '.join(_passed(function))})"
    header = cst.Module([]).code_for_node(function.params)
    lines = [fault.before, f"result = {fault.instead.replace('CALL', call)}", fault.after]
    if fault.instead.startswith("yield"):
        lines = [fault.before, fault.instead.replace("CALL", call), fault.after]
    else:
        lines.append("return result")
    body = textwrap.indent("\n".join(filter(None, lines)), "    ")
    outer = cst.parse_statement(f"def {name}({header}):\n{body}\n")
    renamed = function.with_changes(name=cst.Name(inner), decorators=function.decorators)
    return Edit(fault.kind, site, cst.FlattenSentinel([renamed, outer]))


def _passed(function: cst.FunctionDef) -> Iterator[str]:
    """Yield the arguments with which a function calls another one with the same parameters."""
    params = function.params
    for param in (*params.posonly_params, *params.params):
        if param.name.value != "self":
            yield param.name.value
    if isinstance(params.star_arg, cst.Param):
        yield f"*{params.star_arg.name.value}"
    for param in params.kwonly_params:
        yield f"{param.name.value}={param.name.value}"
    if params.star_kwarg is not None:
        yield f"**{params.star_kwarg.name.value}"


def _packed(function: cst.FunctionDef) -> str:
    names: Sequence[str] = [text for text in _passed(function) if "=" not in text]
    return f"({', '.join(names)}{',' if names else ''})"
