"""Grader of grad_scaler: six calls in the right order, also when gradients overflow."""

import torch

from torchkata import (
    Case,
    EntryPoint,
    Function,
    Spec,
    Tolerance,
    normal,
    require,
    training_steps_ok,
    value,
)
from torchkata.probes import TrainingRecorder, TwoLayers, momentum_descent, training_problem

OVERFLOWS = {
    "the loss is finite and the scale too large": lambda loss, _: loss * 10_000,
    "the loss is finite, its slope is not": lambda loss, output: loss + (output.sum() * 0).sqrt(),
    "the loss is infinite": lambda loss, _: loss + 1e38 * loss * 100,
    "the loss is nan": lambda loss, _: loss * torch.nan,
}
TOO_LARGE, SLOPE, INFINITE, NAN = OVERFLOWS


def three_steps(kata, first, last, x, y, max_norm):
    """Make three scaled steps; the scale doubles after two of them."""
    net = TwoLayers(first, last)
    recorder = TrainingRecorder(net, x.device.type, lr=0.1, momentum=0.9)
    scaler = torch.amp.GradScaler(x.device.type, init_scale=8.0, growth_interval=2)
    for _ in range(3):
        recorder.record(
            kata.scaled_step(net, recorder.optimizer, scaler, recorder.loss_fn, x, y, max_norm)
        )
    parameters = net.summary()["parameters"]
    return {"losses": recorder.losses, "parameters": parameters, "scale": scaler.get_scale()}


def three_plain_steps(first, last, x, y, max_norm):
    """The same without any scaler: scaling is to change nothing but the rounding."""
    how = {"lr": 0.1, "momentum": 0.9, "max_norm": max_norm}
    return momentum_descent(first, last, x, y, 3, **how) | {"scale": 16.0}


SPEC = Spec(
    EntryPoint("scaled_step"),
    Function(
        "three_steps",
        adapter=three_steps,
        inputs={
            "first": normal("i h"),
            "last": normal("h o"),
            "x": normal("n i"),
            "y": normal("n o"),
            "max_norm": value("m"),
        },
        naive=three_plain_steps,
        cases=(
            Case("one of everything", n=1, i=1, h=1, o=1, m=0.5),
            Case("clipped", n=9, i=4, h=7, o=3, m=0.25),
            Case("nothing to clip", n=6, i=5, h=2, o=1, m=1000),
        ),
        gradient=False,
        tolerance=Tolerance(rtol=1e-4, atol=2e-5),  # PyTorch clips by the norm + 1e-6, others not
        variant_case="clipped",
    ),
    stub_digest="772492f6ea91ae9a",
)


def overflowing(kata, how, first, last, x, y):
    """A good step, one whose gradients overflow, and a good one; what is there after each."""
    net = TwoLayers(first, last)
    recorder = TrainingRecorder(net, x.device.type, "Adam", lr=0.1)
    scaler = torch.amp.GradScaler(x.device.type, init_scale=1024.0)
    seen = []
    for bad in (None, OVERFLOWS[how], None):

        def loss_fn(output, target, bad=bad):
            loss = recorder.loss_fn(output, target)
            return bad(loss, output) if bad else loss

        if seen:
            scaler.update(2.0**127 if bad and how == TOO_LARGE else 1024.0)
        scale = scaler.get_scale()
        recorder.record(kata.scaled_step(net, recorder.optimizer, scaler, loss_fn, x, y, 0.5))
        moments = [state["exp_avg"].clone() for state in recorder.optimizer.state.values()]
        parameters = [p.detach().clone() for p in net.parameters()]
        factor = scaler.get_scale() / scale
        seen.append({"parameters": parameters, "moments": moments, "factor": factor})
    return seen, recorder.summary() | net.summary()


def judge_overflow(submission, generator, how, device="cpu"):
    (before, bad, after), steps = submission.run(
        overflowing, how, *training_problem(generator), device=device
    )
    where = f"in a step where {how}" + (f", on {device}" if device != "cpu" else "")
    for name, what in (("parameters", "parameters"), ("moments", "averages that Adam keeps")):
        require(
            all(map(torch.equal, bad[name], before[name])),
            f"The {what} have changed {where}; such a step has to leave them as they were. "
            "The scaler itself sees to that, if it is asked to make the step.",
        )
    require(
        bad["factor"] == 0.5,
        f"The scale is {bad['factor']:g} times what it was before, {where}; it has to be halved. "
        "The scaler does that in update(), if unscale_ or step has seen the gradients.",
    )
    require(
        steps["devices"][0] == device,
        "The loss is no tensor on the device of x; keep it there, and wait for nothing.",
    )
    moved = [(a != b).any() for a, b in zip(after["parameters"], before["parameters"], strict=True)]
    require(all(moved), f"The parameters do not move any more, after a step where {how}.")


def test_contract_loss_is_detached(submission, generator):
    """The returned loss has no gradient graph."""
    training_steps_ok(submission.run(overflowing, INFINITE, *training_problem(generator))[1])


def test_stability_scale_too_large(submission, generator):
    """Finite loss, infinite gradients: the scaled loss overflows."""
    judge_overflow(submission, generator, TOO_LARGE)


def test_stability_infinite_slope(submission, generator):
    """Finite loss, nan gradients."""
    judge_overflow(submission, generator, SLOPE)


def test_stability_infinite_loss(submission, generator):
    """The loss itself is infinite, or nan."""
    judge_overflow(submission, generator, INFINITE)
    judge_overflow(submission, generator, NAN)


def test_device_overflow(submission, device, generator):
    """On another device a step with infinite gradients is left out too; the loss lies there."""
    judge_overflow(submission, generator, TOO_LARGE, device)
