"""Grader of linear_net: a line as a module with two parameters."""

import torch

from torchkata import Entry, Exercise, require, same

EXERCISE = Exercise(Entry("Net"), shipped="b52fd945b5b6f723")


def made(kata):
    torch.manual_seed(7)
    net = kata.Net()
    return {name: p.detach() for name, p in net.named_parameters()}, list(net.state_dict())


def loaded(kata, a, b, x):
    """Forward, and the gradients of its sum, with given parameters."""
    net = kata.Net().to(x.device)
    net.load_state_dict({"a": a, "b": b})
    y = net(x)
    grads = (
        torch.autograd.grad(y.sum(), [net.a, net.b], allow_unused=True) if y.requires_grad else None
    )
    return y.detach(), grads, {str(p.device) for p in net.parameters()} == {str(x.device)}


def restored(kata, x):
    """What a net computes, and what another one does that loads its state."""
    one, two = kata.Net(), kata.Net()
    with torch.no_grad():
        one.a.fill_(5.0)
        one.b.fill_(-3.0)
    two.load_state_dict(one.state_dict())
    return one(x).detach(), two(x).detach(), dict(two.state_dict())


def starts(kata):
    return torch.cat([p.detach().flatten() for _ in range(200) for p in kata.Net().parameters()])


def test_contract_registers_both(submission):
    """Optimizers and state_dict find exactly a and b."""
    parameters, keys = submission.run(made)
    require(
        sorted(parameters) == ["a", "b"],
        f"net.named_parameters() yields {sorted(parameters) or 'nothing'}; it has to yield a and "
        "b. Only an nn.Parameter set as an attribute is registered.",
    )
    require(sorted(keys) == ["a", "b"], f"state_dict() has the keys {keys}; they have to be a, b.")


def test_shape_parameters(submission):
    """Each parameter has the shape [1]."""
    for name, parameter in submission.run(made)[0].items():
        require(parameter.shape == (1,), f"{name} has the shape {list(parameter.shape)}, not [1].")


def test_values_start(submission):
    """The start is uniform in [0, 1)."""
    drawn = submission.run(starts)
    require(
        drawn.numel() == 400 and drawn.min() >= 0 and drawn.max() < 1,
        "The parameters do not start in [0, 1): draw them by torch.rand.",
    )
    require(
        drawn.std() > 0.2 and abs(drawn.mean() - 0.5) < 0.1, "The start is not uniform in [0, 1)."
    )


def test_values_seed(submission):
    """The global generator decides: the same seed gives the same start."""
    same(submission.run(made)[0], submission.run(made)[0], what="the start after one seed")


def test_values_line(submission, reference, generator):
    """Forward is a*x + b for n = 0, 1 and many."""
    a, b = torch.randn(2, 1, generator=generator)
    for n in (0, 1, 50):
        x = torch.randn(n, generator=generator)
        got, expected = submission.run(loaded, a, b, x), reference.run(loaded, a, b, x)
        same(got[0], expected[0], what=f"`net(x)` for n = {n}")


def test_values_saved_state(submission, reference, generator):
    """A net that loads another one's state computes what the other one does."""
    x = torch.randn(9, generator=generator)
    got, expected = submission.run(restored, x), reference.run(restored, x)
    same(got[0], expected[0], what="`net(x)` with a = 5, b = -3")
    same(got[1], got[0], what="`net(x)` after load_state_dict of another net")
    same(got[2], expected[2], what="`state_dict()` after load_state_dict")


def test_gradient_reaches_both(submission, reference, generator):
    """Gradients flow to a and b."""
    a, b, x = (
        torch.randn(1, generator=generator),
        torch.ones(1),
        torch.randn(9, generator=generator),
    )
    got = submission.run(loaded, a, b, x)[1]
    require(
        got is not None and None not in got, "No gradient reaches a and b: forward has to use them."
    )
    same(got, reference.run(loaded, a, b, x)[1], what="the gradients of a and b")


def test_device_moves(submission, reference, device):
    """.to(device) moves both parameters, and forward works there."""
    a, b, x = torch.tensor([2.0]), torch.tensor([3.0]), torch.arange(5.0)
    got = submission.run(loaded, a, b, x, device=device)
    require(got[2], f"net.to('{device}') leaves parameters behind.")
    same(got[0], reference.run(loaded, a, b, x)[0], what=f"`net(x)` on {device}")
