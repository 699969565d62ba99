"""Grader of autocast_step: which line of a training step runs under autocast."""

from torchkata import EntryPoint, Spec, Tolerance, require, same_as_reference, training_steps_ok
from torchkata.probes import (
    TrainingRecorder,
    TwoLayers,
    autocast_changes,
    fill_stale_grads,
    training_problem,
)

SPEC = Spec(EntryPoint("train_step"), stub_digest="260110f43bd95cab", fault="dtype")
LOOSE = Tolerance(rtol=2e-3, atol=1e-5)  # finer than 16 bits, coarser than another order of sums


def stepped(kata, first, last, x, y, low="", optimizer="SGD"):
    """Make two steps, old gradients in the parameters; say what was seen on the way."""
    net = TwoLayers(first, last)
    recorder = TrainingRecorder(net, x.device.type, optimizer, lr=0.05)
    with autocast_changes(x.device.type, low) as left:
        for _ in range(2):
            fill_stale_grads(net)
            recorder.record(kata.train_step(net, recorder.optimizer, recorder.loss_fn, x, y))
    return recorder.summary() | net.summary() | {"left": left}


def low_in_forward(submission, reference, *given, device="cpu"):
    """Compare what the model gives out, and look for autocast in loss_fn; return what was seen."""
    got, expected = (who.run(stepped, *given, device=device) for who in (submission, reference))
    outputs, wanted = (", ".join(sorted(set(seen["outputs"]))) for seen in (got, expected))
    where = "the CPU" if device == "cpu" else f"{device} (a stand-in for a GPU)"
    require(
        outputs == wanted,
        f"With x on {where} the model gives out {outputs}, expected {wanted}: autocast is not on "
        "for the type of device that x lies on, or in another low precision than is set for it.",
    )
    require(
        all(got["forward"]) and got["forward"],
        f"With x on {where} the loss is computed outside of autocast: loss_fn belongs into the "
        "block as well, where sums are lifted to float32.",
    )
    return got


def agree_in_two_steps(submission, reference, *given, where="", device="cpu"):
    """Low precision agrees to 3 digits, not to the last one."""
    what = {
        "losses": f"the loss of two steps{where}",
        "parameters": f"the parameters after two steps{where}",
    }
    same_as_reference(
        submission, reference, stepped, *given, what=what, device=device, tolerance=LOOSE
    )


def test_contract_loss_is_detached(submission, generator):
    """The loss is a detached 0-d tensor; the model is called once, the optimizer steps once."""
    training_steps_ok(submission.run(stepped, *training_problem(generator)), steps=2, forwards=2)


def test_dtype_low_in_forward(submission, reference, generator):
    """The forward pass and the loss run under autocast, in the low precision that is set."""
    given = training_problem(generator)
    for low in ("", "float16"):
        low_in_forward(submission, reference, *given, low)


def test_dtype_parameters_stay(submission, generator):
    """Parameters and gradients are float32 after the step."""
    got = submission.run(stepped, *training_problem(generator))
    for what in ("parameters", "gradients"):
        dtypes = {str(tensor.dtype) for tensor in got[what].values() if tensor is not None}
        require(
            dtypes <= {"torch.float32"},
            f"After the step the {what} have {', '.join(sorted(dtypes))}; they have to stay "
            "float32, or small updates are rounded away.",
        )


def test_values_two_steps(submission, reference, generator):
    """Losses and parameters are the reference's, for several sizes and optimizers."""
    for sizes in ((12, 7, 16, 3), (1, 1, 1, 1), (5, 3, 4, 1)):
        given, where = training_problem(generator, *sizes), f" with x of shape {[*sizes[:2]]}"
        agree_in_two_steps(submission, reference, *given, where=where)
    given = *training_problem(generator), "", "Adam"
    agree_in_two_steps(submission, reference, *given, where=" with Adam")


def test_purity_autocast(submission, generator):
    """After the step autocast is off again, its low precision as it was set."""
    left = submission.run(stepped, *training_problem(generator))["left"]
    require(
        not left,
        f"The step leaves autocast changed ({'; '.join(left)}), and whatever the caller does next "
        "is run in that. A `with` block puts everything back.",
    )


def test_gradient_backward_outside(submission, generator):
    """Autocast is off while gradients are computed."""
    seen = submission.run(stepped, *training_problem(generator))["backward"]
    require(seen, "No backward pass went through the loss of the model's output.")
    require(
        not any(seen),
        "The backward pass runs under autocast. Leave the block before it: gradients take the "
        "dtype of their operation by themselves.",
    )


def test_gradient_new_ones_alone(submission, reference, generator):
    """Earlier gradients do not count, and the new ones are there after the step."""
    given = training_problem(generator)
    gradients = submission.run(stepped, *given)["gradients"].values()
    require(
        all(g is not None for g in gradients) and any(g.any() for g in gradients),
        "After the step there are no gradients left. Clear them before the backward pass, not "
        "after the step: others may want to look at them.",
    )
    what = {"gradients": "the gradients after a step that found old ones there"}
    same_as_reference(submission, reference, stepped, *given, what=what, tolerance=LOOSE)


def test_device_low_in_forward(submission, reference, device, generator):
    """On another device autocast is on there, in that device's own low precision."""
    given = training_problem(generator)
    got = low_in_forward(submission, reference, *given, device=device)
    require(not any(got["backward"]), f"On {device} the backward pass runs under autocast.")
    require(
        set(got["devices"]) == {device},
        f"The loss comes back on {got['places'][0]}, but x lies on {device}; leave it there, so "
        "that nobody has to wait for it.",
    )
    agree_in_two_steps(submission, reference, *given, where=f" on {device}", device=device)
