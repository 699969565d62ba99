"""Grader of grad_scaler: six calls in the right order, also when gradients overflow."""

import torch

from torchkata import Case, Entry, Exercise, Function, Tolerance, normal, require, value
from torchkata.probes import TwoLayers, Watch, slopes

OVERFLOWS = {
    "scale": "the loss is finite and the scale too large",
    "slope": "the loss is finite, its slope is not",
    "infinite": "the loss is infinite",
    "nan": "the loss is nan",
}


def three_steps(kata, first, last, x, y, max_norm):
    """Make three scaled steps; the scale doubles after two of them."""
    net = TwoLayers(first, last)
    watch = Watch(net, x.device.type, lr=0.1, momentum=0.9)
    scaler = torch.amp.GradScaler(x.device.type, init_scale=8.0, growth_interval=2)
    given = net, watch.optimizer, scaler, watch.loss_fn, x, y, max_norm
    losses = [watch.detached(kata.scaled_step(*given)) for _ in range(3)]
    parameters = net.state()["parameters"]
    return {"losses": losses, "parameters": parameters, "scale": scaler.get_scale()}


def three_plain_steps(first, last, x, y, max_norm):
    """The same without any scaler: scaling is to change nothing but the rounding."""
    weights, losses, velocity = {"first": first, "last": last}, [], {"first": 0.0, "last": 0.0}
    for _ in range(3):
        loss, gradients = slopes(**weights, x=x, y=y)
        losses.append(loss)
        norm = sum(float((g * g).sum()) for g in gradients.values()) ** 0.5
        factor = min(1.0, max_norm / norm)
        velocity = {name: 0.9 * velocity[name] + factor * g for name, g in gradients.items()}
        weights = {name: w - 0.1 * velocity[name] for name, w in weights.items()}
    return {"losses": losses, "parameters": weights, "scale": 16.0}


EXERCISE = Exercise(
    Entry("scaled_step"),
    Function(
        "three_steps",
        via=three_steps,
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
        usual="clipped",
    ),
    shipped="250e0a041856ab94",
)


def overflowing(kata, how, first, last, x, y):
    """A good step, one whose gradients overflow, and a good one; what is there after each."""
    net = TwoLayers(first, last)
    watch = Watch(net, x.device.type, "Adam", lr=0.1)
    scaler = torch.amp.GradScaler(x.device.type, init_scale=1024.0)
    bad = {
        "slope": lambda loss, output: loss + torch.sqrt(output.sum() * 0),  # its slope at 0
        "infinite": lambda loss, _: loss + 1e38 * loss * 100,
        "nan": lambda loss, _: loss * torch.nan,
        "scale": lambda loss, _: loss * 10_000,
    }[how]
    seen = []
    for turn in range(3):
        if how == "scale" and turn == 1:
            scaler.update(2.0**127)

        def loss_fn(output, target, turn=turn):
            loss = watch.loss_fn(output, target)
            return bad(loss, output) if turn == 1 else loss

        scale = scaler.get_scale()
        loss = kata.scaled_step(net, watch.optimizer, scaler, loss_fn, x, y, 0.5)
        watch.detached(loss)
        moments = [state["exp_avg"].clone() for state in watch.optimizer.state.values()]
        parameters = [p.detach().clone() for p in net.parameters()]
        factor = scaler.get_scale() / scale
        there = torch.is_tensor(loss) and loss.device == x.device
        seen.append(
            {"parameters": parameters, "moments": moments, "factor": factor, "in place": there}
        )
        scaler.update(1024.0)
    return seen, any(watch.graphs)


def judge_overflow(submission, generator, how, device="cpu"):
    sizes = ((4, 6), (6, 3), (8, 4), (8, 3))
    given = [torch.randn(size, generator=generator) for size in sizes]
    (before, bad, after), _ = submission.run(overflowing, how, *given, device=device)
    where = f"in a step where {OVERFLOWS[how]}" + (f", on {device}" if device != "cpu" else "")
    for name, what in (("parameters", "parameters"), ("moments", "averages that Adam keeps")):
        require(
            all(torch.equal(a, b) for a, b in zip(bad[name], before[name], strict=True)),
            f"The {what} have changed {where}; such a step has to leave them as they were. "
            "The scaler itself sees to that, if it is asked to make the step.",
        )
    require(
        bad["factor"] == 0.5,
        f"The scale is {bad['factor']:g} times what it was before, {where}; it has to be halved. "
        "The scaler does that in update(), if unscale_ or step has seen the gradients.",
    )
    require(
        before["in place"],
        "The loss is no tensor on the device of x; keep it there, and wait for nothing.",
    )
    moved = all(
        (a != b).any() for a, b in zip(after["parameters"], before["parameters"], strict=True)
    )
    require(moved, f"The parameters do not move any more, after a step where {OVERFLOWS[how]}.")


def test_contract_loss_is_detached(submission, generator):
    """The returned loss has no gradient graph."""
    given = [torch.randn(3, 3, generator=generator) for _ in range(4)]
    require(
        not submission.run(overflowing, "infinite", *given)[1],
        "The returned loss still hangs on its gradient graph; detach it, or a list of losses "
        "keeps every graph.",
    )


def test_stability_scale_too_large(submission, generator):
    """Finite loss, infinite gradients: the scaled loss overflows."""
    judge_overflow(submission, generator, "scale")


def test_stability_infinite_slope(submission, generator):
    """Finite loss, nan gradients."""
    judge_overflow(submission, generator, "slope")


def test_stability_infinite_loss(submission, generator):
    """The loss itself is infinite, or nan."""
    judge_overflow(submission, generator, "infinite")
    judge_overflow(submission, generator, "nan")


def test_device_overflow(submission, device, generator):
    """On another device a step with infinite gradients is left out too; the loss lies there."""
    judge_overflow(submission, generator, "scale", device)
