"""Grader of linear_net: a line as a module with two parameters."""

import torch

from torchkata import Case, Function, Module, Spec, _, normal, require, same
from torchkata.probes import with_parameters


def net_of_x(kata, a, b, x):
    """Run forward with the given parameters."""
    net = kata.Net().to(x.device, x.dtype)
    with_parameters(net, a=a, b=b)
    return net(x)


def number_by_number(a, b, x):
    return torch.tensor([a.item() * number + b.item() for number in x.tolist()], dtype=x.dtype)


SPEC = Spec(
    Module("Net", parameters={"a": (1,), "b": (1,)}, x=(9,)),
    Function(
        "net(x)",
        adapter=net_of_x,
        inputs={"a": normal("1"), "b": normal("1"), "x": normal("n")},
        naive=number_by_number,
        cases=(Case("one point", n=1), Case("no points", n=0), Case("many points", n=50)),
        gradient=("a", "b"),
    ),
    stub_digest="5d6844cd97558c7e",
)


def initial_parameters(kata, count):
    """Return the parameters of nets that are created one after the other, from a fixed seed."""
    torch.manual_seed(7)
    return torch.cat([p.detach().flatten() for _i in range(count) for p in kata.Net().parameters()])


def test_values_initial(submission):
    """The initial values are uniform in [0, 1)."""
    values = submission.run(initial_parameters, 200)
    require(
        values.numel() == 400 and values.min() >= 0 and values.max() < 1,
        _("The initial parameters are not in [0, 1). Draw them with torch.rand."),
    )
    require(
        values.std() > 0.2 and abs(values.mean() - 0.5) < 0.1,
        _("The initial parameters are not uniform in [0, 1)."),
    )


def test_values_seed(submission):
    """The same seed of the global generator gives the same initial values."""
    first, again = (submission.run(initial_parameters, 1) for _run in range(2))
    same(first, again, what=_("the initial parameters after the same seed"))
