"""Grader of linear_layer: nn.Linear on a vector, for any number of points."""

import torch

from torchkata import Entry, Exercise, require, same

EXERCISE = Exercise(Entry("Net"), shipped="f1448881d0966810")
KEYS = ["linear.bias", "linear.weight"]


def built(kata):
    """What linear is, and the names of parameters and of the state."""
    net = kata.Net()
    linear = getattr(net, "linear", None)
    kind = repr(linear) if isinstance(linear, torch.nn.Linear) else type(linear).__name__
    return kind, sorted(name for name, _ in net.named_parameters()), sorted(net.state_dict())


def applied(kata, weight, bias, x):
    """Forward with given parameters, the gradients, and whether x and the devices are right."""
    net = kata.Net().to(x.device, x.dtype)
    net.load_state_dict({"linear.weight": weight, "linear.bias": bias})
    moved = {str(parameter.device) for parameter in net.parameters()} == {str(x.device)}
    before = x.clone()
    y = net(x).detach()
    untouched = x.shape == before.shape and bool((x == before).all())
    wanted = net.linear.weight, net.linear.bias, before.requires_grad_()
    z = net(before.clone())
    grads = [None] * 3
    if z.requires_grad:
        grads = torch.autograd.grad(z.sum(), wanted, allow_unused=True)
    return y, dict(zip(("weight", "bias", "x"), grads, strict=True)), untouched, moved


def drawn(generator, n=9, dtype=torch.float32):
    weight, bias = torch.randn(2, generator=generator, dtype=dtype)
    return weight.reshape(1, 1), bias.reshape(1), torch.randn(n, generator=generator, dtype=dtype)


def test_contract_one_layer(submission):
    """The module holds nn.Linear(1, 1) under the name linear, and no other parameters."""
    kind, names, keys = submission.run(built)
    layer = repr(torch.nn.Linear(1, 1))
    require(kind == layer, f"self.linear has to be nn.{layer}; it is {kind}.")
    require(
        names == keys == KEYS,
        f"The module's parameters are {names} and its state_dict has {keys}; with one layer named "
        f"linear both are {KEYS}.",
    )


def test_shape_of_x(submission, generator):
    """The result has the shape [n], also for one point and for none."""
    for n in (9, 1, 0):
        shape = list(submission.run(applied, *drawn(generator, n))[0].shape)
        require(
            shape == [n],
            f"For x of shape [{n}] net(x) has the shape {shape}; it has to be [{n}]. "
            "Say which dim to add and which one to remove.",
        )


def test_values_line(submission, reference, generator):
    """Forward is weight*x + bias."""
    for n in (0, 1, 50):
        given = drawn(generator, n)
        got, expected = submission.run(applied, *given)[0], reference.run(applied, *given)[0]
        same(got, expected, what=f"`net(x)` for n = {n}")


def test_values_strided_x(submission, reference, generator):
    """Forward takes x with gaps in memory, such as every second entry of a vector."""
    weight, bias, x = drawn(generator, 20)
    got, expected = (who.run(applied, weight, bias, x[::2])[0] for who in (submission, reference))
    same(got, expected, what="`net(x[::2])`")


def test_dtype_float64(submission, reference, generator):
    """After net.double() it computes in float64."""
    given = drawn(generator, dtype=torch.float64)
    got, expected = submission.run(applied, *given)[0], reference.run(applied, *given)[0]
    same(got, expected, what="`net(x)` in float64")


def test_purity_x(submission, generator):
    """The argument keeps its shape and its values."""
    kept = submission.run(applied, *drawn(generator))[2]
    require(
        kept, "forward changes x itself (a method with a trailing underscore?); leave it as it is."
    )


def test_gradient_reaches_all(submission, reference, generator):
    """Gradients flow to weight, bias and x."""
    given = drawn(generator)
    got, expected = submission.run(applied, *given)[1], reference.run(applied, *given)[1]
    missing = [name for name in expected if got[name] is None]
    require(
        not missing,
        f"No gradient reaches {', '.join(missing)}: either forward does not use it, or it "
        "forgets where its numbers came from (by no_grad, .detach(), .data or numpy).",
    )
    for name, gradient in expected.items():
        same(got[name], gradient, what=f"the gradient of {name}")


def test_device_moves(submission, reference, device, generator):
    """The layer moves by net.to(device), and forward works there."""
    given = drawn(generator)
    got = submission.run(applied, *given, device=device)
    require(got[3], f"net.to('{device}') leaves parameters behind.")
    same(got[0], reference.run(applied, *given)[0], what=f"`net(x)` on {device}")
