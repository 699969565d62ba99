"""Grader of vmap: a gradient per sample, compared with one backward pass per sample."""

import torch

from torchkata import (
    Case,
    EntryPoint,
    Function,
    Spec,
    Speedup,
    _,
    equal,
    none_of,
    normal,
    same_as_reference,
)
from torchkata.probes import fill_stale_grads, module_changes


class Layer(torch.nn.Module):
    """A Linear with given parameters, which makes it cheap to build."""

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
    names = dict(model.named_parameters())
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
            Case("all sizes 1", n=1, i=1, h=1, o=1),
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


def gradients_and_changes(kata, x, y, name):
    """Return the gradients of a model, the names of its parameters, and what was changed in it."""
    torch.manual_seed(5)
    model = MODELS[name](torch.nn)
    fill_stale_grads(model)
    with module_changes(model) as changed:
        gradients = kata.per_sample_grads(model, x, y)
    return {
        "gradients": {name: gradient.detach() for name, gradient in gradients.items()},
        "names": [name for name, _parameter in model.named_parameters()],
        "changed": changed,
    }


def x_and_y(generator):
    return torch.randn(5, 3, generator=generator), torch.randn(5, 2, generator=generator)


def test_contract_names(submission, generator):
    """The dict has the names and the order of named_parameters()."""
    got = submission.run(gradients_and_changes, *x_and_y(generator), "Sequential")
    what = _("The keys, in the order of model.named_parameters()")
    equal(list(got["gradients"]), got["names"], what=what)


def test_values_of_other_models(submission, reference, generator):
    """The model may be any module: a single layer, or nested layers."""
    for name in MODELS:
        arguments = *x_and_y(generator), name
        what = {"gradients": _("the gradients of an nn.{name}", name=name)}
        same_as_reference(submission, reference, gradients_and_changes, *arguments, what=what)


def test_purity_of_the_model(submission, generator):
    """The model is unchanged: its parameters' values, grad and requires_grad, mode and hooks."""
    changed = submission.run(gradients_and_changes, *x_and_y(generator), "Sequential")["changed"]
    for part, what, why in (
        ("values", _("Parameters whose values the call changes"), _("Do not train the model.")),
        (
            "grad",
            _("Parameters whose grad the call changes"),
            _(
                "Gradients that were accumulated there are lost. Let torch.func or "
                "torch.autograd.grad return gradients, instead of calling backward."
            ),
        ),
        (
            "requires_grad",
            _("Parameters whose requires_grad the call changes"),
            _("A parameter that does not require grad is no longer trained."),
        ),
        ("mode", _("Modules whose mode the call changes"), _("Leave them in training mode.")),
        ("hooks", _("Modules on which the call leaves hooks"), _("Remove each hook.")),
    ):
        none_of([name or _("the model") for name in changed[part]], what=what, why=why)
