"""Grader of autocast_step: which lines of a training step run under autocast."""

import torch
from torch.nn.functional import mse_loss

from torchkata import Case, Function, Spec, Tolerance, TrainingStep, _, equal, normal
from torchkata.probes import TrainingRecorder, TwoLayers, training_problem, training_steps

LOOSE = Tolerance(rtol=2e-3, atol=1e-5)  # between the errors of 16 bits and of reordered sums
RULES = {
    "stay float32": "dtype[parameters stay]",
    "Ignore gradients": "gradient[only new ones]",
    "Call the model": "contract[loss is detached]",
    "Neither the backward": ("gradient[backward outside]", "device[low precision in forward, *]"),
    "Leave the settings": ("purity[autocast]", "purity[of the model]"),
}


def step(kata, net, recorder, x, y):
    return kata.train_step(net, recorder.optimizer, recorder.loss_fn, x, y)


def three_steps(kata, first, last, x, y):
    """Run two steps on the same batch and one on another, with one net and optimizer."""
    net = TwoLayers(first, last)
    optimizer = TrainingRecorder(net, lr=0.05, momentum=0.9).optimizer
    batches = ((x, y), (x, y), (x.flip(0), y))
    losses = [kata.train_step(net, optimizer, mse_loss, *batch) for batch in batches]
    return {"losses": losses, "parameters": net.summary()["parameters"]}


def three_steps_with_casts(first, last, x, y):
    """Cast by hand what autocast casts, and compute the update by its formula."""
    weights, velocity, losses = [first, last], [0.0, 0.0], []
    for inputs in (x, x, x.flip(0)):
        weights = [weight.detach().requires_grad_() for weight in weights]
        low = [tensor.bfloat16() for tensor in (inputs, *weights)]
        loss = mse_loss((torch.tanh(low[0] @ low[1]) @ low[2]).float(), y)
        gradients = torch.autograd.grad(loss, weights)
        velocity = [0.9 * v + g for v, g in zip(velocity, gradients, strict=True)]
        weights = [w - 0.05 * v for w, v in zip(weights, velocity, strict=True)]
        losses.append(loss.detach())
    named = zip(("first", "last"), weights, strict=True)
    return {"losses": losses, "parameters": {name: weight.detach() for name, weight in named}}


SPEC = Spec(
    TrainingStep(
        "train_step",
        run=step,
        cases=(
            Case("two steps", n=12, i=7, h=16, o=3),
            Case("all sizes 1", n=1, i=1, h=1, o=1),
            Case("one output", n=5, i=3, h=4, o=1),
            Case("two steps with Adam", n=12, i=7, h=16, o=3),
        ),
        optimizers={"two steps with Adam": "Adam"},
        tolerance=LOOSE,
    ),
    Function(
        "three steps",
        adapter=three_steps,
        inputs={
            "first": normal("i h"),
            "last": normal("h o"),
            "x": normal("n i"),
            "y": normal("n o"),
        },
        naive=three_steps_with_casts,
        cases=(
            Case("more inputs than rows", n=4, i=6, h=5, o=3),
            Case("1,200 rows", n=1200, i=2, h=3, o=1),
        ),
        dtypes=(torch.float32,),
        gradient=False,
        device=False,  # other device types have another low precision
        tolerance=LOOSE,
    ),
    stub_digest="34ce1164681d0bc5",
    broken_axis="dtype",
)


def require_autocast(submission, reference, generator, low="", device="cpu"):
    """Require autocast in forward, in the low precision that is set, and none in backward."""
    arguments = training_steps, step, training_problem(generator), low
    got, expected = (who.run(*arguments, device=device) for who in (submission, reference))
    mine, theirs = (sorted(set(steps["outputs"])) for steps in (got, expected))
    what = _("The dtypes of the model's outputs with x on {device}", device=device)
    why = _("Enable autocast for the device type of x, in the precision that is set for it.")
    equal(mine, theirs, what=what, why=why)
    why = _("Call loss_fn under autocast too, which computes sums in float32.")
    under_autocast = bool(got["forward"]) and all(got["forward"])
    equal(under_autocast, expected=True, what=_("Whether loss_fn runs under autocast"), why=why)
    return got["backward"], got["updates"]


def require_backward_outside(backward, updates):
    equal(
        bool(backward), expected=True, what=_("Whether backward passes through the model's output")
    )
    why = _("Leave the block before it: gradients have the dtype of their forward operation.")
    equal(any(backward), expected=False, what=_("Whether backward runs under autocast"), why=why)
    equal(any(updates), expected=False, what=_("Whether optimizer.step() runs under autocast"))


def test_dtype_low_precision_in_forward(submission, reference, generator):
    """The forward pass and the loss run under autocast, in the low precision that is set."""
    for low in ("", "float16"):
        require_autocast(submission, reference, generator, low)


def test_gradient_backward_outside(submission, reference, generator):
    """Autocast is off during the backward pass and the update."""
    require_backward_outside(*require_autocast(submission, reference, generator))


def test_device_low_precision_in_forward(submission, reference, device, generator):
    """On another device, autocast is enabled for its type, in the low precision of that type."""
    require_backward_outside(*require_autocast(submission, reference, generator, device=device))
