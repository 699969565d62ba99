"""Grader of submodules: a stack of layers that are registered."""

import torch

from torchkata import Case, EntryPoint, Function, Spec, _, require, same, value
from torchkata.probes import with_parameters

SIZES = ((4, 3), (1, 1), (5, 0), (2, 6))


def stack_of_x(kata, weights, biases, x):
    """Run forward with the given weights [depth, width, width] and biases [depth, width]."""
    net = kata.Stack(x.shape[-1], len(weights)).to(x.device, x.dtype)
    for i in range(len(weights)):
        with_parameters(net.layers[i], weight=weights[i], bias=biases[i])
    return net(x)


def layer_by_layer(weights, biases, x):
    for weight, bias in zip(weights, biases, strict=True):
        x = (x[..., None, :].mul(weight).sum(-1) + bias).clamp(min=0)
    return x.clone()


def stack_case(width, depth, *rows):
    """Make the case of a stack and an x of shape [*rows, width]."""

    def draw(sizes, generator):
        shapes = (depth, width, width), (depth, width), (*rows, width)
        weights, biases, x = (
            torch.randn(shape, generator=generator, dtype=sizes.dtype) for shape in shapes
        )
        return weights, biases.abs() + 1, x  # biases above 1, so that not all ReLUs output 0

    return Case(f"Stack({width}, {depth})(x) for x of shape {[*rows, width]}", given=draw)


ROWS = ((6,), (1,), (0,), (), (2, 3))
SPEC = Spec(
    EntryPoint("Stack"),
    Function(
        "net(x)",
        adapter=stack_of_x,
        inputs={"weights": value(None), "biases": value(None), "x": value(None)},
        naive=layer_by_layer,
        cases=(
            *(stack_case(width, depth, 6) for width, depth in SIZES),
            *(stack_case(4, depth, *rows) for depth in (0, 3) for rows in ROWS[depth // 3 :]),
        ),
        gradient=("weights", "biases"),
        variant_case="Stack(4, 3)(x) for x of shape [6, 4]",
    ),
    stub_digest="e2acc012a5a601de",
    broken_axis="contract",
)


def structure(kata, width, depth):
    """Return the layers as text, and count their parameters and the registered ones."""
    net = kata.Stack(width, depth)
    layers = [net.layers[i] for i in range(len(net.layers))]
    of_layers = {id(p) for layer in layers for p in layer.parameters()}
    registered = [id(p) for p in net.parameters()]
    return {
        "layers": [
            repr(layer) if isinstance(layer, torch.nn.Linear) else type(layer).__name__
            for layer in layers
        ],
        "in layers": len(of_layers),
        "registered": len(registered),
        "registered in layers": len(of_layers.intersection(registered)),
        "in state": len(net.state_dict()),
    }


def stays_behind(kata, x):
    """Move the net to x's device; return whether a layer, registered or not, is elsewhere."""
    net = kata.Stack(4, 3).to(x.device)
    layers = [net.layers[i] for i in range(len(net.layers))]
    return any(p.device != x.device for layer in layers for p in layer.parameters())


def saved_and_loaded(kata, x, depth):
    """Run forward of a stack, and of another one that loads its state."""
    saved, loaded = kata.Stack(x.shape[-1], depth), kata.Stack(x.shape[-1], depth)
    with torch.no_grad():
        for i in range(depth):
            saved.layers[i].bias.fill_(i + 1.0)
    loaded.load_state_dict(saved.state_dict())
    return {"saved": saved(x).detach(), "loaded": loaded(x).detach()}


def test_contract_layers(submission):
    """net.layers holds depth layers, each of them Linear(width, width)."""
    for width, depth in SIZES:
        layers = submission.run(structure, width, depth)["layers"]
        linear = repr(torch.nn.Linear(width, width))
        require(
            layers == [linear] * depth,
            _(
                "Stack({width}, {depth}).layers: expected {depth} times {linear}, got {layers}.",
                width=width,
                depth=depth,
                linear=linear,
                layers=layers,
            ),
        )


def test_contract_registered(submission):
    """The parameters of all layers are registered, and no others."""
    for width, depth in SIZES:
        got = submission.run(structure, width, depth)
        require(
            got["in layers"] == 2 * len(got["layers"]),
            _(
                "Stack({width}, {depth}): expected {expected} parameters in {layers} layers, got "
                "{count}. A layer that occurs several times in the list has only one weight and "
                "one bias.",
                width=width,
                depth=depth,
                expected=2 * len(got["layers"]),
                layers=len(got["layers"]),
                count=got["in layers"],
            ),
        )
        require(
            got["registered in layers"] == got["registered"] == got["in layers"],
            _(
                "The layers of Stack({width}, {depth}) have {count} parameters. net.parameters() "
                "yields {registered} of them and {others} others; an optimizer trains only what it "
                "yields. Modules in a plain Python list are not registered.",
                width=width,
                depth=depth,
                count=got["in layers"],
                registered=got["registered in layers"],
                others=got["registered"] - got["registered in layers"],
            ),
        )
        require(
            got["in state"] == got["in layers"],
            _(
                "state_dict() of Stack({width}, {depth}): expected {expected} entries, got "
                "{entries}.",
                width=width,
                depth=depth,
                expected=got["in layers"],
                entries=got["in state"],
            ),
        )


def test_values_saved_state(submission, generator):
    """A stack that loads the state of another one computes the same."""
    for depth in (0, 3):
        got = submission.run(saved_and_loaded, torch.rand(5, 4, generator=generator), depth)
        what = _("`Stack(4, {depth})(x)` after load_state_dict from another stack", depth=depth)
        same(got["loaded"], got["saved"], what=what)


def test_device_moves(submission, device):
    """net.to(device) moves all layers."""
    require(
        not submission.run(stays_behind, torch.ones(1), device=device),
        _(
            "net.to('{device}') does not move all layers. It moves only registered modules, and "
            "modules in a plain Python list are not registered.",
            device=device,
        ),
    )
