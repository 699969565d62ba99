"""Grader of submodules: a stack of layers that its module knows."""

import torch

from torchkata import Case, EntryPoint, Function, Spec, require, same, value
from torchkata.probes import with_parameters

SIZES = ((4, 3), (1, 1), (5, 0), (2, 6))


def applied(kata, weights, biases, x):
    """Forward with given weights [depth, width, width] and biases [depth, width]."""
    net = kata.Stack(x.shape[-1], len(weights)).to(x.device, x.dtype)
    for i in range(len(weights)):
        with_parameters(net.layers[i], weight=weights[i], bias=biases[i])
    return net(x)


def layer_by_layer(weights, biases, x):
    for weight, bias in zip(weights, biases, strict=True):
        x = (x[..., None, :].mul(weight).sum(-1) + bias).clamp(min=0)
    return x.clone()


def stack(width, depth, *rows):
    """The case of a stack, and an x of some rows."""

    def drawn(sizes, generator):
        shapes = (depth, width, width), (depth, width), (*rows, width)
        weights, biases, x = (
            torch.randn(shape, generator=generator, dtype=sizes.dtype) for shape in shapes
        )
        return weights, biases.abs() + 1, x  # so that the ReLUs do not kill everything on the way

    return Case(f"Stack({width}, {depth})(x) for x of shape {[*rows, width]}", given=drawn)


ROWS = ((6,), (1,), (0,), (), (2, 3))
SPEC = Spec(
    EntryPoint("Stack"),
    Function(
        "net(x)",
        adapter=applied,
        inputs={"weights": value(None), "biases": value(None), "x": value(None)},
        naive=layer_by_layer,
        cases=(
            *(stack(width, depth, 6) for width, depth in SIZES),
            *(stack(4, depth, *rows) for depth in (0, 3) for rows in ROWS[depth // 3 :]),
        ),
        gradient=("weights", "biases"),
        variant_case="Stack(4, 3)(x) for x of shape [6, 4]",
    ),
    stub_digest="e2acc012a5a601de",
    broken_axis="contract",
)


def built(kata, width, depth):
    """The layers as text, their parameters, those that parameters() yields, those in the state."""
    net = kata.Stack(width, depth)
    layers = [net.layers[i] for i in range(len(net.layers))]
    texts = [
        repr(layer) if isinstance(layer, torch.nn.Linear) else type(layer).__name__
        for layer in layers
    ]
    held = {id(p) for layer in layers for p in layer.parameters()}
    found = [id(p) for p in net.parameters()]
    return texts, len(held), len(held.intersection(found)), len(found), len(net.state_dict())


def left(kata, x):
    """Whether layers stay behind, registered or not, when the net is moved to where x is."""
    net = kata.Stack(4, 3).to(x.device)
    layers = [net.layers[i] for i in range(len(net.layers))]
    return any(p.device != x.device for layer in layers for p in layer.parameters())


def restored(kata, x, depth):
    """What a net computes, and what another one does that loads its state."""
    one, two = kata.Stack(x.shape[-1], depth), kata.Stack(x.shape[-1], depth)
    with torch.no_grad():
        for i in range(depth):
            one.layers[i].bias.fill_(i + 1.0)
    two.load_state_dict(one.state_dict())
    return one(x).detach(), two(x).detach()


def test_contract_layers(submission):
    """There are depth layers in net.layers, each of them Linear(width, width)."""
    for width, depth in SIZES:
        texts = submission.run(built, width, depth)[0]
        linear = repr(torch.nn.Linear(width, width))
        require(
            texts == [linear] * depth,
            f"Stack({width}, {depth}).layers holds {texts}; it has to hold {depth} x {linear}.",
        )


def test_contract_registered(submission):
    """The parameters of all layers are found, and there are no others."""
    for width, depth in SIZES:
        texts, held, common, found, keys = submission.run(built, width, depth)
        require(
            held == 2 * len(texts),
            f"The {len(texts)} layers of Stack({width}, {depth}) have {held} different parameters, "
            f"not {2 * len(texts)}: a layer that stands in the list several times is trained as "
            "one.",
        )
        require(
            common == found == held,
            f"Stack({width}, {depth}) has layers with {held} parameters, and net.parameters() "
            f"yields {common} of these and {found - common} others. An optimizer trains what it "
            "yields, nothing else. Modules in a plain Python list are not registered.",
        )
        require(keys == held, f"state_dict() of that net has {keys} entries instead of {held}.")


def test_values_saved_state(submission, generator):
    """A net that loads another one's state computes what the other one does."""
    for depth in (0, 3):
        one, two = submission.run(restored, torch.rand(5, 4, generator=generator), depth)
        same(two, one, what=f"`Stack(4, {depth})(x)` after load_state_dict of another stack")


def test_device_moves(submission, device):
    """All layers move by net.to(device)."""
    require(
        not submission.run(left, torch.ones(1), device=device),
        f"net.to('{device}') leaves layers behind: it moves the modules that are registered, and "
        "what stands in a plain Python list is not.",
    )
