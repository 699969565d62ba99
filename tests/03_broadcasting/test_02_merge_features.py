"""Grader of merge_features: a Linear of two inputs, without tiling the smaller one."""

import torch

from torchkata import Case, EntryPoint, Function, Memory, Spec, Speedup, _, normal, require, same

PARAMETERS = ("linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias")
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


def of_shapes(a_shape, b_shape):
    shapes = ((10, 5), (10,), (10, 6), (10,), a_shape, b_shape)
    return lambda _sizes, generator: tuple(torch.randn(s, generator=generator) for s in shapes)


SPEC = Spec(
    EntryPoint("Merge"),
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
            Case("b is a vector", given=of_shapes((7, 5), (6,))),
            Case("b has one row per item of a", given=of_shapes((2, 4, 5), (2, 4, 6))),
            Case("a is smaller than b", given=of_shapes((3, 1, 5), (3, 8, 6))),
            Case("two leading dims", given=of_shapes((2, 3, 4, 5), (3, 1, 6))),
        ),
        budget=(
            Speedup(1.2, over=tiled_concatenation, at=LARGE),
            Memory("0.6 * 4*g*n*(i + 2*j + o)", at=LARGE),
        ),
        variant_case="items of groups",
    ),
    stub_digest="32d816df0e4829ce",
)


def structure(kata):
    """Return the shapes of all parameters, and the types of linear1 and linear2."""
    net = kata.Merge(5, 6, 10)
    return {
        "shapes": {name: list(p.shape) for name, p in net.named_parameters()},
        "types": [type(getattr(net, name, None)).__name__ for name in ("linear1", "linear2")],
    }


def with_activation(kata, name, *arguments):
    return merge_of_a_and_b(kata, *arguments, activation=getattr(torch, name))


def test_contract_two_linears(submission):
    """linear1 and linear2 are nn.Linear layers, and there are no other parameters."""
    got = submission.run(structure)
    expected = dict(zip(PARAMETERS, ([10, 5], [10], [10, 6], [10]), strict=True))
    require(
        got["shapes"] == expected,
        _(
            "Merge(5, 6, 10): expected the parameters {expected}, got {shapes}. Set each nn.Linear "
            "as an attribute: a layer in a list is not registered, so it is never trained.",
            expected=expected,
            shapes=got["shapes"],
        ),
    )
    require(
        got["types"] == ["Linear", "Linear"],
        _(
            "linear1 and linear2: expected two nn.Linear layers, got {types}.",
            types=" and ".join(got["types"]),
        ),
    )


def test_values_activation(submission, reference, generator):
    """The activation is applied once, to the sum."""
    arguments = of_shapes((5, 3, 5), (5, 1, 6))(None, generator)
    for name in ("relu", "sin"):
        got = submission.run(with_activation, name, *arguments)
        expected = reference.run(with_activation, name, *arguments)
        same(got, expected, what=_("the result with activation=torch.{name}", name=name))
