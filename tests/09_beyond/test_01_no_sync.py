"""Grader of no_sync: a training loop that never makes the CPU wait for the device."""

import torch

from torchkata import EntryPoint, Spec, _, equal, none_of, same_as_reference

SPEC = Spec(EntryPoint("train_losses"), stub_digest="0c3edf50c0921f70", broken_axis="ops")
OPTIMIZERS = {"SGD": {"lr": 0.1, "momentum": 0.5}, "Adam": {"lr": 0.05}}
LOSSES = {"SGD": "mse_loss", "Adam": "smooth_l1_loss"}


def weight_and_data(generator, steps=5, dtype=torch.float32):
    """Draw a weight, and inputs and targets for some steps."""
    shapes = ((1, 3), (steps, 8, 3), (steps, 8, 1))
    return [torch.randn(shape, generator=generator, dtype=dtype) for shape in shapes]


def train(kata, weight, inputs, targets, optimizer="SGD", iterable=list, stale=0.0):
    """Return the losses, their device, whether they require grad, and the trained weight."""
    model = torch.nn.Linear(3, 1, bias=False).to(weight.device, weight.dtype)
    model.weight = torch.nn.Parameter(weight.clone())
    model.weight.grad = torch.full_like(weight, stale) if stale else None
    optimizer_class = getattr(torch.optim, optimizer)
    batches = list(zip(inputs.unbind(), targets.unbind(), strict=True))
    losses = kata.train_losses(
        model,
        optimizer_class(model.parameters(), **OPTIMIZERS[optimizer]),
        getattr(torch.nn.functional, LOSSES[optimizer]),
        iterable(batches),
    )
    is_tensor = torch.is_tensor(losses)
    return {
        "losses": losses.detach() if is_tensor else losses,
        "type": type(losses).__name__,
        "device": str(losses.device) if is_tensor else "",
        "requires_grad": is_tensor and losses.requires_grad,
        "weight": model.weight.detach(),
    }


def test_contract_any_iterable(submission, generator):
    """Batches may be an iterator, which has no length."""
    got = submission.run(train, *weight_and_data(generator), "SGD", iter)
    equal(got["type"], "Tensor", what=_("The type of the result"))


def test_shape_one_loss_per_step(submission, generator):
    """The result has one loss per batch; [0] for no batches."""
    for steps in (1, 4, 0):
        losses = submission.run(train, *weight_and_data(generator, steps))["losses"]
        equal(list(losses.shape), [steps], what=_("The shape, with one loss for each batch"))


def test_values_losses_and_weights(submission, reference, generator):
    """The losses and the trained weights equal those of an ordinary training loop."""
    for optimizer in OPTIMIZERS:
        arguments = (*weight_and_data(generator, 6), optimizer, iter, 3.0)
        what = {
            "losses": _("the losses with {optimizer}", optimizer=optimizer),
            "weight": _("the weight after 6 steps of {optimizer}", optimizer=optimizer),
        }
        same_as_reference(submission, reference, train, *arguments, what=what, dtype=False)


def test_dtype_float32(submission, generator):
    """The losses are float32, whatever the dtype of the model."""
    for dtype in (torch.float32, torch.float64):
        for steps in (3, 0):
            losses = submission.run(train, *weight_and_data(generator, steps, dtype))["losses"]
            what = _("The dtype of {steps} losses of a {model} model", steps=steps, model=dtype)
            equal(losses.dtype, torch.float32, what=what)


def test_device_of_the_parameters(submission, reference, device, generator):
    """The losses are on the device of the parameters."""
    for steps in (3, 0):
        what = {"losses": _("the losses on {device}", device=device)}
        arguments = weight_and_data(generator, steps)
        got = same_as_reference(submission, reference, train, *arguments, what=what, device=device)
        what = _("The device of {steps} losses", steps=steps)
        why = _("Leave each loss on the device where it was computed.")
        equal(got["device"], device, what=what, why=why)


def test_gradient_losses_are_detached(submission, generator):
    """The losses do not require grad."""
    got = submission.run(train, *weight_and_data(generator))
    why = _("A graph keeps the tensors of its step in memory. Store loss.detach().")
    equal(got["requires_grad"], expected=False, what=_("requires_grad of the losses"), why=why)


def test_ops_host_synchronizations(submission, generator):
    """The CPU never waits for the device, in any thread."""
    for optimizer in OPTIMIZERS:
        arguments = (*weight_and_data(generator), optimizer)
        measured = submission.measure(train, *arguments, device="twin:0", ops=False)
        waits = measured.synchronizations
        none_of(
            [
                _("{op} (line {line})", op=op, line=line) if line else op
                for op, line in dict.fromkeys(waits)
            ],
            what=_("Host synchronizations in 5 steps ({count} in total)", count=len(waits)),
            why=_(
                "Each one empties the queue of the GPU, which is then idle until the CPU has "
                "caught up. Keep the losses as tensors, because they do not have to be read here."
            ),
            synchronisations=len(waits),
            synchronisations_allowed=0,
        )
