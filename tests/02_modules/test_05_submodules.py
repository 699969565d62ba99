"""Grader of submodules: a stack of layers that its module knows."""

import torch

from torchkata import Entry, Exercise, require, same

EXERCISE = Exercise(Entry("Stack"), shipped="d40c8b73021d59d3", fault="contract")
SIZES = ((4, 3), (1, 1), (5, 0), (2, 6))


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


def applied(kata, weights, x):
    """Forward with given weights and biases, gradients by layer, and where the layers are."""
    net = kata.Stack(x.shape[-1], len(weights)).to(x.device, x.dtype)
    layers = [net.layers[i] for i in range(len(weights))]
    moved = {str(p.device) for layer in layers for p in layer.parameters()} <= {str(x.device)}
    if not moved:
        return None, None, moved
    with torch.no_grad():
        for layer, (weight, bias) in zip(layers, weights, strict=True):
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
    y = net(x.clone())
    wanted = {f"layers[{i}].weight": layer.weight for i, layer in enumerate(layers)}
    grads = [None] * len(layers)
    if y.requires_grad and wanted:
        grads = torch.autograd.grad(y.sum(), list(wanted.values()), allow_unused=True)
    return y.detach(), dict(zip(wanted, grads, strict=True)), moved


def restored(kata, x, depth):
    """What a net computes, and what another one does that loads its state."""
    one, two = kata.Stack(x.shape[-1], depth), kata.Stack(x.shape[-1], depth)
    with torch.no_grad():
        for i in range(depth):
            one.layers[i].bias.fill_(i + 1.0)
    two.load_state_dict(one.state_dict())
    return one(x).detach(), two(x).detach()


def drawn(generator, width, depth, rows=(6,), dtype=torch.float32):
    def normal(*shape):
        return torch.randn(shape, generator=generator, dtype=dtype)

    # Large biases, so that the ReLUs do not kill everything on the way.
    weights = [(normal(width, width), normal(width).abs() + 1) for _ in range(depth)]
    return weights, normal(*rows, width)


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


def test_shape_of_x(submission, generator):
    """The result has the shape of x."""
    for rows in ((6,), (1,), (0,), (), (2, 3)):
        for depth in (0, 3):
            y = submission.run(applied, *drawn(generator, 4, depth, rows))[0]
            require(
                list(y.shape) == [*rows, 4],
                f"Stack(4, {depth}) maps x of shape {[*rows, 4]} to {list(y.shape)}.",
            )


def test_values_forward(submission, reference, generator):
    """With given weights the stack computes what the reference computes."""
    for width, depth in SIZES:
        given = drawn(generator, width, depth)
        got, expected = submission.run(applied, *given)[0], reference.run(applied, *given)[0]
        same(got, expected, what=f"`Stack({width}, {depth})(x)` with given weights")


def test_values_saved_state(submission, generator):
    """A net that loads another one's state computes what the other one does."""
    for depth in (0, 3):
        one, two = submission.run(restored, torch.rand(5, 4, generator=generator), depth)
        same(two, one, what=f"`Stack(4, {depth})(x)` after load_state_dict of another stack")


def test_dtype_float64(submission, reference, generator):
    """After net.double() it computes in float64."""
    given = drawn(generator, 4, 3, dtype=torch.float64)
    got, expected = submission.run(applied, *given), reference.run(applied, *given)
    same(got[0], expected[0], what="`Stack(4, 3)(x)` in float64")


def test_gradient_reaches_all(submission, reference, generator):
    """Gradients flow to every layer."""
    given = drawn(generator, 4, 3)
    got, expected = submission.run(applied, *given)[1], reference.run(applied, *given)[1]
    missing = [name for name in expected if got[name] is None]
    require(
        not missing,
        f"No gradient reaches {', '.join(missing)}: forward has to compute with these very layers.",
    )
    for name, gradient in expected.items():
        same(got[name], gradient, what=f"the gradient of {name}")


def test_device_moves(submission, reference, device, generator):
    """All layers move by net.to(device), and forward works there."""
    given = drawn(generator, 4, 3)
    got = submission.run(applied, *given, device=device)
    require(
        got[2],
        f"net.to('{device}') leaves layers behind: it moves the modules that are registered, and "
        "what stands in a plain Python list is not.",
    )
    same(got[0], reference.run(applied, *given)[0], what=f"`Stack(4, 3)(x)` on {device}")
