"""Checks of a module: what it registers, moves, saves, loads and shares."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from typing import Any, Final

import torch

from torchkata import probes
from torchkata.course.spec.module import Module
from torchkata.grading.checks.assertions import require, same
from torchkata.grading.checks.claims import equal, none_of
from torchkata.grading.checks.custom_tests import Arguments
from torchkata.grading.checks.spec_test import SpecTest
from torchkata.i18n import Message, _

_STARTS: Final = 32
_REGISTERED: Final = _(
    "A tensor is registered if it is an nn.Parameter or a buffer; modules are registered if they "
    "are attributes, or in an nn.ModuleList or nn.Sequential. An optimizer, `.to` and "
    "`state_dict` see nothing else."
)


def module_tests(spec: Module) -> Iterator[SpecTest]:
    """Yield what is judged of a module."""
    test = partial(SpecTest, entry=spec.name)
    yield test(
        axis="contract",
        what="registered names",
        description=_("Parameters and buffers are registered, and no others."),
        claims=partial(_registered, spec),
    )
    yield test(
        axis="contract",
        what="nothing shared",
        description=_("Two modules share no parameters and no buffers."),
        claims=partial(_nothing_shared, spec),
    )
    yield test(
        axis="shape",
        what="parameters",
        description=_("Parameters and buffers have the right shapes."),
        claims=partial(_shapes, spec),
    )
    yield test(
        axis="values",
        what="saved state",
        description=_("A module that loads the state of another one computes the same."),
        claims=partial(_saved_state, spec),
    )
    if any(spec.arguments):
        yield test(
            axis="purity",
            what="arguments",
            description=_("The module does not modify its arguments."),
            claims=partial(_arguments_unchanged, spec),
        )
    if spec.x:
        yield test(
            axis="purity",
            what="forward pass",
            description=_("A forward pass changes no parameter, no mode and no hook."),
            claims=partial(_unchanged_by_forward, spec),
        )
    if spec.parameters:
        yield test(
            axis="values",
            what="starting values",
            description=_("Each module starts with new random values of the usual size."),
            claims=partial(_starting_values, spec),
        )
    yield test(
        axis="device",
        what="moves",
        description=_("`.to(device)` moves all parameters and buffers."),
        claims=partial(_moves, spec),
        per_device=True,
    )


def _call(spec: Module, arguments: tuple[Any, ...]) -> Message:
    """Name the creation of a module in a message."""
    plain = [str(a) for a in arguments if not torch.is_tensor(a)]
    shown = ", ".join(plain) if len(plain) == len(arguments) else "..."
    return _("{call}", call=f"{spec.name}({shown})")


def _structures(
    spec: Module, given: Arguments
) -> Iterator[tuple[tuple[Any, ...], Message, dict[str, Any]]]:
    """Yield the arguments of each module, its name in messages, and its structure."""
    for arguments in spec.arguments:
        call, paths = _call(spec, arguments), list(spec.state_for(arguments))
        got = given.submission.run(probes.module_structure, spec.name, deepcopy(arguments), paths)
        require(
            not got["type"],
            _("{call}: expected an nn.Module, got {type}.", call=call, type=got["type"]),
        )
        yield arguments, call, got


def _registered(spec: Module, given: Arguments) -> None:
    for arguments, call, got in _structures(spec, given):
        parameters, state = spec.parameters_for(arguments), spec.state_for(arguments)
        none_of(
            got["repeated"],
            what=_("Tensors of {call} that are one and the same", call=call),
            why=_("A layer that occurs several times has only one weight and one bias."),
        )
        none_of(
            got["unregistered"],
            what=_("Tensors of {call} that are not registered", call=call),
            why=_REGISTERED,
        )
        if spec.exact_names:
            what = _("The names in named_parameters() of {call}", call=call)
            equal(got["names"], sorted(parameters), what=what, why=_REGISTERED)
            what = _("The keys of state_dict() of {call}", call=call)
            equal(got["keys"], sorted(state), what=what)
        what = _("The number of registered parameters of {call}", call=call)
        equal(len(got["names"]), len(parameters), what=what)
        what = _("The number of entries in state_dict() of {call}", call=call)
        equal(len(got["keys"]), len(state), what=what)
        none_of(
            got["frozen"],
            what=_("Parameters of {call} that do not require grad", call=call),
            why=_("An optimizer cannot train them."),
        )


def _nothing_shared(spec: Module, given: Arguments) -> None:
    for _arguments, call, got in _structures(spec, given):
        require(
            not got["shared"],
            _(
                "Two modules made by {call} share {count} tensors, so training one would change "
                "the other. Create new ones in each call.",
                call=call,
                count=got["shared"],
            ),
        )


def _shapes(spec: Module, given: Arguments) -> None:
    for arguments, call, got in _structures(spec, given):
        for path, shape in spec.state_for(arguments).items():
            own = got["shapes"][path]
            require(own is not None, _("{call} has no tensor {path}.", call=call, path=path))
            what = _("The shape of {path} of {call}", path=path, call=call)
            equal(own, list(shape), what=what)


def _loaded(
    spec: Module, given: Arguments
) -> Iterator[tuple[tuple[Any, ...], Message, dict[str, torch.Tensor], dict[str, Any], Any]]:
    """Yield arguments, name, loaded values, and the results of submission and reference."""
    for arguments in spec.arguments:
        values = {
            path: 0.5 + torch.rand(shape, generator=given.generator)
            for path, shape in spec.state_for(arguments).items()
        }
        inputs = _inputs(spec, arguments, given)
        got, expected = (
            subject.run(
                probes.saved_and_loaded,
                spec.name,
                deepcopy(arguments),
                values,
                [x.clone() for x in inputs],
            )
            for subject in (given.submission, given.reference)
        )
        yield arguments, _call(spec, arguments), values, got, expected


def _inputs(spec: Module, arguments: tuple[Any, ...], given: Arguments) -> list[torch.Tensor]:
    shapes = spec.inputs_for(arguments)
    return [torch.rand(shape, generator=given.generator) for shape in shapes]


def _saved_state(spec: Module, given: Arguments) -> None:
    for _arguments, call, values, got, expected in _loaded(spec, given):
        what = _("the state of {call} after load_state_dict from another one", call=call)
        same(got["state"], values, what=what)
        what = _("`{call}(x)` after load_state_dict from another one", call=call)
        same(got["result"], expected["result"], what=what)


def _arguments_unchanged(spec: Module, given: Arguments) -> None:
    for arguments, call, _values, got, _expected in _loaded(spec, given):
        what = _("the arguments of {call}, after a state was loaded", call=call)
        same(got["arguments"], arguments, what=what)


def _unchanged_by_forward(spec: Module, given: Arguments) -> None:
    for arguments in spec.arguments:
        inputs = _inputs(spec, arguments, given)
        changed = given.submission.run(
            probes.changed_by_forward, spec.name, deepcopy(arguments), inputs
        )
        call = _call(spec, arguments)
        parameters = {*changed["values"], *changed["grad"], *changed["requires_grad"]}
        for names, what in (
            (
                sorted(parameters),
                _("Parameters of {call} that a forward pass changes", call=call),
            ),
            (
                changed["mode"],
                _("Modules of {call} whose mode a forward pass changes", call=call),
            ),
            (
                changed["hooks"],
                _("Modules of {call} whose hooks a forward pass changes", call=call),
            ),
        ):
            why = _("A forward pass computes a result, and leaves the module as it is.")
            none_of(names, what=what, why=why)


def _starting_values(spec: Module, given: Arguments) -> None:
    arguments = next(each for each in spec.arguments if spec.parameters_for(each))
    paths = list(spec.parameters_for(arguments))
    got, expected = (
        subject.run(probes.starting_spread, spec.name, deepcopy(arguments), paths, _STARTS)
        for subject in (given.submission, given.reference)
    )
    for path in filter(got.__contains__, paths):
        require(
            expected[path] / 2 <= got[path] <= 2 * expected[path],
            _(
                "Over {count} modules made by {call}, the starting values of {path} have a "
                "standard deviation of {got:.3g}; expected about {expected:.3g}. Let each module "
                "start with new random values, set no seed, and keep the initialization that the "
                "layers of torch.nn have.",
                count=_STARTS,
                call=_call(spec, arguments),
                path=path,
                got=got[path],
                expected=expected[path],
            ),
        )


def _moves(spec: Module, given: Arguments) -> None:
    for arguments in spec.arguments:
        target, paths = torch.ones(1), list(spec.state_for(arguments))
        names = given.submission.run(
            probes.left_behind, spec.name, arguments, paths, target, device=given.device
        )
        none_of(
            names,
            what=_(
                "Tensors that {call}.to('{device}') does not move",
                call=_call(spec, arguments),
                device=given.device,
            ),
            why=_REGISTERED,
        )
