"""Grader of linear_layer: nn.Linear on a vector, for any number of points."""

import torch

from torchkata import Case, Function, Module, Spec, _, arguments, equal, normal, special
from torchkata.probes import with_parameters


def net_of_x(kata, weight, bias, x):
    """Run forward with the given parameters."""
    net = kata.Net().to(x.device, x.dtype)
    with_parameters(net.linear, weight=weight, bias=bias)
    return net(x)


def number_by_number(weight, bias, x):
    numbers = [weight.item() * number + bias.item() for number in x.tolist()]
    return torch.tensor(numbers, dtype=x.dtype)


SPEC = Spec(
    Module("Net", parameters={"linear.weight": (1, 1), "linear.bias": (1,)}, x=(9,)),
    Function(
        "net(x)",
        adapter=net_of_x,
        inputs={"weight": normal("1 1"), "bias": normal("1"), "x": normal("n")},
        naive=number_by_number,
        cases=(
            Case("one point", n=1),
            Case("no points", n=0),
            Case("many points", n=50),
            Case("21,000 points", n=21000),
            Case("nan and infinity", given=arguments(normal("1 1"), normal("1"), special("7"))),
        ),
    ),
    stub_digest="17efdd691e43cb51",
)
RULES = {
    "initial values": "values[starting values]",
    "no parameters other": "contract[registered names]",
}


def linear_layer(kata):
    """Return net.linear as text."""
    linear = getattr(kata.Net(), "linear", None)
    return repr(linear) if isinstance(linear, torch.nn.Linear) else type(linear).__name__


def test_contract_one_layer(submission):
    """The only layer is nn.Linear(1, 1), stored as self.linear."""
    expected = repr(torch.nn.Linear(1, 1))
    equal(submission.run(linear_layer), expected, what=_("self.linear"))
