"""Grader of linear_layer: nn.Linear on a vector, for any number of points."""

import torch

from torchkata import Case, EntryPoint, Function, Spec, normal, require
from torchkata.probes import params_left_behind, registered_names, with_parameters


def applied(kata, weight, bias, x):
    """Forward with given parameters."""
    net = kata.Net().to(x.device, x.dtype)
    with_parameters(net.linear, weight=weight, bias=bias)
    return net(x)


def number_by_number(weight, bias, x):
    numbers = [weight.item() * number + bias.item() for number in x.tolist()]
    return torch.tensor(numbers, dtype=x.dtype)


SPEC = Spec(
    EntryPoint("Net"),
    Function(
        "net(x)",
        adapter=applied,
        inputs={"weight": normal("1 1"), "bias": normal("1"), "x": normal("n")},
        naive=number_by_number,
        cases=(Case("one point", n=1), Case("no points", n=0), Case("many points", n=50)),
    ),
    stub_digest="920971ba6d28f0dd",
)
KEYS = ["linear.bias", "linear.weight"]


def built(kata):
    """What linear is, and the names of parameters and of the state."""
    net = kata.Net()
    linear = getattr(net, "linear", None)
    kind = repr(linear) if isinstance(linear, torch.nn.Linear) else type(linear).__name__
    return kind, *registered_names(net)


def left(kata, x):
    return params_left_behind(kata.Net(), x)


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


def test_device_moves(submission, device):
    """The layer moves by net.to(device)."""
    names = submission.run(left, torch.ones(1), device=device)
    require(not names, f"net.to('{device}') leaves {' and '.join(names)} behind.")
