"""Grader of linear_net: a line as a module with two parameters."""

import torch

from torchkata import Case, EntryPoint, Function, Spec, normal, require, same, same_as_reference
from torchkata.probes import params_left_behind, registered_names, with_parameters


def applied(kata, a, b, x):
    """Forward with given parameters."""
    net = kata.Net().to(x.device, x.dtype)
    with_parameters(net, a=a, b=b)
    return net(x)


def number_by_number(a, b, x):
    return torch.tensor([a.item() * number + b.item() for number in x.tolist()], dtype=x.dtype)


SPEC = Spec(
    EntryPoint("Net"),
    Function(
        "net(x)",
        adapter=applied,
        inputs={"a": normal("1"), "b": normal("1"), "x": normal("n")},
        naive=number_by_number,
        cases=(Case("one point", n=1), Case("no points", n=0), Case("many points", n=50)),
        gradient=("a", "b"),
    ),
    stub_digest="5d6844cd97558c7e",
)


def made(kata):
    torch.manual_seed(7)
    net = kata.Net()
    return *registered_names(net), {name: p.detach() for name, p in net.named_parameters()}


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


def left(kata, x):
    return params_left_behind(kata.Net(), x)


def test_contract_registers_both(submission):
    """Optimizers and state_dict find exactly a and b."""
    parameters, keys, _ = submission.run(made)
    require(
        parameters == ["a", "b"],
        f"net.named_parameters() yields {parameters or 'nothing'}; it has to yield a and b. Only "
        "an nn.Parameter set as an attribute is registered.",
    )
    require(keys == ["a", "b"], f"state_dict() has the keys {keys}; they have to be a, b.")


def test_shape_parameters(submission):
    """Each parameter has the shape [1]."""
    for name, parameter in submission.run(made)[2].items():
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
    same(submission.run(made)[2], submission.run(made)[2], what="the start after one seed")


def test_values_saved_state(submission, reference, generator):
    """A net that loads another one's state computes what the other one does."""
    x = torch.randn(9, generator=generator)
    what = {0: "`net(x)` with a = 5, b = -3", 2: "`state_dict()` after load_state_dict"}
    got = same_as_reference(submission, reference, restored, x, what=what)
    same(got[1], got[0], what="`net(x)` after load_state_dict of another net")


def test_device_moves(submission, device):
    """.to(device) moves both parameters."""
    names = submission.run(left, torch.ones(1), device=device)
    require(not names, f"net.to('{device}') leaves {' and '.join(names)} behind.")
