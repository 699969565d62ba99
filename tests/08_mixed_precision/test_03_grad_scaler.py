"""Grader of grad_scaler: the right order of calls, also if gradients overflow."""

import torch

from torchkata import (
    Case,
    Function,
    Spec,
    Tolerance,
    TrainingStep,
    _,
    equal,
    normal,
    require,
    value,
)
from torchkata.probes import (
    TrainingRecorder,
    TwoLayers,
    momentum_descent,
    training_problem,
    training_steps,
)

RULES = {
    "If any gradient": "stability",
    "do not accumulate": "values[three steps: clipped gradients]",
    "Call the model": ("contract[loss is detached]", "values[three steps: clipped gradients]"),
    "Keep the mode": "purity[of the model]",
    "Do not enable autocast": "contract[no autocast]",
}
FAULTS = {
    "scale too large": _("the loss is finite, but the scale is too large"),
    "infinite slope": _("the loss is finite, but its gradient is not"),
    "infinite loss": _("the loss is infinite"),
    "nan loss": _("the loss is nan"),
}
FAULTY_LOSSES = {
    "scale too large": lambda loss, _output: loss * 10_000,
    "infinite slope": lambda loss, output: loss + (output.sum() * 0).sqrt(),
    "infinite loss": lambda loss, _output: loss + 1e38 * loss * 100,
    "nan loss": lambda loss, _output: loss * torch.nan,
}


def step(kata, net, recorder, x, y):
    scaler = torch.amp.GradScaler(x.device.type, init_scale=8.0)
    return kata.scaled_step(net, recorder.optimizer, scaler, recorder.loss_fn, x, y, 0.5)


def three_steps(kata, first, last, x, y, max_norm):
    """Run three scaled steps; the scale doubles after two of them."""
    net = TwoLayers(first, last)
    recorder = TrainingRecorder(net, x.device.type, lr=0.1, momentum=0.9)
    scaler = torch.amp.GradScaler(x.device.type, init_scale=8.0, growth_interval=2)
    optimizer, loss_fn = recorder.optimizer, recorder.loss_fn  # the same ones in every step
    for _step in range(3):
        recorder.record(kata.scaled_step(net, optimizer, scaler, loss_fn, x, y, max_norm))
    parameters = net.summary()["parameters"]
    return {"losses": recorder.losses, "parameters": parameters, "scale": scaler.get_scale()}


def three_steps_without_scaler(first, last, x, y, max_norm):
    settings = {"lr": 0.1, "momentum": 0.9, "max_norm": max_norm}
    return momentum_descent(first, last, x, y, 3, **settings) | {"scale": 16.0}


SPEC = Spec(
    TrainingStep(
        "scaled_step",
        run=step,
        cases=(Case("two steps", n=12, i=7, h=16, o=3),),
        tolerance=Tolerance(rtol=1e-4, atol=2e-5),
        stale=False,
    ),
    Function(
        "three steps",
        adapter=three_steps,
        inputs={
            "first": normal("i h"),
            "last": normal("h o"),
            "x": normal("n i"),
            "y": normal("n o"),
            "max_norm": value("m"),
        },
        naive=three_steps_without_scaler,
        cases=(
            Case("all sizes 1", n=1, i=1, h=1, o=1, m=0.5),
            Case("clipped gradients", n=9, i=4, h=7, o=3, m=0.25),
            Case("large gradients within max_norm", n=6, i=5, h=10, o=1, m=1000),
            Case("1,200 rows", n=1200, i=2, h=3, o=1, m=0.5),
        ),
        gradient=False,
        tolerance=Tolerance(rtol=1e-4, atol=2e-5),  # PyTorch divides by the norm + 1e-6
        variant_case="clipped gradients",
    ),
    stub_digest="a11fe1c0638a0cae",
)


def steps_with_overflow(kata, fault, first, last, x, y):
    """Run a good step, one whose gradients overflow, and a good one; return each one's effects."""
    net = TwoLayers(first, last)
    recorder = TrainingRecorder(net, x.device.type, "Adam", lr=0.1)
    scaler = torch.amp.GradScaler(x.device.type, init_scale=1024.0)
    states = []
    for faulty in (None, FAULTY_LOSSES[fault], None):

        def loss_fn(output, target, faulty=faulty):
            loss = recorder.loss_fn(output, target)
            return faulty(loss, output) if faulty else loss

        if states:
            scaler.update(2.0**127 if faulty and fault == "scale too large" else 1024.0)
        scale = scaler.get_scale()
        recorder.record(kata.scaled_step(net, recorder.optimizer, scaler, loss_fn, x, y, 0.5))
        states.append(
            {
                "parameters": [p.detach().clone() for p in net.parameters()],
                "moments": [s["exp_avg"].clone() for s in recorder.optimizer.state.values()],
                "scale factor": scaler.get_scale() / scale,
            }
        )
    return {"states": states}


def require_skipped_step(submission, generator, fault, device="cpu"):
    """Fail unless a step whose gradients overflow changes nothing but the scale."""
    problem = training_problem(generator)
    got = submission.run(steps_with_overflow, fault, *problem, device=device)
    before, skipped, after = got["states"]
    fault = FAULTS[fault]
    for part, name in (("parameters", _("the parameters")), ("moments", _("the averages of Adam"))):
        require(
            all(map(torch.equal, skipped[part], before[part])),
            _(
                "A step in which {fault} changes {part}; expected no change. The scaler's step "
                "method skips the update in this case.",
                fault=fault,
                part=name,
            ),
        )
    equal(
        skipped["scale factor"],
        0.5,
        what=_("The factor of the scale in a step in which {fault}", fault=fault),
        why=_("The scaler's update does that if unscale_ or step has seen the gradients."),
    )
    moved = [(a != b).any() for a, b in zip(after["parameters"], before["parameters"], strict=True)]
    require(
        all(moved),
        _("After a step in which {fault}, the next step does not train any more.", fault=fault),
    )


def test_contract_no_autocast(submission, generator):
    """The step does not turn autocast on."""
    got = submission.run(training_steps, step, training_problem(generator))
    what = _("Whether loss_fn runs under autocast")
    equal(any(got["forward"] + got["updates"]), expected=False, what=what)


def test_stability_scale_too_large(submission, generator):
    """A step is skipped if the loss is finite, but the scaled loss overflows."""
    require_skipped_step(submission, generator, "scale too large")


def test_stability_infinite_slope(submission, generator):
    """A step is skipped if the loss is finite, but gradients are nan."""
    require_skipped_step(submission, generator, "infinite slope")


def test_stability_infinite_loss(submission, generator):
    """A step is skipped if the loss itself is infinite or nan."""
    require_skipped_step(submission, generator, "infinite loss")
    require_skipped_step(submission, generator, "nan loss")


def test_device_overflow(submission, device, generator):
    """On another device, such a step is skipped too, and the loss stays there."""
    require_skipped_step(submission, generator, "scale too large", device)
