"""Grader of sequential: a multilayer perceptron from a list of sizes."""

import torch

from torchkata import Entry, Exercise, raises, require, same

EXERCISE = Exercise(Entry("mlp"), shipped="96f2ca715e3d1f11")
SIZES = ([64, 32, 10], [3, 2], [1, 1, 1], [5, 4, 4, 4, 7])


def spoken(sizes):
    """The modules that are wanted, as text without names and `inplace`."""
    linear = [f"Linear({sizes[i]}, {sizes[i + 1]})" for i in range(len(sizes) - 1)]
    return ", ReLU, ".join(linear)


def built(kata, sizes):
    """The type of mlp(sizes), its modules as text, and sizes after the call."""
    net = kata.mlp(sizes)
    if not isinstance(net, torch.nn.Sequential):
        return type(net).__name__, "", sizes
    parts = [
        f"Linear({part.in_features}, {part.out_features})"
        + ("" if part.bias is not None else " without bias")
        if isinstance(part, torch.nn.Linear)
        else type(part).__name__
        for part in net
    ]
    return "Sequential", ", ".join(parts), sizes


def shared(kata, sizes):
    """How many layers and different parameters a net has; how many of these another one has."""
    nets = kata.mlp(list(sizes)), kata.mlp(list(sizes))
    one, two = ({id(p) for p in net.parameters()} for net in nets)
    return sum(isinstance(part, torch.nn.Linear) for part in nets[0]), len(one), len(one & two)


def applied(kata, sizes, weights, x):
    """Forward with given weights and biases, and whether all of the net is where x is."""
    net = kata.mlp(sizes).to(x.device, x.dtype)
    linear = [part for part in net if isinstance(part, torch.nn.Linear)]
    with torch.no_grad():
        for layer, (weight, bias) in zip(linear, weights, strict=False):
            if layer.weight.shape == weight.shape:
                layer.weight.copy_(weight)
                layer.bias.copy_(bias)
    y = net(x.clone())
    moved = {str(p.device) for p in net.parameters()} == {str(x.device)}
    return y.detach(), moved, y.requires_grad


def drawn(generator, sizes, rows, dtype=torch.float32):
    def normal(*shape):
        return torch.randn(shape, generator=generator, dtype=dtype)

    weights = [
        (normal(sizes[i + 1], sizes[i]), normal(sizes[i + 1])) for i in range(len(sizes) - 1)
    ]
    return sizes, weights, normal(*rows, sizes[0])


def test_contract_modules(submission):
    """The result is a Sequential of the right modules in the right order."""
    for sizes in (*SIZES, tuple(SIZES[0])):
        kind, parts, _ = submission.run(built, sizes)
        require(kind == "Sequential", f"mlp({sizes}) has to be an nn.Sequential; it is a {kind}.")
        require(
            parts == spoken(sizes),
            f"mlp({sizes}) holds {parts or 'nothing'}; it has to hold {spoken(sizes)}.",
        )


def test_contract_too_few_sizes(submission):
    """Fewer than two sizes raise ValueError."""
    for sizes in ([], [5], (5,)):
        raises(submission, ValueError, built, sizes)


def test_contract_new_layers(submission):
    """Every layer is a layer of its own, in one net and between two."""
    layers, own, common = submission.run(shared, [4, 4, 4, 4])
    require(
        own == 2 * layers,
        f"mlp([4, 4, 4, 4]) has {layers} Linear layers and {own} parameters, not {2 * layers}: a "
        "layer that stands in the net twice is trained as one.",
    )
    require(
        common == 0,
        f"Two calls of mlp([4, 4, 4, 4]) share {common} parameters: training one net would change "
        "the other. Make new layers in each call.",
    )


def test_shape_of_result(submission, generator):
    """The net maps [..., sizes[0]] to [..., sizes[-1]]."""
    for sizes in SIZES:
        for rows in ((3,), (1,), (0,), (), (2, 5)):
            given = drawn(generator, sizes, rows)
            shape = list(submission.run(applied, *given)[0].shape)
            require(
                shape == [*rows, sizes[-1]],
                f"mlp({sizes}) maps {[*rows, sizes[0]]} to {shape}, not {[*rows, sizes[-1]]}.",
            )


def test_values_forward(submission, reference, generator):
    """With given weights the net computes what the reference computes."""
    for sizes in SIZES:
        given = drawn(generator, sizes, (20,))
        got, expected = submission.run(applied, *given)[0], reference.run(applied, *given)[0]
        same(got, expected, what=f"`mlp({sizes})(x)` with given weights")


def test_dtype_float64(submission, reference, generator):
    """After net.double() it computes in float64."""
    given = drawn(generator, [6, 5, 3], (4,), torch.float64)
    got, expected = submission.run(applied, *given)[0], reference.run(applied, *given)[0]
    same(got, expected, what="`mlp([6, 5, 3])(x)` in float64")


def test_purity_sizes(submission):
    """The caller's list is the same after the call."""
    sizes = [5, 4, 3]
    after = submission.run(built, list(sizes))[2]
    require(after == sizes, f"mlp turns the caller's list {sizes} into {after}; leave it as it is.")


def test_gradient_flows(submission, generator):
    """The result remembers the parameters."""
    got = submission.run(applied, *drawn(generator, [6, 5, 3], (4,)))[2]
    require(got, "No gradient flows from the result to the layers, so nothing can be trained.")


def test_device_moves(submission, reference, device, generator):
    """The net moves by net.to(device), and forward works there."""
    given = drawn(generator, [6, 5, 3], (4,))
    got = submission.run(applied, *given, device=device)
    require(got[1], f"net.to('{device}') leaves parameters behind.")
    same(got[0], reference.run(applied, *given)[0], what=f"`mlp([6, 5, 3])(x)` on {device}")
