"""Grader of no_sync: a training loop that never makes the CPU wait for the device."""

import torch

from torchkata import Case, EntryPoint, Function, HostSyncs, Spec, _, equal, normal, same

SETTINGS = {"SGD": {"lr": 0.1, "momentum": 0.5}, "Adam": {"lr": 0.05}}
LOSSES = {"SGD": "mse_loss", "Adam": "smooth_l1_loss"}
RULES = {
    "For each batch": "values[two epochs: SGD]",
    "Entry i": "values[two epochs: SGD]",
    "does not require grad": "gradient[losses are detached]",
    "No host synchronization": "ops[two epochs: no host synchronization]",
}


def two_epochs(kata, weight, inputs, targets, optimizer):
    """Train a linear model that has old gradients on a list of batches, and on it again."""
    model = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    model = model.to(weight.device, weight.dtype)
    model.weight = torch.nn.Parameter(weight.detach().clone())
    model.weight.grad = torch.full_like(weight, 3.0)
    stepper = getattr(torch.optim, optimizer)(model.parameters(), **SETTINGS[optimizer])
    loss, calls = getattr(torch.nn.functional, LOSSES[optimizer]), []

    def loss_fn(output, target):
        calls.append(1)
        return loss(output, target)

    batches = list(zip(inputs.unbind(), targets.unbind(), strict=True))
    losses = [kata.train_losses(model, stepper, loss_fn, batches) for _epoch in range(2)]
    return {"losses": losses, "weight": model.weight.detach(), "calls of loss_fn": len(calls)}


def read_each_loss(model, optimizer, loss_fn, batches):
    losses = []
    for inputs, targets in batches:
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses, dtype=torch.float32)


def reading_loop(weight, inputs, targets, optimizer):
    kata = type("Naive", (), {"train_losses": staticmethod(read_each_loss)})
    return two_epochs(kata, weight, inputs, targets, optimizer)


SPEC = Spec(
    EntryPoint("train_losses"),
    Function(
        "two epochs",
        adapter=two_epochs,
        inputs={
            "weight": normal("o i"),
            "inputs": normal("s n i"),
            "targets": normal("s n o"),
            "optimizer": lambda sizes, _generator: "Adam" if sizes.adam else "SGD",
        },
        naive=reading_loop,
        cases=(
            Case("one batch", s=1, n=1, i=2, o=1, adam=0),
            Case("no batches", s=0, n=4, i=3, o=1, adam=0),
            Case("SGD", s=4, n=6, i=3, o=2, adam=0),
            Case("Adam", s=4, n=6, i=3, o=2, adam=1),
        ),
        gradient=False,
        budget=(HostSyncs(),),
        variant_case="SGD",
    ),
    stub_digest="f6817f70d796396f",
    broken_axis="ops",
)


def describe(kata, optimizer, iterable):
    """Return type, shape and requires_grad of the losses of 100 batches, and the losses."""
    model = torch.nn.Linear(3, 1)
    for parameter in model.parameters():
        torch.nn.init.constant_(parameter, 0.5)
    stepper = getattr(torch.optim, optimizer)(model.parameters(), **SETTINGS[optimizer])
    batches = iterable([(torch.ones(4, 3), torch.zeros(4, 1))] * 100)
    losses = kata.train_losses(model, stepper, torch.nn.functional.mse_loss, batches)
    is_tensor = torch.is_tensor(losses)
    shape = list(losses.shape) if is_tensor else []
    numbers = losses.detach() if is_tensor else []
    return type(losses).__name__, shape, is_tensor and losses.requires_grad, numbers


def test_contract_any_iterable(submission):
    """Batches may be an iterator, which has no length."""
    kind, shape, _requires_grad, losses = submission.run(describe, "SGD", iter)
    equal(kind, "Tensor", what=_("The type of the result"))
    equal(shape, [100], what=_("The shape of the losses of 100 batches"))
    *_others, of_list = submission.run(describe, "SGD", list)
    same(losses, of_list, what=_("the losses of an iterator, compared with those of a list"))


def test_gradient_losses_are_detached(submission):
    """The losses do not require grad."""
    for optimizer in SETTINGS:
        _kind, _shape, requires_grad, _losses = submission.run(describe, optimizer, list)
        why = _("A graph keeps the tensors of its step in memory. Store loss.detach().")
        equal(requires_grad, expected=False, what=_("requires_grad of the losses"), why=why)
