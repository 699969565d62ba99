"""Grader of linear_net: a line as a module with two parameters."""

import torch

from torchkata import Case, EntryPoint, Function, Spec, _, normal, require, same, same_as_reference
from torchkata.probes import params_left_behind, registered_names, with_parameters


def net_of_x(kata, a, b, x):
    """Run forward with the given parameters."""
    net = kata.Net().to(x.device, x.dtype)
    with_parameters(net, a=a, b=b)
    return net(x)


def number_by_number(a, b, x):
    return torch.tensor([a.item() * number + b.item() for number in x.tolist()], dtype=x.dtype)


SPEC = Spec(
    EntryPoint("Net"),
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


def structure(kata):
    """Return the registered names, and the initial parameters after a fixed seed."""
    torch.manual_seed(7)
    net = kata.Net()
    names, keys = registered_names(net)
    initial = {name: p.detach() for name, p in net.named_parameters()}
    return {"parameters": names, "keys": keys, "initial": initial}


def saved_and_loaded(kata, x):
    """Run forward of a net, and of another one that loads its state."""
    saved, loaded = kata.Net(), kata.Net()
    with torch.no_grad():
        saved.a.fill_(5.0)
        saved.b.fill_(-3.0)
    loaded.load_state_dict(saved.state_dict())
    return {
        "saved": saved(x).detach(),
        "loaded": loaded(x).detach(),
        "state": dict(loaded.state_dict()),
    }


def initial_values(kata):
    return torch.cat([p.detach().flatten() for _net in range(200) for p in kata.Net().parameters()])


def left_behind(kata, x):
    return params_left_behind(kata.Net(), x)


def test_contract_registers_both(submission):
    """parameters() and state_dict() contain exactly a and b."""
    got = submission.run(structure)
    require(
        got["parameters"],
        _(
            "net.named_parameters() yields nothing; expected a and b. A parameter is registered if "
            "it is an nn.Parameter that is set as an attribute."
        ),
    )
    require(
        got["parameters"] == ["a", "b"],
        _(
            "net.named_parameters(): expected a and b, got {names}.",
            names=", ".join(got["parameters"]),
        ),
    )
    require(
        got["keys"] == ["a", "b"],
        _("state_dict(): expected the keys a and b, got {keys}.", keys=", ".join(got["keys"])),
    )


def test_shape_parameters(submission):
    """Each parameter has the shape [1]."""
    for name, parameter in submission.run(structure)["initial"].items():
        require(
            parameter.shape == (1,),
            _(
                "The parameter {name}: expected shape [1], got {shape}.",
                name=name,
                shape=list(parameter.shape),
            ),
        )


def test_values_initial(submission):
    """The initial values are uniform in [0, 1)."""
    values = submission.run(initial_values)
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
    first, again = (submission.run(structure)["initial"] for _run in range(2))
    same(first, again, what=_("the initial parameters after the same seed"))


def test_values_saved_state(submission, reference, generator):
    """A net that loads the state of another one computes the same."""
    x = torch.randn(9, generator=generator)
    what = {
        "saved": _("`net(x)` with a = 5, b = -3"),
        "state": _("`state_dict()` after load_state_dict"),
    }
    got = same_as_reference(submission, reference, saved_and_loaded, x, what=what)
    what = _("`net(x)` after load_state_dict from another net")
    same(got["loaded"], got["saved"], what=what)


def test_device_moves(submission, device):
    """net.to(device) moves both parameters."""
    names = submission.run(left_behind, torch.ones(1), device=device)
    require(
        not names,
        _(
            "net.to('{device}') does not move {names}.",
            device=device,
            names=", ".join(names),
        ),
    )
