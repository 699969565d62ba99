"""Grader of log_sigmoid: losses and gradients for ordinary, extreme and zero logits."""

import torch

from torchkata import Case, Function, Spec, Tolerance, _, normal, same_as_reference, uniform
from torchkata.probes import with_gradients

FINE = Tolerance(rtol=1e-8, atol=1e-8)  # the error of the library's softplus is 2e-9 at 20


def naive(logits, targets):
    """Compute entry by entry in float64, with one formula for each sign of the logit."""
    total = 0.0
    pairs = zip(logits.double().flatten(), targets.double().flatten(), strict=True)
    for x, target in pairs:
        if x >= 0:
            total += (1 - target) * x + torch.log1p(torch.exp(-x))
        else:
            total += -target * x + torch.log1p(torch.exp(x))
    return torch.as_tensor(total / logits.numel()).to(logits.dtype)


def extreme(sizes, generator):
    """Draw logits from -1000 to 1000, both included, and targets from 0 to 1, both included."""
    x, t = torch.rand(2, 30, 3, generator=generator).to(sizes.dtype)
    logits = 1000 * (2 * x - 1)
    logits[:2] = torch.tensor([[1000], [-1000]])
    return logits, (2 * t - 0.5).clamp(0, 1)


def zeros(sizes, generator):
    """Draw logits, many of them 0 or -0, where some formulas have a kink."""
    logits, targets = torch.rand(2, 4, 5, generator=generator).to(sizes.dtype)
    logits[0], logits[1], logits[2, 1:] = 0, -0.0, 0
    return logits, targets


def of_shape(*shape):
    """Draw logits and targets of another shape."""
    return lambda s, generator: tuple(torch.rand(2, *shape, generator=generator).to(s.dtype))


def with_nan(sizes, generator):
    logits, targets = torch.rand(2, 3, 4, generator=generator).to(sizes.dtype)
    logits[1, 2] = torch.nan
    return logits, targets


RULES = {
    "The gradient of the loss": "gradient",
    "At x = 0": "gradient[logits of 0]",
    "In float64": "stability[in float64]",
    "is nan": "values[a logit of nan]",
    "Do not call": "contract[basic operations only]",
    "All other functions": None,
}
SPEC = Spec(
    Function(
        "bce_with_logits",
        inputs={"logits": normal("a b", std=3), "targets": uniform("a b", 0.1, 0.9)},
        naive=naive,
        cases=(
            Case("one entry", a=1, b=1),
            Case("one row", a=1, b=6),
            Case("one column", a=7, b=1),
            Case("many", a=12, b=9),
            Case("very many", a=30, b=40),
            Case("5,000 rows", a=5000, b=5),
            Case("a logit of nan", given=with_nan),
            Case("a vector", given=of_shape(7)),
            Case("0-d tensors", given=of_shape()),
            Case("logits of +-1000", axis="stability", given=extreme, gradient=True),
            Case("logits of 0", axis="stability", given=zeros, gradient=True),
        ),
        forbidden=("*cross_entropy*", "*_loss"),
    ),
    stub_digest="48d83b7addffcfe4",
)


def test_stability_in_float64(submission, reference, generator):
    """In float64, losses and gradients are accurate to 1e-8 for each logit."""
    logits = 60 * (2 * torch.rand(40, generator=generator, dtype=torch.float64) - 1)
    targets = torch.rand(40, generator=generator, dtype=torch.float64)
    targets[::2] = targets[::2].round()
    for pair in zip(logits.split(1), targets.split(1), strict=True):
        x, t = (number.item() for number in pair)
        what = _("loss and gradients for logit {x:.4g} and target {t:.4g}", x=x, t=t)
        arguments = with_gradients, "bce_with_logits", pair, (0, 1)
        same_as_reference(submission, reference, *arguments, what=what, tolerance=FINE)
