"""Grader of vmap: a gradient per sample, against one backward per sample."""

import torch

from torchkata import Case, EntryPoint, Function, Spec, Speedup, normal, require, same_as_reference
from torchkata.probes import fill_stale_grads, module_changes


class Layer(torch.nn.Module):
    """A Linear whose parameters are given, so that to build it costs next to nothing."""

    def __init__(self, weight, bias):
        super().__init__()
        self.weight, self.bias = torch.nn.Parameter(weight), torch.nn.Parameter(bias)

    def forward(self, x):
        return torch.nn.functional.linear(x, self.weight, self.bias)


def mlp(weight1, bias1, weight2, bias2):
    return torch.nn.Sequential(Layer(weight1, bias1), torch.nn.Tanh(), Layer(weight2, bias2))


def gradients_of_mlp(kata, weight1, bias1, weight2, bias2, x, y):
    return kata.per_sample_grads(mlp(weight1, bias1, weight2, bias2), x, y)


def backward_per_sample(weight1, bias1, weight2, bias2, x, y):
    model = mlp(weight1, bias1, weight2, bias2)
    rows = []
    for i in range(len(x)):
        model.zero_grad()
        torch.nn.functional.mse_loss(model(x[i : i + 1]), y[i : i + 1]).backward()
        rows.append([parameter.grad.clone() for parameter in model.parameters()])
    names = [name for name, _ in model.named_parameters()]
    return dict(zip(names, map(torch.stack, zip(*rows, strict=True)), strict=True))


SPEC = Spec(
    EntryPoint("per_sample_grads"),
    Function(
        "per_sample_grads of an MLP",
        adapter=gradients_of_mlp,
        inputs={
            "weight1": normal("h i", std=0.5),
            "bias1": normal("h"),
            "weight2": normal("o h", std=0.5),
            "bias2": normal("o"),
            "x": normal("n i"),
            "y": normal("n o"),
        },
        naive=backward_per_sample,
        cases=(
            Case("one of everything", n=1, i=1, h=1, o=1),
            Case("one sample", n=1, i=4, h=5, o=3),
            Case("one output", n=7, i=4, h=5, o=1),
            Case("several outputs", n=6, i=3, h=4, o=5),
            Case("as many samples as outputs", n=4, i=3, h=2, o=4),
            Case("many", n=64, i=16, h=32, o=1),
        ),
        gradient=False,
        budget=(Speedup(4.5, over=backward_per_sample, at={"n": 64, "i": 16, "h": 32, "o": 1}),),
        variant_case="several outputs",
    ),
    stub_digest="93b077770f144941",
)


MODELS = {
    "Linear": lambda nn: nn.Linear(3, 2),
    "Sequential": lambda nn: nn.Sequential(
        nn.Linear(3, 4), nn.Sequential(nn.LayerNorm(4), nn.GELU()), nn.Linear(4, 2, bias=False)
    ),
}


def nested(kata, x, y, build):
    """The gradients of a model of layers, its parameters' names, and what was changed of it."""
    torch.manual_seed(5)
    model = MODELS[build](torch.nn)
    fill_stale_grads(model)
    with module_changes(model) as changed:
        found = kata.per_sample_grads(model, x, y)
    names = [name for name, _ in model.named_parameters()]
    return {name: gradient.detach() for name, gradient in found.items()}, names, changed


def drawn(generator):
    return torch.randn(5, 3, generator=generator), torch.randn(5, 2, generator=generator)


def test_contract_names(submission, generator):
    """The dict has the names of named_parameters(), in their order."""
    found, names, _changed = submission.run(nested, *drawn(generator), "Sequential")
    require(
        list(found) == names,
        f"The names are {', '.join(map(str, found))}; they have to be {', '.join(names)}, in the "
        "order of model.named_parameters().",
    )


def test_values_of_other_models(submission, reference, generator):
    """Any module will do: a single layer, or layers inside layers."""
    for build in MODELS:
        what = {0: f"the gradients of an nn.{build}"}
        same_as_reference(submission, reference, nested, *drawn(generator), build, what=what)


def test_purity_of_the_model(submission, generator):
    """The parameters' values, grad and requires_grad stay as they were."""
    changed = submission.run(nested, *drawn(generator), "Sequential")[2]
    for what, message in {
        "values": "It changes the values of {}.",
        "grad": "It changes the grad of {}: whoever gathers gradients there loses them. Let "
        "torch.func, or torch.autograd.grad, return them instead of calling backward.",
        "requires_grad": "It leaves {} with another requires_grad: a model that does not require "
        "grad cannot be trained any more.",
        "mode": "It leaves the model in eval mode.",
        "hooks": "It leaves hooks on the model.",
    }.items():
        require(not changed[what], message.format(", ".join(changed[what])))
