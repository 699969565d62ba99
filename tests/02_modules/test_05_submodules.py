"""Grader of submodules: a stack of layers that are registered."""

import torch

from torchkata import Case, Function, Module, NoOverrides, Spec, _, equal, special, value
from torchkata.probes import with_parameters

SIZES = ((4, 3), (1, 1), (5, 0), (2, 14))
INHERITED = tuple(name for name in vars(torch.nn.Module) if name not in ("__init__", "forward"))


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


def stack_case(width, depth, *rows, **options):
    """Make the case of a stack and an x of shape [*rows, width]."""

    def draw(sizes, generator):
        shapes = (depth, width, width), (depth, width), (*rows, width)
        weights, biases, x = (
            torch.randn(shape, generator=generator, dtype=sizes.dtype) for shape in shapes
        )
        return weights, biases.abs() + 1, x  # biases above 1, so that not all ReLUs output 0

    name = f"Stack({width}, {depth})(x) for x of shape {[*rows, width]}"
    return Case(name, given=draw, **options)


def with_special_values(case):
    """Make the same case with nan and infinities in x."""

    def draw(sizes, generator):
        weights, biases, x = case.given(sizes, generator)
        return weights, biases, special(" ".join(map(str, x.shape)))(sizes, generator)

    return Case(f"{case.name}, with nan and infinity", given=draw)


def parameter_shapes(width, depth):
    shapes = {"weight": (width, width), "bias": (width,)}
    return {f"layers.{i}.{name}": shape for i in range(depth) for name, shape in shapes.items()}


ROWS = ((6,), (1,), (0,), (), (2, 3))
SPEC = Spec(
    Module(
        "Stack",
        arguments=SIZES,
        parameters=parameter_shapes,
        x=lambda width, _depth: (5, width),
        exact_names=False,
    ),
    Function(
        "net(x)",
        adapter=stack_of_x,
        inputs={"weights": value(None), "biases": value(None), "x": value(None)},
        naive=layer_by_layer,
        cases=(
            *(stack_case(width, depth, 6) for width, depth in SIZES),
            *(stack_case(4, depth, *rows) for depth in (0, 3) for rows in ROWS[depth // 3 :]),
            stack_case(3, 16, 5),
            stack_case(3, 2, 1, gradient=True),
            stack_case(3, 2, 7000, n=21000),
            *(with_special_values(stack_case(4, depth, 6)) for depth in (0, 2)),
        ),
        variant_case="Stack(4, 3)(x) for x of shape [6, 4]",
    ),
    stub_digest="a19f354b276867ae",
    broken_axis="contract",
    source_rules=(NoOverrides("Stack", INHERITED),),
)
RULES = {
    "initial values": "values[starting values]",
    "its own weight and bias": "contract[registered names]",
    "up to you": None,
    "Do not override": "contract[nothing overridden]",
}


def layers_as_text(kata, width, depth):
    net = kata.Stack(width, depth)
    layers = [net.layers[i] for i in range(len(net.layers))]
    return [repr(x) if isinstance(x, torch.nn.Linear) else type(x).__name__ for x in layers]


def test_contract_layers(submission):
    """net.layers holds depth layers, each of them Linear(width, width)."""
    for width, depth in SIZES:
        layers = submission.run(layers_as_text, width, depth)
        expected = [repr(torch.nn.Linear(width, width))] * depth
        what = _("Stack({width}, {depth}).layers", width=width, depth=depth)
        equal(layers, expected, what=what)
