"""Grader of autocast_step: which line of a training step runs under autocast."""

import torch

from torchkata import Entry, Exercise, Tolerance, require, same

EXERCISE = Exercise(Entry("train_step"), shipped="da83bd027b7554ed", fault="dtype")
LOOSE = Tolerance(rtol=2e-3, atol=1e-5)  # finer than 16 bits, coarser than another order of sums


def stepped(kata, weight, head, x, y, low="", name="SGD"):
    """Make two steps, gradients of 9 in the parameters; say what was seen on the way."""
    kind = x.device.type
    seen = {"outputs": [], "forward": [], "backward": [], "steps": 0}

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Parameter(weight.clone())
            self.last = torch.nn.Parameter(head.clone())

        def forward(self, x):
            y = torch.tanh(x @ self.first) @ self.last
            seen["outputs"].append(str(y.dtype))
            return y

    def loss_fn(output, target):
        seen["forward"].append(torch.is_autocast_enabled(kind))
        if output.requires_grad:
            output.register_hook(lambda _: seen["backward"].append(torch.is_autocast_enabled(kind)))
        return torch.nn.functional.mse_loss(output, target)

    def count(*_):
        seen["steps"] += 1

    net = Net()
    optimizer = getattr(torch.optim, name)(net.parameters(), lr=0.05)
    optimizer.register_step_post_hook(count)
    shipped = torch.get_autocast_dtype(kind)
    try:
        torch.set_autocast_dtype(kind, getattr(torch, low) if low else shipped)
        losses = []
        for _ in range(2):
            for parameter in net.parameters():
                parameter.grad = torch.full_like(parameter, 9.0)
            losses.append(kata.train_step(net, optimizer, loss_fn, x, y))
    finally:
        torch.set_autocast_dtype(kind, shipped)
    parameters = dict(net.named_parameters())
    seen["graph"] = [torch.is_tensor(loss) and loss.requires_grad for loss in losses]
    seen["losses"] = [loss.detach() if torch.is_tensor(loss) else loss for loss in losses]
    seen["parameters"] = {name: p.detach() for name, p in parameters.items()}
    seen["gradients"] = {name: p.grad for name, p in parameters.items()}
    return seen


def drawn(generator, n=12, i=7, h=16, o=3):
    sizes = ((i, h), (h, o), (n, i), (n, o))
    return [torch.randn(size, generator=generator) for size in sizes]


def agree(submission, reference, *given, where="", device="cpu"):
    """Compare two steps of both; low precision agrees to 3 digits, not to the last one."""
    got, expected = (who.run(stepped, *given, device=device) for who in (submission, reference))
    same(got["losses"], expected["losses"], what=f"the loss of two steps{where}", tolerance=LOOSE)
    what = f"the parameters after two steps{where}"
    same(got["parameters"], expected["parameters"], what=what, tolerance=LOOSE)


def test_contract_loss_is_detached(submission, generator):
    """The loss is a detached 0-d tensor; the model is called once, the optimizer steps once."""
    got = submission.run(stepped, *drawn(generator))
    for loss in got["losses"]:
        require(torch.is_tensor(loss) and loss.dim() == 0, f"A 0-d tensor is due, not {loss!r}.")
    require(
        not any(got["graph"]),
        "The returned loss still hangs on its gradient graph. Whoever keeps it in a list keeps "
        "the graph of every step: detach it.",
    )
    calls = len(got["outputs"]), got["steps"]
    require(
        calls == (2, 2),
        f"In two steps the model was called {calls[0]} x and the optimizer {calls[1]} x; each "
        "belongs into a step once.",
    )


def test_dtype_low_in_forward(submission, reference, generator):
    """The forward pass and the loss run under autocast, in the low precision that is set."""
    given = drawn(generator)
    for low in ("", "float16"):
        got, expected = (who.run(stepped, *given, low) for who in (submission, reference))
        require(
            got["outputs"] == expected["outputs"],
            f"The model's output is {got['outputs'][:1]}, expected {expected['outputs'][:1]}: "
            "autocast is not on for tensors of the CPU, or in another low precision than was set.",
        )
        require(
            all(got["forward"]) and got["forward"],
            "The loss is computed outside of autocast: loss_fn belongs into the block as well, "
            "where sums are lifted to float32.",
        )


def test_dtype_parameters_stay(submission, generator):
    """Parameters and gradients are float32 after the step."""
    got = submission.run(stepped, *drawn(generator))
    for what in ("parameters", "gradients"):
        for name, tensor in got[what].items():
            require(
                tensor is None or tensor.dtype is torch.float32,
                f"After the step the {what} have {tensor is not None and tensor.dtype} ({name}); "
                "they have to stay float32, or small updates are rounded away.",
            )


def test_values_two_steps(submission, reference, generator):
    """Losses and parameters are the reference's, for several sizes and optimizers."""
    for sizes in ((12, 7, 16, 3), (1, 1, 1, 1), (5, 3, 4, 1)):
        given = drawn(generator, *sizes)
        agree(submission, reference, *given, where=f" with x of shape {list(given[2].shape)}")
    agree(submission, reference, *drawn(generator), "", "Adam", where=" with Adam")


def test_gradient_backward_outside(submission, generator):
    """Autocast is off while gradients are computed."""
    seen = submission.run(stepped, *drawn(generator))["backward"]
    require(seen, "No backward pass went through the loss of the model's output.")
    require(
        not any(seen),
        "The backward pass runs under autocast. Leave the block before it: gradients take the "
        "dtype of their operation by themselves.",
    )


def test_gradient_new_ones_alone(submission, reference, generator):
    """Earlier gradients do not count, and the new ones are there after the step."""
    given = drawn(generator)
    got, expected = (who.run(stepped, *given)["gradients"] for who in (submission, reference))
    require(
        None not in got.values() and any(g.any() for g in got.values()),
        "After the step there are no gradients left. Clear them before the backward pass, not "
        "after the step: others may want to look at them.",
    )
    what = "the gradients after a step that found old ones there"
    same(got, expected, what=what, tolerance=LOOSE)


def test_device_low_in_forward(submission, reference, device, generator):
    """On another device autocast is on there, in that device's own low precision."""
    given = drawn(generator)
    got, expected = (who.run(stepped, *given, device=device) for who in (submission, reference))
    require(
        got["outputs"] == expected["outputs"] and all(got["forward"]),
        f"With x on {device} (a stand-in for a GPU) the model's output is {got['outputs'][:1]}, "
        f"expected {expected['outputs'][:1]}: autocast is not that of the device of x, or not in "
        "its default low precision.",
    )
    require(not any(got["backward"]), f"On {device} the backward pass runs under autocast.")
    agree(submission, reference, *given, where=f" on {device}", device=device)
