"""Grader of autocast_step: which lines of a training step run under autocast."""

from torchkata import EntryPoint, Spec, Tolerance, _, require, same_as_reference, training_steps_ok
from torchkata.i18n import verbatim
from torchkata.probes import (
    TrainingRecorder,
    TwoLayers,
    autocast_changes,
    fill_stale_grads,
    training_problem,
)

SPEC = Spec(EntryPoint("train_step"), stub_digest="260110f43bd95cab", broken_axis="dtype")
LOOSE = Tolerance(rtol=2e-3, atol=1e-5)  # between the errors of 16 bits and of reordered sums


def two_steps(kata, first, last, x, y, low="", optimizer="SGD"):
    """Run two steps with stale gradients, and return what was recorded."""
    net = TwoLayers(first, last)
    recorder = TrainingRecorder(net, x.device.type, optimizer, lr=0.05)
    with autocast_changes(x.device.type, low) as changes:
        for _step in range(2):
            fill_stale_grads(net)
            recorder.record(kata.train_step(net, recorder.optimizer, recorder.loss_fn, x, y))
    return recorder.summary() | net.summary() | {"changes": changes}


def require_low_precision(submission, reference, *arguments, device="cpu"):
    """Compare the dtypes of outputs, and require autocast in loss_fn; return the submission's."""
    got, expected = (
        subject.run(two_steps, *arguments, device=device) for subject in (submission, reference)
    )
    mine, theirs = (", ".join(sorted(set(steps["outputs"]))) for steps in (got, expected))
    twin = device.startswith("twin")
    name = _("{device} (a simulated GPU)", device=device) if twin else verbatim(device)
    require(
        mine == theirs,
        _(
            "With x on {device}, the outputs of the model should be {expected}, but are {got}. "
            "Autocast is not enabled for the device type of x, or not in the low precision that is "
            "set for that type.",
            device=name,
            expected=theirs,
            got=mine,
        ),
    )
    require(
        all(got["forward"]) and got["forward"],
        _(
            "With x on {device}, the loss is computed outside of autocast. Call loss_fn under "
            "autocast too, which computes sums in float32.",
            device=name,
        ),
    )
    return got


def require_same_losses(submission, reference, *arguments, losses, parameters, device="cpu"):
    """Compare losses and parameters up to the precision of 16 bits."""
    what = {"losses": losses, "parameters": parameters}
    same_as_reference(
        submission, reference, two_steps, *arguments, what=what, device=device, tolerance=LOOSE
    )


def test_contract_loss_is_detached(submission, generator):
    """The loss is a detached 0-d tensor; a step calls the model once and the optimizer once."""
    training_steps_ok(submission.run(two_steps, *training_problem(generator)), steps=2, forwards=2)


def test_dtype_low_precision_in_forward(submission, reference, generator):
    """The forward pass and the loss run under autocast, in the low precision that is set."""
    problem = training_problem(generator)
    for low in ("", "float16"):
        require_low_precision(submission, reference, *problem, low)


def test_dtype_parameters_stay(submission, generator):
    """Parameters and gradients are float32 after the step."""
    got = submission.run(two_steps, *training_problem(generator))
    parameters, gradients = (
        sorted({str(tensor.dtype) for tensor in got[what].values() if tensor is not None})
        for what in ("parameters", "gradients")
    )
    require(
        set(parameters) <= {"torch.float32"},
        _(
            "The parameters after the step: expected torch.float32, got {dtypes}. In low "
            "precision, small updates are rounded to nothing.",
            dtypes=", ".join(parameters),
        ),
    )
    require(
        set(gradients) <= {"torch.float32"},
        _(
            "The gradients after the step: expected torch.float32, got {dtypes}.",
            dtypes=", ".join(gradients),
        ),
    )


def test_values_two_steps(submission, reference, generator):
    """Losses and parameters match the reference, for several sizes and optimizers."""
    for sizes in ((12, 7, 16, 3), (1, 1, 1, 1), (5, 3, 4, 1)):
        shape = list(sizes[:2])
        require_same_losses(
            submission,
            reference,
            *training_problem(generator, *sizes),
            losses=_("the losses of two steps with x of shape {shape}", shape=shape),
            parameters=_("the parameters after two steps with x of shape {shape}", shape=shape),
        )
    require_same_losses(
        submission,
        reference,
        *training_problem(generator),
        "",
        "Adam",
        losses=_("the losses of two steps with Adam"),
        parameters=_("the parameters after two steps with Adam"),
    )


def test_purity_autocast(submission, generator):
    """The step leaves the settings of autocast unchanged."""
    changes = submission.run(two_steps, *training_problem(generator))["changes"]
    require(
        not changes,
        _(
            "The step changes the settings of autocast ({changes}), which affects everything that "
            "the caller does next. A `with` block restores them.",
            changes="; ".join(changes),
        ),
    )


def test_gradient_backward_outside(submission, generator):
    """Autocast is off during the backward pass."""
    backward = submission.run(two_steps, *training_problem(generator))["backward"]
    require(backward, _("There is no backward pass from the loss through the model's output."))
    require(
        not any(backward),
        _(
            "The backward pass runs under autocast. Leave the block before it, because gradients "
            "are computed in the dtype of their forward operation anyway."
        ),
    )


def test_gradient_only_new_ones(submission, reference, generator):
    """Earlier gradients have no effect, and the new ones are kept after the step."""
    problem = training_problem(generator)
    gradients = submission.run(two_steps, *problem)["gradients"].values()
    require(
        all(g is not None for g in gradients) and any(g.any() for g in gradients),
        _(
            "There are no gradients after the step. Clear them before the backward pass, not after "
            "the step, so that other code can read them."
        ),
    )
    what = {"gradients": _("the gradients after a step that started with stale ones")}
    same_as_reference(submission, reference, two_steps, *problem, what=what, tolerance=LOOSE)


def test_device_low_precision_in_forward(submission, reference, device, generator):
    """On another device, autocast is enabled for its type, in the low precision of that type."""
    problem = training_problem(generator)
    got = require_low_precision(submission, reference, *problem, device=device)
    require(
        not any(got["backward"]),
        _("On {device}, the backward pass runs under autocast.", device=device),
    )
    require(
        set(got["devices"]) == {device},
        _(
            "The loss: expected device {expected} like x, got {device}. Leave it there, so that "
            "the CPU does not have to wait for it.",
            expected=device,
            device=got["devices"][0],
        ),
    )
    require_same_losses(
        submission,
        reference,
        *problem,
        losses=_("the losses of two steps on {device}", device=device),
        parameters=_("the parameters after two steps on {device}", device=device),
        device=device,
    )
