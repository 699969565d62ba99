"""Grader of merge_features: a Linear of two inputs, without tiling the smaller one."""

import torch

from torchkata import (
    Case,
    Function,
    Memory,
    Module,
    Spec,
    Speedup,
    _,
    arguments,
    equal,
    normal,
    same_as_reference,
    special,
)

PARAMETERS = {
    "linear1.weight": (10, 5),
    "linear1.bias": (10,),
    "linear2.weight": (10, 6),
    "linear2.bias": (10,),
}
LARGE = {"g": 64, "n": 128, "i": 128, "j": 128, "o": 64}


def merge_of_a_and_b(kata, weight1, bias1, weight2, bias2, a, b, activation=None):
    """Run forward of a Merge with the given parameters."""
    net = kata.Merge(weight1.shape[1], weight2.shape[1], len(bias1), activation).to(a.dtype)
    parameters = dict(zip(PARAMETERS, (weight1, bias1, weight2, bias2), strict=True))
    return torch.func.functional_call(net.to(a.device), parameters, (a, b))


def tiled_concatenation(weight1, bias1, weight2, bias2, a, b):
    outer = torch.broadcast_shapes(a.shape[:-1], b.shape[:-1])
    tiled = b.expand(*outer, b.shape[-1]).clone()
    both = torch.cat([a.expand(*outer, a.shape[-1]), tiled], dim=-1)
    return torch.nn.functional.linear(both, torch.cat([weight1, weight2], 1), bias1 + bias2)


def of_a_and_b(a, b):
    """Make the arguments of a case: parameters of Merge(5, 6, 10), a and b."""
    weights = normal("10 5"), normal("10"), normal("10 6"), normal("10")
    return arguments(*weights, a, b)


SPEC = Spec(
    Module(
        "Merge",
        arguments=((5, 6, 10),),
        parameters=PARAMETERS,
        x=((5, 3, 5), (5, 1, 6)),
    ),
    Function(
        "net(a, b)",
        adapter=merge_of_a_and_b,
        inputs={
            "weight1": normal("o i"),
            "bias1": normal("o"),
            "weight2": normal("o j"),
            "bias2": normal("o"),
            "a": normal("g n i"),
            "b": normal("g 1 j"),
        },
        naive=tiled_concatenation,
        cases=(
            Case("all sizes 1", g=1, n=1, i=1, j=1, o=1),
            Case("no items", g=2, n=0, i=5, j=6, o=10),
            Case("items of groups", g=5, n=3, i=5, j=6, o=10),
            Case("1,100 groups", g=1100, n=2, i=3, j=2, o=2),
            Case("b is a vector", given=of_a_and_b(normal("7 5"), normal("6"))),
            Case("b has one row per item of a", given=of_a_and_b(normal("2 4 5"), normal("2 4 6"))),
            Case("a is smaller than b", given=of_a_and_b(normal("3 1 5"), normal("3 8 6"))),
            Case("two leading dims", given=of_a_and_b(normal("2 3 4 5"), normal("3 1 6"))),
            Case("nan and inf", given=of_a_and_b(special("9 1 5"), normal("6"))),
            Case("nan and inf in b", given=of_a_and_b(normal("9 1 5"), special("9 1 6"))),
        ),
        budget=(
            Speedup(1.2, over=tiled_concatenation, at=LARGE),
            Memory(
                "2.5 * output",
                at=LARGE,
                slack="linear1(a) and the sum take 2 * output, and a repeated linear2(b) a third.",
            ),
        ),
        variant_case="items of groups",
    ),
    stub_digest="f95729e2f1db757e",
)
RULES = {
    "layers with a bias": "contract[two linears]",
    "initial values": "values[starting values]",
    "function of": "values[activation]",
    "Call it once": "values[activation]",
}


def parameters_a_and_b(generator):
    shapes = (*PARAMETERS.values(), (5, 3, 5), (5, 1, 6))
    return [torch.randn(shape, generator=generator) for shape in shapes]


def layer_types(kata):
    net = kata.Merge(5, 6, 10)
    return [type(getattr(net, name, None)).__name__ for name in ("linear1", "linear2")]


def with_activation(kata, *tensors):
    """Return the result with an activation, the shapes it is called with, and with a module."""
    shapes = []

    def sine(y):
        shapes.append(list(y.shape))
        return y.sin()

    return {
        "function": merge_of_a_and_b(kata, *tensors, activation=sine),
        "shapes": shapes,
        "module": merge_of_a_and_b(kata, *tensors, activation=torch.nn.Tanh()),
    }


def before_and_after_a_step(kata, *tensors):
    """Return two results of one module, whose parameters change in place in between."""
    net, (a, b) = kata.Merge(5, 6, 10), tensors[4:]
    results = []
    for factor in (1, -2):
        for name, parameter in net.named_parameters():
            parameter.data.copy_(tensors[list(PARAMETERS).index(name)] * factor)
        results.append(net(a, b).detach())
    return results


def test_contract_two_linears(submission):
    """linear1 and linear2 are nn.Linear layers."""
    equal(submission.run(layer_types), ["Linear", "Linear"], what=_("linear1 and linear2"))


def test_values_activation(submission, reference, generator):
    """The activation is applied once, to the sum."""
    tensors = parameters_a_and_b(generator)
    what = {
        "function": _("the result with activation=torch.sin"),
        "module": _("the result with activation=torch.nn.Tanh()"),
    }
    got = same_as_reference(submission, reference, with_activation, *tensors, what=what)
    what = _("The shapes of the tensors that the activation is called with")
    equal(got["shapes"], [[5, 3, 10]], what=what)


def test_values_after_a_step(submission, reference, generator):
    """After an optimizer has changed the parameters, forward computes with the new ones."""
    tensors = parameters_a_and_b(generator)
    what = {
        0: _("the first result of a module"),
        1: _("the result after its parameters were changed in place"),
    }
    same_as_reference(submission, reference, before_and_after_a_step, *tensors, what=what)
