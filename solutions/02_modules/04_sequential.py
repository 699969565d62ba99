"""Reference: a Linear layer and a ReLU for each pair of neighboring sizes, without the last ReLU.

Correct for any depth: the list alone determines the layers. nn.Sequential registers every layer,
so the result can be trained, moved and saved without a class for it.
"""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

from torch import nn


def mlp(sizes: Sequence[int]) -> nn.Sequential:
    if len(sizes) < 2:
        raise ValueError(f"expected at least two sizes, got {sizes}")
    modules: list[nn.Module] = []
    for n, m in pairwise(sizes):
        modules += [nn.Linear(n, m), nn.ReLU()]
    return nn.Sequential(*modules[:-1])


HINTS = (
    "Each Linear layer needs two neighboring sizes: iterate over the pairs.",
    "Collect the modules in a Python list, then call `nn.Sequential(*modules)`.",
    (
        "`for n, m in pairwise(sizes): modules += [nn.Linear(n, m), nn.ReLU()]`, with `pairwise` "
        "from itertools; then `nn.Sequential(*modules[:-1])`."
    ),
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"mlp": ("named", "grown")}


def named(sizes: Sequence[int]) -> nn.Sequential:
    inputs, outputs = sizes[:-1], sizes[1:]
    if not inputs:
        raise ValueError("expected at least two sizes")
    relu = nn.ReLU(inplace=True)  # it has no parameters, so one object can be used repeatedly
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
        raise ValueError("expected at least two sizes") from None
    net = nn.Sequential(nn.Linear(n, m))
    for size in rest:
        net.append(nn.ReLU()).append(nn.Linear(m, size))
        m = size
    return net


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "mlp": {
        "relu_at_the_end": "values",
        "only_linear": "values",
        "first_and_last": "contract",
        "empties_the_list": "purity",
        "asserts": "contract",
        "remembers": "contract",
        "one_middle_layer": "contract",
        "at_most_six_layers": "contract",
        "in_double": "values",
        "frozen": "contract",
    },
}


def relu_at_the_end(sizes: Sequence[int]) -> nn.Sequential:
    return grown(sizes).append(nn.ReLU())  # negative outputs become 0, with a gradient of 0


def only_linear(sizes: Sequence[int]) -> nn.Sequential:
    # Without ReLUs, a network of any depth is a single linear map.
    return nn.Sequential(*(m for m in grown(sizes) if isinstance(m, nn.Linear)))


def first_and_last(sizes: Sequence[int]) -> nn.Sequential:
    if len(sizes) < 2:
        raise ValueError("expected at least two sizes")
    return grown([sizes[0], sizes[1], sizes[-1]])  # correct for three sizes only, as in the example


def empties_the_list(sizes: Sequence[int]) -> nn.Sequential:
    sizes = sizes if isinstance(sizes, list) else list(sizes)
    if len(sizes) < 2:
        raise ValueError("expected at least two sizes")
    net = nn.Sequential()
    n = sizes.pop(0)  # removes an element from the caller's list
    while sizes:
        net.append(nn.Linear(n, sizes[0]))
        n = sizes.pop(0)
        if sizes:
            net.append(nn.ReLU())
    return net


def asserts(sizes: Sequence[int]) -> nn.Sequential:
    assert len(sizes) >= 2  # AssertionError, not ValueError; no error under `python -O`
    return grown(sizes)


_cache: dict[tuple[int, ...], nn.Sequential] = {}


def remembers(sizes: Sequence[int]) -> nn.Sequential:
    if tuple(sizes) not in _cache:
        _cache[tuple(sizes)] = grown(sizes)
    return _cache[tuple(sizes)]  # two networks of the same sizes share their layers


def one_middle_layer(sizes: Sequence[int]) -> nn.Sequential:
    net = grown(sizes)
    known: dict[tuple[int, int], nn.Module] = {}
    for i, module in enumerate(net):
        if isinstance(module, nn.Linear):  # layers of equal sizes become one shared layer
            net[i] = known.setdefault((module.in_features, module.out_features), module)
    return net


def at_most_six_layers(sizes: Sequence[int]) -> nn.Sequential:
    return grown(sizes)[:11]  # leaves out the rest of a deep network


def in_double(sizes: Sequence[int]) -> nn.Sequential:
    return grown(sizes).double()  # refuses a float32 x


def frozen(sizes: Sequence[int]) -> nn.Sequential:
    return grown(sizes).requires_grad_(requires_grad=False)  # an optimizer cannot train it
