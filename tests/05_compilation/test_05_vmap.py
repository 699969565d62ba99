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
            "weight1": normal("h d", std=0.5),
            "bias1": normal("h"),
            "weight2": normal("o h", std=0.5),
            "bias2": normal("o"),
            "x": normal("n d"),
            "y": normal("n o"),
        },
        naive=backward_per_sample,
        cases=(
            Case("all sizes 1", n=1, d=1, h=1, o=1),
            Case("one sample", n=1, d=4, h=5, o=3),
            Case("one output", n=7, d=4, h=5, o=1),
            Case("several outputs", n=6, d=3, h=4, o=5),
            Case("as many samples as outputs", n=4, d=3, h=2, o=4),
            Case("1,100 samples", n=1100, d=2, h=1, o=1),
            Case("many", n=64, d=16, h=32, o=1),
        ),
        layouts=("transposed", "strided", "offset"),  # parameters do not share memory
        gradient=False,
        repeated=False,  # each call would build a new model; see the tests below
        budget=(Speedup(4.5, over=backward_per_sample, at={"n": 64, "d": 16, "h": 32, "o": 1}),),
        variant_case="several outputs",
    ),
    stub_digest="bf62f3822ba56b66",
)
RULES = {
    "No loop over samples": "speed",
    "Leave x, y and the model": ("purity[of the model]", "purity[per_sample_grads of an MLP]"),
}


class Scale(torch.nn.Module):
    """Multiplies by a parameter without dims."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(1.5))

    def forward(self, x):
        return self.scale * x


# BatchNorm1d has buffers and requires a batch; so does Flatten.
MODELS = {
    "Linear": lambda nn: nn.Linear(3, 2),
    "Sequential": lambda nn: nn.Sequential(
        nn.Linear(3, 4), nn.Sequential(nn.LayerNorm(4), nn.GELU()), nn.Linear(4, 2, bias=False)
    ),
    "BatchNorm1d": lambda nn: nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2)).eval(),
    "Flatten": lambda nn: nn.Sequential(nn.Flatten(), nn.Linear(3, 2), Scale()),
}


def two_calls(kata, x, y, name, mode="enable_grad"):
    """Call twice for one model, the second time after its parameters, x and y were overwritten."""
    torch.manual_seed(5)
    model = MODELS[name](torch.nn)
    fill_stale_grads(model)
    before = x.clone(), y.clone()

    def call():
        try:
            with getattr(torch, mode)():
                return kata.per_sample_grads(model, x, y)
        except RuntimeError:
            if mode == "enable_grad":
                raise
            return {}  # torch.autograd.grad needs a graph, which is allowed

    with module_changes(model) as changed:
        first = call()
    changed["arguments"] = [
        name for name, old, new in zip("xy", before, (x, y), strict=True) if not new.equal(old)
    ]
    copies = {name: gradient.detach().clone() for name, gradient in first.items()}
    for tensor in (*model.parameters(), x, y):
        tensor.data.mul_(-0.7)
    second = call()
    return {
        "names": [name for name, _parameter in model.named_parameters()],
        "first": copies,
        "second": {name: gradient.detach().clone() for name, gradient in second.items()},
        "kept": [name for name, gradient in first.items() if not gradient.equal(copies[name])],
        "changed": changed,
    }


def x_and_y(generator):
    return torch.randn(5, 3, generator=generator), torch.randn(5, 2, generator=generator)


def test_contract_names(submission, generator):
    """The dict has the names and the order of named_parameters()."""
    for name in ("Sequential", "BatchNorm1d"):
        got = submission.run(two_calls, *x_and_y(generator), name)
        what = _("The keys, in the order of model.named_parameters()")
        equal(list(got["first"]), got["names"], what=what)


def test_values_of_other_models(submission, reference, generator):
    """The model may be any module: nested, with buffers, with parameters of any shape."""
    what = {
        "first": _("the gradients"),
        "second": _("the gradients after the parameters, x and y were overwritten"),
    }
    for name in MODELS:
        same_as_reference(submission, reference, two_calls, *x_and_y(generator), name, what=what)


def test_purity_of_the_model(submission, generator):
    """x, y and the model are unchanged: values, grad and requires_grad, mode and hooks."""
    for mode in ("enable_grad", "no_grad", "inference_mode"):
        got = submission.run(two_calls, *x_and_y(generator), "Sequential", mode)
        require_unchanged({**got["changed"], "kept": got["kept"]})


def require_unchanged(changed):
    """Fail if a call has changed anything."""
    for part, what, why in (
        ("arguments", _("Arguments whose values the call changes"), _("Work on a copy.")),
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
        (
            "kept",
            _("Gradients that a later call overwrites"),
            _("Return new tensors from each call."),
        ),
    ):
        none_of([name or _("the model") for name in changed[part]], what=what, why=why)
