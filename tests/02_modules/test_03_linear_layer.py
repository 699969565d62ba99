"""Grader of linear_layer: nn.Linear on a vector, for any number of points."""

import torch

from torchkata import Case, EntryPoint, Function, Spec, _, normal, require
from torchkata.probes import params_left_behind, registered_names, with_parameters


def net_of_x(kata, weight, bias, x):
    """Run forward with the given parameters."""
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
        adapter=net_of_x,
        inputs={"weight": normal("1 1"), "bias": normal("1"), "x": normal("n")},
        naive=number_by_number,
        cases=(Case("one point", n=1), Case("no points", n=0), Case("many points", n=50)),
    ),
    stub_digest="920971ba6d28f0dd",
)
KEYS = ["linear.bias", "linear.weight"]


def structure(kata):
    """Return what net.linear is, and the registered names."""
    net = kata.Net()
    linear = getattr(net, "linear", None)
    kind = repr(linear) if isinstance(linear, torch.nn.Linear) else type(linear).__name__
    names, keys = registered_names(net)
    return {"linear": kind, "parameters": names, "keys": keys}


def left_behind(kata, x):
    return params_left_behind(kata.Net(), x)


def test_contract_one_layer(submission):
    """The only layer is nn.Linear(1, 1), stored as self.linear."""
    got = submission.run(structure)
    layer = repr(torch.nn.Linear(1, 1))
    require(
        got["linear"] == layer,
        _("self.linear: expected nn.{layer}, got {got}.", layer=layer, got=got["linear"]),
    )
    require(
        got["parameters"] == got["keys"] == KEYS,
        _(
            "Expected the parameters and the state_dict() of a single layer named linear, "
            "{expected}. Got the parameters {names} and a state_dict() with {keys}.",
            expected=KEYS,
            names=got["parameters"],
            keys=got["keys"],
        ),
    )


def test_device_moves(submission, device):
    """net.to(device) moves the layer."""
    names = submission.run(left_behind, torch.ones(1), device=device)
    require(
        not names,
        _(
            "net.to('{device}') does not move {names}.",
            device=device,
            names=", ".join(names),
        ),
    )
