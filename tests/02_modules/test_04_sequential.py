"""Grader of sequential: a multilayer perceptron from a list of sizes."""

import torch

from torchkata import Case, EntryPoint, Function, Spec, _, raises, require, value
from torchkata.probes import params_left_behind, with_parameters

SIZES = ([64, 32, 10], [3, 2], [1, 1, 1], [5, 4, 4, 4, 7])


def layer_sizes(sizes):
    """Return the numbers of inputs and outputs of each layer."""
    return [sizes[i : i + 2] for i in range(len(sizes) - 1)]


def split_parameters(sizes, numbers):
    """Split a vector into the weight and bias of each layer."""
    for n, m in layer_sizes(sizes):
        weight, bias, numbers = numbers.split([n * m, m, len(numbers) - (n + 1) * m])
        yield weight.view(m, n), bias


def net_of_x(kata, sizes, numbers, x):
    """Run forward with the weights and biases of all layers taken from one vector."""
    net = kata.mlp(list(sizes)).to(x.device, x.dtype)
    linear = [module for module in net if isinstance(module, torch.nn.Linear)]
    for layer, (weight, bias) in zip(linear, split_parameters(sizes, numbers), strict=False):
        with_parameters(layer, weight=weight, bias=bias)
    return net(x)


def layer_by_layer(sizes, numbers, x):
    for i, (weight, bias) in enumerate(split_parameters(sizes, numbers)):
        x = (x.relu() if i else x)[..., None, :].mul(weight).sum(-1) + bias
    return x


def mlp_case(sizes, *rows):
    """Make the case of a net and an x of shape [*rows, sizes[0]]."""

    def draw(case_sizes, generator):
        count = sum((n + 1) * m for n, m in layer_sizes(sizes))
        numbers = torch.randn(count, generator=generator, dtype=case_sizes.dtype)
        x = torch.randn(*rows, sizes[0], generator=generator, dtype=case_sizes.dtype)
        return sizes, numbers, x

    return Case(f"mlp({sizes})(x) for x of shape {[*rows, sizes[0]]}", given=draw)


ROWS = ((3,), (1,), (0,), (), (2, 5))
SPEC = Spec(
    EntryPoint("mlp"),
    Function(
        "net(x)",
        adapter=net_of_x,
        inputs={"sizes": value(None), "numbers": value(None), "x": value(None)},
        naive=layer_by_layer,
        cases=(
            *(mlp_case(sizes, *rows) for sizes in SIZES for rows in ROWS),
            usual := mlp_case([6, 5, 3], 4),
        ),
        gradient=("numbers",),
        variant_case=usual.name,
    ),
    stub_digest="175ac8f4bd5d7cd6",
)


def expected_modules(sizes):
    return ", ReLU, ".join(repr(torch.nn.Linear(n, m)) for n, m in layer_sizes(sizes))


def structure(kata, sizes):
    """Return the type of mlp(sizes), its modules as text, and sizes after the call."""
    net = kata.mlp(sizes)
    if not isinstance(net, torch.nn.Sequential):
        return {"type": type(net).__name__, "modules": "", "sizes": sizes}
    modules = [
        repr(module) if isinstance(module, torch.nn.Linear) else type(module).__name__
        for module in net
    ]
    return {"type": "Sequential", "modules": ", ".join(modules), "sizes": sizes}


def parameter_counts(kata, sizes):
    """Count layers and distinct parameters of a net, and those it shares with a second net."""
    nets = kata.mlp(list(sizes)), kata.mlp(list(sizes))
    one, two = ({id(p) for p in net.parameters()} for net in nets)
    layers = sum(isinstance(module, torch.nn.Linear) for module in nets[0])
    return {"layers": layers, "distinct": len(one), "shared": len(one & two)}


def left_behind(kata, x):
    return params_left_behind(kata.mlp([6, 5, 3]), x)


def test_contract_modules(submission):
    """The result is a Sequential of the right modules in the right order."""
    for sizes in (*SIZES, tuple(SIZES[0])):
        got = submission.run(structure, sizes)
        require(
            got["type"] == "Sequential",
            _(
                "mlp({sizes}): expected an nn.Sequential, got {type}.",
                sizes=sizes,
                type=got["type"],
            ),
        )
        require(
            got["modules"],
            _(
                "mlp({sizes}) is empty; expected the modules [{expected}].",
                sizes=sizes,
                expected=expected_modules(sizes),
            ),
        )
        require(
            got["modules"] == expected_modules(sizes),
            _(
                "mlp({sizes}): expected the modules [{expected}], got [{modules}].",
                sizes=sizes,
                expected=expected_modules(sizes),
                modules=got["modules"],
            ),
        )


def test_contract_too_few_sizes(submission):
    """Fewer than two sizes raise ValueError."""
    for sizes in ([], [5], (5,)):
        raises(submission, ValueError, structure, sizes)


def test_contract_new_layers(submission):
    """Every layer is a new object, within one net and across calls."""
    got = submission.run(parameter_counts, [4, 4, 4, 4])
    require(
        got["distinct"] == 2 * got["layers"],
        _(
            "mlp([4, 4, 4, 4]): expected {expected} parameters in {layers} Linear layers, got "
            "{distinct}. A layer that occurs twice in the net has only one weight and one bias.",
            expected=2 * got["layers"],
            layers=got["layers"],
            distinct=got["distinct"],
        ),
    )
    require(
        got["shared"] == 0,
        _(
            "Two calls of mlp([4, 4, 4, 4]) share {count} parameters, so training one net would "
            "change the other. Create new layers in each call.",
            count=got["shared"],
        ),
    )


def test_purity_sizes(submission):
    """The caller's list is the same after the call."""
    sizes = [5, 4, 3]
    after = submission.run(structure, list(sizes))["sizes"]
    require(
        after == sizes,
        _(
            "mlp changes the caller's list from {before} to {after}. Do not modify it.",
            before=sizes,
            after=after,
        ),
    )


def test_device_moves(submission, device):
    """net.to(device) moves all layers."""
    names = submission.run(left_behind, torch.ones(1), device=device)
    require(
        not names,
        _(
            "net.to('{device}') does not move {names}.",
            device=device,
            names=", ".join(names),
        ),
    )
