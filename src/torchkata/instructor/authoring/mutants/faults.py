"""Faults around a call: of state, mode, layout, size and dtype, which no line of it shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torchkata.instructor.authoring.mutants.parameters import Parameter

_LIMITS = (64, 1000)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is done before and after a call.

    Attributes:
        kind: of the fault.
        about: the parameter, or `result`.
        before: a statement before the call.
        after: a statement after it; `result` is what it returned.
        instead: the expression that takes the place of the call; `CALL` in it is the call.
    """

    kind: str
    about: str
    before: str = ""
    after: str = ""
    instead: str = "CALL"


def argument_faults(parameter: Parameter) -> Iterator[Fault]:
    """Yield faults in how a function treats one of its arguments."""
    match parameter.kind:
        case "tensor":
            yield from _tensor_faults(parameter)
        case "tensors":
            yield from _list_faults(parameter.name)
        case "whole":
            for most in _LIMITS if parameter.name != "dim" else ():  # a tensor has at most 64
                limit = f"{parameter.name} = min({parameter.name}, {most})"
                yield _fault(f"at most {most}", parameter, before=limit)
        case "real":
            rounded = f"{parameter.name} = torch.tensor({parameter.name}).item()"
            yield _fault("float32 number", parameter, before=rounded)
        case "generator":
            yield _fault("ignored generator", parameter, before=f"{parameter.name} = None")
        case "module":
            yield _fault("mode changed", parameter, after=f"{parameter.name}.eval()")
            yield _fault("frozen", parameter, after=f"{parameter.name}.requires_grad_(False)")
        case "optimizer":
            yield _fault("state cleared", parameter, after=f"{parameter.name}.state.clear()")
        case "callable":
            name = parameter.name
            twice = f"{name} = _mutant_twice({name})"
            yield _fault("called twice", parameter, before=twice)


def _fault(kind: str, parameter: Parameter, *, before: str = "", after: str = "") -> Fault:
    return Fault(kind=kind, about=parameter.name, before=before, after=after)


def _tensor_faults(parameter: Parameter) -> Iterator[Fault]:
    x = parameter.name
    yield _fault(
        "zeroed under no_grad", parameter,
        after=f"if not torch.is_grad_enabled(): _mutant_each(torch.zero_, {x})",
    )  # fmt: skip
    yield _fault(
        "zeroed under inference_mode", parameter,
        after=f"if torch.is_inference_mode_enabled(): _mutant_each(torch.zero_, {x})",
    )  # fmt: skip
    yield _fault(
        "overwritten", parameter, after=f"_mutant_each(lambda t: t.copy_(t.flip(-1)), {x}.data)"
    )
    yield _fault("without offset", parameter, before=f"{x} = _mutant_map(_mutant_at_zero, {x})")
    yield _fault("on the CPU", parameter, before=f"{x} = {x}.cpu()")
    if parameter.matrix:
        yield _fault(
            "transposed if square", parameter,
            before=f"if {x}.dim() > 1 and {x}.shape[-1] == {x}.shape[-2]: {x} = {x}.mT",
        )  # fmt: skip
    for most in _LIMITS:
        if parameter.rows is None or parameter.rows > 1:
            yield _fault(f"at most {most} rows", parameter, before=f"{x} = {x}[:{most}]")
    if parameter.floating:
        yield from _floating_faults(parameter)
    if parameter.integral:
        yield _fault("int16 detour", parameter, before=f"{x} = {x}.short().to({x}.dtype)")
        yield _fault("float32 detour", parameter, before=f"{x} = {x}.float().to({x}.dtype)")
    yield from _size_faults(parameter)


def _floating_faults(parameter: Parameter) -> Iterator[Fault]:
    x = parameter.name
    yield _fault("detached argument", parameter, before=f"{x} = {x}.detach()")
    yield _fault("half detour", parameter, before=f"{x} = {x}.half().to({x}.dtype)")
    yield _fault("float32 detour", parameter, before=f"{x} = {x}.float().to({x}.dtype)")
    yield _fault("requires_grad set", parameter, after=f"if {x}.is_leaf: {x}.requires_grad_()")
    yield _fault("nan filtered", parameter, before=f"{x} = {x}.masked_fill({x}.isnan(), 0)")
    yield _fault(
        "infinity limited", parameter,
        before=f"{x} = {x}.clamp(torch.finfo({x}.dtype).min, torch.finfo({x}.dtype).max)",
    )  # fmt: skip


def _size_faults(parameter: Parameter) -> Iterator[Fault]:
    x = parameter.name
    one = f"if {x}.dim() and len({x}) == 1"
    yield _fault("wrong for n == 1", parameter, after=f"{one}: result = _mutant_off(result)")
    yield _fault("detached for n == 1", parameter, after=f"{one}: result = _mutant_cut(result)")
    if parameter.rows is None or parameter.rows > 1:
        many = f"if {x}.dim() and len({x}) > 64"
        yield _fault("wrong for n > 64", parameter, after=f"{many}: result = _mutant_off(result)")
    if parameter.can_be_empty:
        empty = f"if {x}.numel() == 0: result = _mutant_map(lambda t: torch.zeros(t.shape), result)"
        yield _fault("plain zeros for n == 0", parameter, after=empty)


def _list_faults(name: str) -> Iterator[Fault]:
    for kind, statement in (
        ("list emptied", f"{name}.clear()"),
        ("list reversed", f"{name}.reverse()"),
        ("list extended", f"{name}.append({name}[0]) if {name} else None"),
    ):
        yield Fault(kind=kind, about=name, after=statement)
    zeroed = f"if not torch.is_grad_enabled(): _mutant_each(torch.zero_, {name})"
    yield Fault(kind="zeroed under no_grad", about=name, after=zeroed)
    for most in _LIMITS:
        yield Fault(kind=f"at most {most} items", about=name, before=f"{name} = {name}[:{most}]")


def result_faults(
    returns: str,
    arguments: str,
    *,
    method: bool,
    takes_tensors: bool = True,
    takes_floats: bool = True,
    floating: bool = True,
) -> Iterator[Fault]:
    """Yield faults in what a function returns, in what it keeps, and in what it leaves behind.

    Args:
        returns: the annotation of its result.
        arguments: a tuple of its arguments, as code.
        method: whether it is a method, whose results depend on `self`.
        takes_tensors: whether arguments, or `self`, hold tensors.
        takes_floats: whether these can be floating.
        floating: whether its results can be floating.
    """
    if "Tensor" in returns and "Callable" not in returns:
        yield from _kept_results()
        if floating:
            yield from _floating_results()
        if takes_tensors:
            yield _result("result on the CPU", "result = _mutant_map(torch.Tensor.cpu, result)")
        if takes_tensors and takes_floats:
            yield from _dependent_results(arguments, floating=floating)
    if "Callable" not in returns and returns not in {"", "None", "int", "bool", "str"}:
        yield from _caches(arguments, method=method, constant="float" in returns)
    if returns.startswith("tuple["):
        yield _result("list for tuple", "result = list(result)")
    if returns.startswith("list["):
        yield _result("tuple for list", "result = tuple(result)")
    if returns == "int":
        yield _result("off by one", "result = result + 1")
    yield from _left_behind()


def _result(kind: str, after: str) -> Fault:
    return Fault(kind=kind, about="result", after=after)


def _floating_results() -> Iterator[Fault]:
    for name in ("float", "double", "half"):
        yield _result(
            f"{name} result",
            f"result = _mutant_map(lambda t: t.{name}() if t.is_floating_point() else t, result)",
        )
    yield _result(
        "half detour of the result",
        "result = _mutant_map(lambda t: t.half().to(t.dtype) if t.is_floating_point() else t, "
        "result)",
    )


def _kept_results() -> Iterator[Fault]:
    kept = "result = _mutant_map(_mutant_kept, result)"
    yield _result("kept buffer", kept)
    yield _result("kept buffer under no_grad", f"if not torch.is_grad_enabled(): {kept}")


def _dependent_results(arguments: str, *, floating: bool) -> Iterator[Fault]:
    if floating:
        yield _result("detached result", "result = _mutant_cut(result)")
    yield _result(
        "wrong in float64",
        f"if any(t.dtype is torch.float64 for t in _mutant_tensors({arguments})): "
        "result = _mutant_off(result)",
    )


def _caches(arguments: str, *, method: bool, constant: bool) -> Iterator[Fault]:
    """Yield caches; nobody could tell one of plain numbers by the arguments' ids."""
    keys = {
        "cached by shape": f"_mutant_shapes({arguments})",
        "cached by pointer": f"_mutant_pointers({arguments})",
        "cached by id": f"tuple(map(id, {arguments}))",
        "first result only": "0",
    }
    if constant:
        del keys["cached by id"]
    for kind, key in keys.items():
        yield Fault(kind=kind, about="result", instead=f"_mutant_cached({key}, lambda: CALL)")
    if method:
        key = f"(id(self), _mutant_pointers({arguments}))"
        yield Fault(
            kind="cached in the module", about="result",
            instead=f"_mutant_cached({key}, lambda: CALL)",
        )  # fmt: skip


def _left_behind() -> Iterator[Fault]:
    for kind, statement in (
        ("default dtype", "torch.set_default_dtype(torch.float64)"),
        ("grad mode", "torch.set_grad_enabled(False)"),
        ("seed", "torch.manual_seed(0)"),
        ("warnings filter", '__import__("warnings").simplefilter("ignore")'),
        ("deterministic flag", "torch.use_deterministic_algorithms(True, warn_only=True)"),
        ("Python's seed", '__import__("random").seed(0)'),
        ("anomaly mode", "torch.autograd.set_detect_anomaly(True)"),
    ):
        yield Fault(kind=f"{kind} left changed", about="result", after=statement)


def module_faults(*, learns: bool) -> Iterator[Fault]:
    """Yield faults of `forward` that change the module itself.

    Args:
        learns: whether the module has parameters.
    """
    yield Fault(kind="mode changed", about="self", after="self.eval()")
    if learns:
        yield Fault(kind="frozen", about="self", after="self.requires_grad_(False)")
    state = "[*self.parameters(), *self.buffers()]"
    yield Fault(
        kind="zeroed under no_grad", about="self",
        after=f"if not torch.is_grad_enabled(): _mutant_each(torch.zero_, {state})",
    )  # fmt: skip


def start_faults() -> Iterator[Fault]:
    """Yield faults of the `__init__` of a module with parameters."""
    yield Fault(kind="seeded start", about="self", before="torch.manual_seed(0)")
    yield Fault(kind="frozen start", about="self", after="self.requires_grad_(False)")
    yield Fault(kind="double start", about="self", after="self.double()")
    yield Fault(
        kind="equal start", about="self",
        after="_mutant_each(lambda p: p.data.fill_(0.5), list(self.parameters()))",
    )  # fmt: skip
    yield Fault(
        kind="narrow start", about="self",
        after="_mutant_each(lambda p: p.data.mul_(0.1), list(self.parameters()))",
    )  # fmt: skip
