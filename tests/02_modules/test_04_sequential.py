"""Grader of sequential: a multilayer perceptron from a list of sizes."""

import torch

from torchkata import Case, EntryPoint, Function, Spec, raises, require, value
from torchkata.probes import params_left_behind, with_parameters

SIZES = ([64, 32, 10], [3, 2], [1, 1, 1], [5, 4, 4, 4, 7])


def steps(sizes):
    """The number of inputs and outputs of each layer."""
    return [sizes[i : i + 2] for i in range(len(sizes) - 1)]


def applied(kata, sizes, numbers, x):
    """Forward with the weights and biases of all layers, one after the other, from a vector."""
    net = kata.mlp(list(sizes)).to(x.device, x.dtype)
    linear = [part for part in net if isinstance(part, torch.nn.Linear)]
    for layer, (weight, bias) in zip(linear, layers(sizes, numbers), strict=False):
        with_parameters(layer, weight=weight, bias=bias)
    return net(x)


def layers(sizes, numbers):
    """Cut a vector into the weight and bias of each layer."""
    for n, m in steps(sizes):
        weight, bias, numbers = numbers.split([n * m, m, len(numbers) - (n + 1) * m])
        yield weight.view(m, n), bias


def layer_by_layer(sizes, numbers, x):
    for i, (weight, bias) in enumerate(layers(sizes, numbers)):
        x = (x.relu() if i else x)[..., None, :].mul(weight).sum(-1) + bias
    return x


def mlp(sizes, *rows):
    """The case of a net, and an x of some rows."""

    def drawn(kind, generator):
        count = sum((n + 1) * m for n, m in steps(sizes))
        numbers = torch.randn(count, generator=generator, dtype=kind.dtype)
        return sizes, numbers, torch.randn(*rows, sizes[0], generator=generator, dtype=kind.dtype)

    return Case(f"mlp({sizes})(x) for x of shape {[*rows, sizes[0]]}", given=drawn)


ROWS = ((3,), (1,), (0,), (), (2, 5))
SPEC = Spec(
    EntryPoint("mlp"),
    Function(
        "net(x)",
        adapter=applied,
        inputs={"sizes": value(None), "numbers": value(None), "x": value(None)},
        naive=layer_by_layer,
        cases=(
            *(mlp(sizes, *rows) for sizes in SIZES for rows in ROWS),
            usual := mlp([6, 5, 3], 4),
        ),
        gradient=("numbers",),
        variant_case=usual.name,
    ),
    stub_digest="175ac8f4bd5d7cd6",
)


def spoken(sizes):
    """The modules that are wanted, as text."""
    return ", ReLU, ".join(repr(torch.nn.Linear(n, m)) for n, m in steps(sizes))


def built(kata, sizes):
    """The type of mlp(sizes), its modules as text, and sizes after the call."""
    net = kata.mlp(sizes)
    if not isinstance(net, torch.nn.Sequential):
        return type(net).__name__, "", sizes
    linear = torch.nn.Linear
    parts = [repr(part) if isinstance(part, linear) else type(part).__name__ for part in net]
    return "Sequential", ", ".join(parts), sizes


def shared(kata, sizes):
    """How many layers and different parameters a net has; how many of these another one has."""
    nets = kata.mlp(list(sizes)), kata.mlp(list(sizes))
    one, two = ({id(p) for p in net.parameters()} for net in nets)
    return sum(isinstance(part, torch.nn.Linear) for part in nets[0]), len(one), len(one & two)


def left(kata, x):
    return params_left_behind(kata.mlp([6, 5, 3]), x)


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


def test_purity_sizes(submission):
    """The caller's list is the same after the call."""
    sizes = [5, 4, 3]
    after = submission.run(built, list(sizes))[2]
    require(after == sizes, f"mlp turns the caller's list {sizes} into {after}; leave it as it is.")


def test_device_moves(submission, device):
    """The net moves by net.to(device)."""
    names = submission.run(left, torch.ones(1), device=device)
    require(not names, f"net.to('{device}') leaves {' and '.join(names)} behind.")
