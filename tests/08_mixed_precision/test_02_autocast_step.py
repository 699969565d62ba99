"""Grader of autocast_step: which lines of a training step run under autocast."""

from torchkata import Case, Spec, Tolerance, TrainingStep, _, equal
from torchkata.probes import training_problem, training_steps

LOOSE = Tolerance(rtol=2e-3, atol=1e-5)  # between the errors of 16 bits and of reordered sums


def step(kata, net, recorder, x, y):
    return kata.train_step(net, recorder.optimizer, recorder.loss_fn, x, y)


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
    stub_digest="260110f43bd95cab",
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
    return got["backward"]


def require_backward_outside(backward):
    equal(
        bool(backward), expected=True, what=_("Whether backward passes through the model's output")
    )
    why = _("Leave the block before it: gradients have the dtype of their forward operation.")
    equal(any(backward), expected=False, what=_("Whether backward runs under autocast"), why=why)


def test_dtype_low_precision_in_forward(submission, reference, generator):
    """The forward pass and the loss run under autocast, in the low precision that is set."""
    for low in ("", "float16"):
        require_autocast(submission, reference, generator, low)


def test_gradient_backward_outside(submission, reference, generator):
    """Autocast is off during the backward pass."""
    require_backward_outside(require_autocast(submission, reference, generator))


def test_device_low_precision_in_forward(submission, reference, device, generator):
    """On another device, autocast is enabled for its type, in the low precision of that type."""
    require_backward_outside(require_autocast(submission, reference, generator, device=device))
