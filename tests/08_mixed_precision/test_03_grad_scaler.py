"""Grader of grad_scaler: six calls in the right order, also when gradients overflow."""

import torch

from torchkata import Case, Entry, Exercise, Function, normal, require, value


def made(first, last):
    """A net with given weights."""

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Parameter(first.clone())
            self.last = torch.nn.Parameter(last.clone())

        def forward(self, x):
            return torch.tanh(x @ self.first) @ self.last

    return Net()


def three_steps(kata, first, last, x, y, max_norm):
    """Make three scaled steps; the scale doubles after two of them."""
    net = made(first, last)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    scaler = torch.amp.GradScaler(x.device.type, init_scale=65536.0, growth_interval=2)
    losses = []
    for _ in range(3):
        for parameter in net.parameters():
            parameter.grad = torch.full_like(parameter, 9.0)
        loss_fn = torch.nn.functional.mse_loss
        losses.append(kata.scaled_step(net, optimizer, scaler, loss_fn, x, y, max_norm).detach())
    return {
        "losses": losses,
        "parameters": {name: p.detach() for name, p in net.named_parameters()},
        "gradients": {name: p.grad for name, p in net.named_parameters()},
        "scale": scaler.get_scale(),
    }


def three_plain_steps(first, last, x, y, max_norm):
    """The same without any scaler: scaling is to change nothing but the rounding."""
    weights = {"first": first.clone(), "last": last.clone()}
    velocity, losses, gradients = dict.fromkeys(weights, 0.0), [], {}
    for _ in range(3):
        hidden = torch.tanh(x @ weights["first"])
        error = hidden @ weights["last"] - y
        losses.append((error * error).mean())
        slope = 2 * error / error.numel()
        inner = (slope @ weights["last"].T) * (1 - hidden * hidden)
        gradients = {"first": x.T @ inner, "last": hidden.T @ slope}
        norm = sum((g * g).sum() for g in gradients.values()) ** 0.5
        factor = min(1.0, max_norm / (float(norm) + 1e-6))
        gradients = {name: g * factor for name, g in gradients.items()}
        velocity = {name: 0.9 * velocity[name] + g for name, g in gradients.items()}
        weights = {name: w - 0.1 * velocity[name] for name, w in weights.items()}
    return {"losses": losses, "parameters": weights, "gradients": gradients, "scale": 131072.0}


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
        usual="clipped",
    ),
    shipped="00cf980c138cfb30",
)


def overflowing(kata, how, first, last, x, y):
    """A good step, one whose gradients overflow, and a good one; what is there after each."""
    net = made(first, last)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler(x.device.type, init_scale=1024.0)
    mse = torch.nn.functional.mse_loss
    seen = []

    def step(loss_fn, y):
        scale = scaler.get_scale()
        loss = kata.scaled_step(net, optimizer, scaler, loss_fn, x, y, 0.5)
        parameters = [p.detach().clone() for p in net.parameters()]
        moments = [state["exp_avg"].clone() for state in optimizer.state.values()]
        seen.append(
            (
                parameters,
                moments,
                scaler.get_scale() / scale,
                loss.requires_grad,
                loss.device == x.device,
            )
        )

    def infinite_slope(output, target):
        return mse(output, target) + torch.sqrt(output.sum() * 0)  # the slope of sqrt at 0

    step(mse, y)
    if how == "the scale is too large":
        scaler.update(2.0**127)
    step(
        infinite_slope if how == "the loss is finite, its slope is not" else mse,
        y + (1e38 if how == "the loss is infinite" else 100),
    )
    scaler.update(1024.0)
    step(mse, y)
    return seen


def judge_overflow(submission, generator, how, device="cpu"):
    sizes = ((4, 6), (6, 3), (8, 4), (8, 3))
    given = [torch.randn(size, generator=generator) for size in sizes]
    before, bad, after = submission.run(overflowing, how, *given, device=device)
    where = f"in a step where {how}" + (f", on {device}" if device != "cpu" else "")
    for index, what in enumerate(("parameters", "averages that Adam keeps")):
        require(
            all(torch.equal(a, b) for a, b in zip(bad[index], before[index], strict=True)),
            f"The {what} have changed {where}; such a step has to leave them as they were. "
            "The scaler itself sees to that, if it is asked to make the step.",
        )
    require(
        bad[2] == 0.5,
        f"The scale is {bad[2]:g} times what it was before, {where}; it has to be halved. The "
        "scaler does that in update(), if unscale_ or step has seen the gradients.",
    )
    moved = all((a != b).any() for a, b in zip(after[0], before[0], strict=True))
    require(
        before[4], "The loss lies on another device than x; keep it there, and wait for nothing."
    )
    require(moved, f"The parameters do not move any more, in a good step after one where {how}.")


def test_contract_clipped_at_true_size(submission, reference, generator):
    """The gradients that remain after a step are of true size, and clipped to max_norm."""
    sizes = ((4, 7), (7, 3), (9, 4), (9, 3))
    given = [torch.randn(size, generator=generator) for size in sizes]
    got, expected = (
        torch.stack([g.norm() for g in who.run(three_steps, *given, 0.1)["gradients"].values()])
        for who in (submission, reference)
    )
    require(
        abs(got.norm() - expected.norm()) < 1e-3 * expected.norm(),
        f"After a step with max_norm=0.1 the norm of all gradients is {got.norm():.3g}; it has to "
        f"be {expected.norm():.3g}. Were they clipped all together, after unscaling, and once?",
    )


def test_contract_loss_is_detached(submission, generator):
    """The returned loss has no gradient graph."""
    given = [torch.randn(3, 3, generator=generator) for _ in range(4)]
    attached = [seen[3] for seen in submission.run(overflowing, "the loss is infinite", *given)]
    require(
        not any(attached),
        "The returned loss still hangs on its gradient graph; detach it, or a list of losses "
        "keeps every graph.",
    )


def test_stability_scale_too_large(submission, generator):
    """Finite loss, infinite gradients: the scaled loss overflows."""
    judge_overflow(submission, generator, "the scale is too large")


def test_stability_infinite_slope(submission, generator):
    """Finite loss, nan gradients."""
    judge_overflow(submission, generator, "the loss is finite, its slope is not")


def test_stability_infinite_loss(submission, generator):
    """The loss itself is infinite."""
    judge_overflow(submission, generator, "the loss is infinite")


def test_device_overflow(submission, device, generator):
    """On another device a step with infinite gradients is left out too; the loss lies there."""
    judge_overflow(submission, generator, "the scale is too large", device)
