"""Grader of no_sync: a training loop that never makes the CPU wait for the device."""

import torch

from torchkata import EntryPoint, Spec, same_as_reference, require

SPEC = Spec(EntryPoint("train_losses"), stub_digest="0c3edf50c0921f70", fault="ops")
OPTIMIZERS = {"SGD": {"lr": 0.1, "momentum": 0.5}, "Adam": {"lr": 0.05}}
LOSSES = {"SGD": "mse_loss", "Adam": "smooth_l1_loss"}


def drawn(generator, steps=5, dtype=torch.float32):
    """A weight, and inputs and targets for some steps."""
    shapes = ((1, 3), (steps, 8, 3), (steps, 8, 1))
    return [torch.randn(shape, generator=generator, dtype=dtype) for shape in shapes]


def trained(kata, weight, inputs, targets, optimizer="SGD", form=list, stale=0.0):
    """The losses, where they lie, whether they require grad, and the weight after training."""
    model = torch.nn.Linear(3, 1, bias=False).to(weight.device, weight.dtype)
    model.weight = torch.nn.Parameter(weight.clone())
    model.weight.grad = torch.full_like(weight, stale) if stale else None
    steps = getattr(torch.optim, optimizer)(model.parameters(), **OPTIMIZERS[optimizer])
    batches = list(zip(inputs.unbind(), targets.unbind(), strict=True))
    loss_fn = getattr(torch.nn.functional, LOSSES[optimizer])
    losses = kata.train_losses(model, steps, loss_fn, form(batches))
    found = {"losses": losses, "device": "", "grad": False, "weight": model.weight.detach()}
    if torch.is_tensor(losses):
        found |= {"losses": losses.detach(), "device": str(losses.device)}
        found["grad"] = losses.requires_grad
    return found


def test_contract_any_iterable(submission, generator):
    """Batches may come from a generator, which has no length."""
    got = submission.run(trained, *drawn(generator), "SGD", iter)["losses"]
    require(torch.is_tensor(got), f"train_losses has to return a tensor, but {got!r} came.")


def test_shape_one_loss_per_step(submission, generator):
    """As many losses as batches; [0] for none."""
    for steps in (1, 4, 0):
        shape = list(submission.run(trained, *drawn(generator, steps))["losses"].shape)
        require(
            shape == [steps],
            f"For {steps} batches the result has the shape {shape}; it has to be [{steps}], one "
            "loss for each step.",
        )


def test_values_losses_and_weights(submission, reference, generator):
    """Each loss and the trained weights are those of an ordinary training loop."""
    for optimizer in OPTIMIZERS:
        data = (*drawn(generator, 6), optimizer, iter, 3.0)
        what = {
            "losses": f"the losses with {optimizer}",
            "weight": f"the weight after 6 steps of {optimizer}",
        }
        same_as_reference(submission, reference, trained, *data, what=what, dtype=False)


def test_dtype_float32(submission, generator):
    """The losses are float32, whatever the dtype of the model."""
    for dtype in (torch.float32, torch.float64):
        for steps in (3, 0):
            got = submission.run(trained, *drawn(generator, steps, dtype))["losses"].dtype
            require(
                got == torch.float32,
                f"With a model of {dtype} the losses of {steps} batches are {got}; torch.float32 "
                "was asked for, whatever the model's dtype.",
            )


def test_device_of_the_parameters(submission, reference, device, generator):
    """The losses lie where the parameters do."""
    for steps in (3, 0):
        what = {"losses": f"the losses on {device}"}
        given = drawn(generator, steps)
        got = same_as_reference(submission, reference, trained, *given, what=what, device=device)
        require(
            got["device"] == device,
            f"The model lives on {device} (a stand-in for a GPU), but the losses of {steps} "
            f"batches lie on {got['device'] or 'no device'}. Leave each where it was computed.",
        )


def test_gradient_is_let_go(submission, generator):
    """The losses do not require grad."""
    require(
        not submission.run(trained, *drawn(generator))["grad"],
        "The losses still require grad: with them, the graph of every step stays in memory. "
        "Store loss.detach().",
    )


def test_ops_host_synchronisations(submission, generator):
    """The CPU never waits for the device, in no thread."""
    for optimizer in OPTIMIZERS:
        data = (*drawn(generator), optimizer)
        reads = submission.measure(trained, *data, device="twin:0", ops=False).synchronisations
        named = ", ".join(f"{op} (line {line})" for op, line in dict.fromkeys(reads))
        require(
            not reads,
            f"In 5 steps the CPU waits for the device {len(reads)} times: {named}. None is "
            "allowed: each wait empties the GPU's queue, and then the GPU has nothing to do until "
            "the CPU has caught up. Keep the losses as tensors; nobody has to read them here.",
            synchronisations=len(reads),
            synchronisations_allowed=0,
        )
