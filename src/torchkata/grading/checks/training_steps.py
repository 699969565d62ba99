"""Checks of a training step: losses, counts, parameters, gradients, dtypes, settings, device."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from torchkata.course.spec.case import Case
from torchkata.course.spec.training_step import SIZES, TrainingStep
from torchkata.grading.checks.assertions import require, same, training_steps_ok
from torchkata.grading.checks.claims import equal, none_of
from torchkata.grading.checks.custom_tests import Arguments, Target
from torchkata.grading.checks.spec_test import SpecTest
from torchkata.i18n import _
from torchkata.probes import training_problem, training_steps
from torchkata.result import CPU


def training_step_tests(spec: TrainingStep) -> Iterator[SpecTest]:
    """Yield what is judged of a training step."""
    test = partial(SpecTest, entry=spec.name)
    yield test(
        axis="contract",
        what="loss is detached",
        description=_("The loss is a detached 0-d tensor, and nothing is done twice."),
        claims=partial(_contract, spec),
    )
    for case in spec.cases:
        yield test(
            axis=case.axis,
            what=case.name,
            description=_("Losses and parameters are right after some steps."),
            claims=partial(_values, spec, case),
            case=case.label,
        )
    yield test(
        axis="dtype",
        what="parameters stay",
        description=_("Parameters and gradients are float32 after the step."),
        claims=partial(_dtypes, spec),
    )
    yield test(
        axis="purity",
        what="autocast",
        description=_("The step leaves the settings of autocast unchanged."),
        claims=partial(_settings, spec),
    )
    yield test(
        axis="purity",
        what="of the model",
        description=_("The step changes no mode, no requires_grad and no hook of the model."),
        claims=partial(_model, spec),
    )
    if spec.stale:
        yield test(
            axis="gradient",
            what="only new ones",
            description=_(
                "Earlier gradients have no effect, and new ones are kept after the step."
            ),
            claims=partial(_gradients, spec),
        )
    if spec.device:
        yield test(
            axis="device",
            what="of the loss",
            description=_("On another device, the step does the same, and the loss stays there."),
            claims=partial(_device, spec),
            per_device=True,
        )


def _steps(
    spec: TrainingStep, given: Arguments, *subjects: Target, case: Case | None = None
) -> list[dict[str, Any]]:
    """Run steps on the same problem; return what was recorded of each subject."""
    case = case or spec.cases[0]
    sizes = [int(case.sizes[letter]) for letter in SIZES]
    problem = training_problem(given.generator, *sizes)
    run = partial(
        training_steps,
        optimizer=spec.optimizers.get(case.name, "SGD"),
        steps=spec.steps,
        stale=spec.stale,
        settings=dict(spec.settings),
    )
    return [subject.run(run, spec.run, problem, device=given.device) for subject in subjects]


def _contract(spec: TrainingStep, given: Arguments) -> None:
    (got,) = _steps(spec, given, given.submission)
    forwards = None if spec.forwards is None else spec.forwards * spec.steps
    training_steps_ok(got, steps=spec.steps, forwards=forwards)
    if forwards is not None:
        equal(len(got["forward"]), forwards, what=_("The number of calls of loss_fn"))


def _values(spec: TrainingStep, case: Case, given: Arguments) -> None:
    got, expected = _steps(spec, given, given.submission, given.reference, case=case)
    _require_same(spec, got, expected, given.device)


def _require_same(
    spec: TrainingStep, got: dict[str, Any], expected: dict[str, Any], device: str
) -> None:
    names = {
        "losses": _("the losses of {steps} steps", steps=spec.steps),
        "parameters": _("the parameters after {steps} steps", steps=spec.steps),
    }
    for part, name in names.items():
        what = name if device == CPU else _("{result} on {device}", result=name, device=device)
        same(got[part], expected[part], what=what, tolerance=spec.tolerance)


def _dtypes(spec: TrainingStep, given: Arguments) -> None:
    (got,) = _steps(spec, given, given.submission)
    for part, what in (
        ("parameters", _("The dtypes of the parameters after the step")),
        ("gradients", _("The dtypes of the gradients after the step")),
    ):
        dtypes = sorted({str(tensor.dtype) for tensor in got[part].values() if tensor is not None})
        equal(
            dtypes or ["torch.float32"],
            ["torch.float32"],
            what=what,
            why=_("In low precision, small updates are rounded to nothing."),
        )


def _settings(spec: TrainingStep, given: Arguments) -> None:
    (got,) = _steps(spec, given, given.submission)
    none_of(
        got["changes"],
        what=_("Settings of autocast that the step changes"),
        why=_("This affects everything that the caller does next. A `with` block restores them."),
    )


def _model(spec: TrainingStep, given: Arguments) -> None:
    (got,) = _steps(spec, given, given.submission)
    for part, what in (
        ("mode", _("Modules whose mode the step changes")),
        ("requires_grad", _("Parameters whose requires_grad the step changes")),
        ("hooks", _("Modules on which the step leaves hooks")),
    ):
        changed = [name or _("the model") for name in got["changes of net"][part]]
        none_of(changed, what=what, why=_("The caller decides about them."))


def _gradients(spec: TrainingStep, given: Arguments) -> None:
    got, expected = _steps(spec, given, given.submission, given.reference)
    gradients = got["gradients"].values()
    require(
        all(g is not None for g in gradients) and any(g.any() for g in gradients),
        _(
            "There are no gradients after the step. Clear them before the backward pass, not after "
            "the step, so that other code can read them."
        ),
    )
    what = _("the gradients after a step that started with stale ones")
    same(got["gradients"], expected["gradients"], what=what, tolerance=spec.tolerance)


def _device(spec: TrainingStep, given: Arguments) -> None:
    got, expected = _steps(spec, given, given.submission, given.reference)
    equal(
        sorted(set(got["devices"])),
        [given.device],
        what=_("The device of the loss"),
        why=_("Leave it there, so that the CPU does not have to wait for it."),
    )
    _require_same(spec, got, expected, given.device)
