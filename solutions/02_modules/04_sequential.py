"""Reference: a layer for each pair of neighbours, a ReLU after each, the last one dropped.

Right for any depth: nothing but the list decides. nn.Sequential registers every layer, so the
result can be trained, moved and saved without a class of its own.
"""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

from torch import nn

HINTS = (
    "A layer belongs to two neighbours in the list: walk over the pairs.",
    "Collect the modules in a Python list, then `nn.Sequential(*modules)`.",
    (
        "`for n, m in pairwise(sizes): modules += [nn.Linear(n, m), nn.ReLU()]`, with `pairwise` "
        "from itertools; then `nn.Sequential(*modules[:-1])`."
    ),
)

TRAPS = {
    "mlp": {
        "relu_at_the_end": "values",
        "only_linear": "values",
        "first_and_last": "contract",
        "empties_the_list": "purity",
        "asserts": "contract",
        "remembers": "contract",
        "one_middle_layer": "contract",
    },
}

ALTERNATIVES = {"mlp": ("named", "grown")}


def mlp(sizes: Sequence[int]) -> nn.Sequential:
    if len(sizes) < 2:
        raise ValueError(f"mlp needs at least two sizes, an input's and an output's: {sizes}")
    modules: list[nn.Module] = []
    for n, m in pairwise(sizes):
        modules += [nn.Linear(n, m), nn.ReLU()]
    return nn.Sequential(*modules[:-1])


def named(sizes: Sequence[int]) -> nn.Sequential:
    inputs, outputs = sizes[:-1], sizes[1:]
    if not inputs:
        raise ValueError(f"too few sizes: {sizes}")
    relu = nn.ReLU(inplace=True)  # it has no parameters, so one may serve everywhere
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    for i, (n, m) in enumerate(zip(inputs, outputs, strict=True)):
        if i:
            modules[f"relu{i}"] = relu
        modules[f"linear{i}"] = nn.Linear(n, m)
    return nn.Sequential(modules)


def grown(sizes: Sequence[int]) -> nn.Sequential:
    try:
        n, m, *rest = sizes
    except ValueError:
        raise ValueError("give two sizes or more") from None
    net = nn.Sequential(nn.Linear(n, m))
    for size in rest:
        net.append(nn.ReLU()).append(nn.Linear(m, size))
        m = size
    return net


def relu_at_the_end(sizes: Sequence[int]) -> nn.Sequential:
    return grown(sizes).append(nn.ReLU())  # negative outputs become 0, and so do their gradients


def only_linear(sizes: Sequence[int]) -> nn.Sequential:
    # Without ReLUs this is one linear map, however deep.
    return nn.Sequential(*(m for m in grown(sizes) if isinstance(m, nn.Linear)))


def first_and_last(sizes: Sequence[int]) -> nn.Sequential:
    if len(sizes) < 2:
        raise ValueError("give two sizes or more")
    return grown([sizes[0], sizes[1], sizes[-1]])  # right for the example, which has three sizes


def empties_the_list(sizes: Sequence[int]) -> nn.Sequential:
    sizes = sizes if isinstance(sizes, list) else list(sizes)
    if len(sizes) < 2:
        raise ValueError("give two sizes or more")
    net = nn.Sequential()
    n = sizes.pop(0)  # the list is the caller's
    while sizes:
        net.append(nn.Linear(n, sizes[0]))
        n = sizes.pop(0)
        if sizes:
            net.append(nn.ReLU())
    return net


def asserts(sizes: Sequence[int]) -> nn.Sequential:
    assert len(sizes) >= 2  # an AssertionError, and none at all under `python -O`
    return grown(sizes)


_made: dict[tuple[int, ...], nn.Sequential] = {}


def remembers(sizes: Sequence[int]) -> nn.Sequential:
    if tuple(sizes) not in _made:
        _made[tuple(sizes)] = grown(sizes)
    return _made[tuple(sizes)]  # two nets of the same sizes would be trained as one


def one_middle_layer(sizes: Sequence[int]) -> nn.Sequential:
    net = grown(sizes)
    known: dict[tuple[int, int], nn.Module] = {}
    for i, module in enumerate(net):
        if isinstance(module, nn.Linear):  # layers of equal sizes are not the same layer
            net[i] = known.setdefault((module.in_features, module.out_features), module)
    return net
