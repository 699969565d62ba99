"""Grader of autocast_step: which line of a training step runs under autocast."""

import torch

from torchkata import Entry, Exercise, Tolerance, require, same
from torchkata.probes import TwoLayers, Watch, stale

EXERCISE = Exercise(Entry("train_step"), shipped="da83bd027b7554ed", fault="dtype")
LOOSE = Tolerance(rtol=2e-3, atol=1e-5)  # finer than 16 bits, coarser than another order of sums


def stepped(kata, first, last, x, y, low="", optimizer="SGD"):
    """Make two steps, old gradients in the parameters; say what was seen on the way."""
    kind, net = x.device.type, TwoLayers(first, last)
    watch, shipped = Watch(net, kind, optimizer, lr=0.05), torch.get_autocast_dtype(kind)
    set_to, losses, where = getattr(torch, low) if low else shipped, [], []
    try:
        torch.set_autocast_dtype(kind, set_to)
        for _ in range(2):
            stale(net)
            loss = kata.train_step(net, watch.optimizer, watch.loss_fn, x, y)
            losses.append(watch.detached(loss))
            where.append(str(getattr(loss, "device", "no device")))
        left = torch.is_autocast_enabled(kind) or torch.get_autocast_dtype(kind) is not set_to
    finally:
        torch.set_autocast_enabled(device_type=kind, enabled=False)
        torch.set_autocast_dtype(kind, shipped)
    seen = {name: getattr(watch, name) for name in ("steps", "forward", "backward", "graphs")}
    return seen | net.state() | {
        "outputs": net.outputs, "losses": losses, "where": where, "left": left
    }  # fmt: skip


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
        not any(got["graphs"]),
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


def test_purity_autocast(submission, generator):
    """After the step autocast is off again, its low precision as it was set."""
    require(
        not submission.run(stepped, *drawn(generator))["left"],
        "After the step autocast is on, or in another low precision than before, and whatever the "
        "caller does next is run in that. A `with` block puts both back.",
    )


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
    require(
        set(got["where"]) == {device},
        f"The loss comes back on {got['where'][0]}, but x lies on {device}; leave it there, so "
        "that nobody has to wait for it.",
    )
    agree(submission, reference, *given, where=f" on {device}", device=device)
