"""Grader of linear_net: a line as a module with two parameters."""

import torch

from torchkata import Case, Function, Module, Spec, _, arguments, normal, require, same, special
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
        cases=(
            Case("one point", n=1),
            Case("no points", n=0),
            Case("many points", n=50),
            Case("21,000 points", n=21000),
            Case("nan and infinity", given=arguments(normal("1"), normal("1"), special("7"))),
        ),
    ),
    stub_digest="495dda4dcddc030e",
)
RULES = {
    "exactly two tensors": "contract[registered names]",
}


def initial_parameters(kata, count):
    """Return a and b of nets that are created one after the other, from a fixed seed."""
    torch.manual_seed(7)
    nets = [kata.Net() for _net in range(count)]
    return torch.stack([torch.cat([net.a, net.b]).detach() for net in nets])


def test_values_initial(submission):
    """The initial values are uniform in [0, 1)."""
    values = submission.run(initial_parameters, 200)  # [200, 2]
    low, high = float(values.min()), float(values.max())
    require(
        low >= 0 and high < 1,
        _(
            "The initial parameters of 200 nets are between {low:.3g} and {high:.3g}, but they "
            "must be in [0, 1). Draw them with torch.rand.",
            low=low,
            high=high,
        ),
    )
    require(
        not torch.equal(values[0], values[1]),
        _(
            "Every Net() starts with the same numbers. Draw new ones in each `__init__`, and do "
            "not set a seed there."
        ),
    )
    require(
        abs(values.T.corrcoef()[0, 1]) < 0.4,
        _("The initial a and b depend on each other. Draw each of them by itself."),
    )
    deciles = (10 * values).long().clamp(0, 9)
    fewest = min(int((deciles == tenth).sum(0).min()) for tenth in range(10))
    require(
        fewest >= 3,  # of 20 on average
        _("The initial parameters are in [0, 1), but not uniform: some tenth of it is too rare."),
    )


def test_values_seed(submission):
    """The same seed of the global generator gives the same initial values."""
    first, again = (submission.run(initial_parameters, 1) for _run in range(2))
    same(first, again, what=_("the initial parameters after the same seed"))
