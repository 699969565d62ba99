"""Grader of sequential: a multilayer perceptron from a list of sizes."""

import torch

from torchkata import Case, Function, Module, Spec, _, equal, raises, value
from torchkata.probes import with_parameters

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


def parameter_shapes(sizes):
    shapes = {}
    for i, (n, m) in enumerate(layer_sizes(sizes)):
        shapes |= {f"{2 * i}.weight": (m, n), f"{2 * i}.bias": (m,)}
    return shapes


DEEP = [3, 2, 4, 3, 5, 4, 3, 2, 3, 4, 5, 6, 4, 3, 2, 3, 4, 2]
ROWS = ((3,), (1,), (0,), (), (2, 5))
SPEC = Spec(
    Module(
        "mlp",
        arguments=([[64, 32, 10]], [[4, 4, 4, 4]], [[3, 2]]),
        parameters=parameter_shapes,
        x=lambda sizes: (3, sizes[0]),
        exact_names=False,
    ),
    Function(
        "net(x)",
        adapter=net_of_x,
        inputs={"sizes": value(None), "numbers": value(None), "x": value(None)},
        naive=layer_by_layer,
        cases=(
            *(mlp_case(sizes, *rows) for sizes in SIZES for rows in ROWS),
            mlp_case(DEEP, 4),
            usual := mlp_case([6, 5, 3], 4),
        ),
        gradient=("numbers", "x"),
        variant_case=usual.name,
    ),
    stub_digest="37c4c766a83cfd19",
)
RULES = {
    "initial values": "values[starting values]",
    "is a new object": "contract[nothing shared]",
    "direct children": "contract[modules]",
    "require grad": "contract[registered names]",
    "up to you": None,
}


def expected_modules(sizes):
    return ", ReLU, ".join(repr(torch.nn.Linear(n, m)) for n, m in layer_sizes(sizes))


def structure(kata, sizes):
    """Return the type of mlp(sizes) and its modules, as text."""
    net = kata.mlp(sizes)
    if not isinstance(net, torch.nn.Sequential):
        return type(net).__name__
    modules = (repr(m) if isinstance(m, torch.nn.Linear) else type(m).__name__ for m in net)
    return f"Sequential: {', '.join(modules)}"


def test_contract_modules(submission):
    """The result is a Sequential of the right modules in the right order."""
    for sizes in (*SIZES, tuple(SIZES[0]), DEEP):
        expected = f"Sequential: {expected_modules(sizes)}"
        equal(submission.run(structure, sizes), expected, what=_("mlp({sizes})", sizes=sizes))


def test_contract_too_few_sizes(submission):
    """Fewer than two sizes raise ValueError."""
    for sizes in ([], [5], (5,)):
        raises(submission, ValueError, structure, sizes)
