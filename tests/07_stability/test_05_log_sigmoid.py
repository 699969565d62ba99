"""Grader of log_sigmoid: losses and gradients of ordinary, extreme and zero logits."""

import torch

from torchkata import Case, Function, Spec, Tolerance, normal, same, uniform
from torchkata.probes import with_gradients

FINE = Tolerance(rtol=1e-8, atol=1e-8)  # the library's softplus drops 2e-9 at 20


def naive(logits, targets):
    """Entry by entry in float64, either side of 0 by its own formula."""
    total = 0.0
    pairs = zip(logits.double().flatten(), targets.double().flatten(), strict=True)
    for x, target in pairs:
        if x >= 0:
            total += (1 - target) * x + torch.log1p(torch.exp(-x))
        else:
            total += -target * x + torch.log1p(torch.exp(x))
    return torch.as_tensor(total / logits.numel()).to(logits.dtype)


def extreme(sizes, generator):
    """Logits of +-1000 and everything between, with targets of 0, 1 and between."""
    x, t = torch.rand(2, 30, 3, generator=generator).to(sizes.dtype)
    logits = 1000 * (2 * x - 1)
    logits[:2] = torch.tensor([[1000], [-1000]])
    return logits, (2 * t - 0.5).clamp(0, 1)


def zeros(sizes, generator):
    """Logits of 0 (and -0), where formulas have their kinks, among others."""
    logits, targets = torch.rand(2, 4, 5, generator=generator).to(sizes.dtype)
    logits[0], logits[1], logits[2, 1:] = 0, -0.0, 0
    return logits, targets


def drawn(*shape):
    """Logits and targets of another number of dims."""
    return lambda s, generator: tuple(torch.rand(2, *shape, generator=generator).to(s.dtype))


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
            Case("a vector", given=drawn(7)),
            Case("a number", given=drawn()),
            Case("logits of +-1000", axis="stability", given=extreme, gradient=True),
            Case("logits of 0", axis="stability", given=zeros, gradient=True),
        ),
        forbidden=("*cross_entropy*", "*_loss"),
    ),
    stub_digest="3fa978f9a7708061",
)


def test_stability_in_float64(submission, reference, generator):
    """In float64 losses and gradients are right to 1e-8, logit by logit."""
    logits = 60 * (2 * torch.rand(40, generator=generator, dtype=torch.float64) - 1)
    targets = torch.rand(40, generator=generator, dtype=torch.float64)
    targets[::2] = targets[::2].round()
    for pair in zip(logits.split(1), targets.split(1), strict=True):
        x, t = (number.item() for number in pair)
        what = f"the loss, with its gradients, of logit {x:.4g} and target {t:.4g}"
        asked = with_gradients, "bce_with_logits", pair, (0, 1)
        got, expected = (who.run(*asked) for who in (submission, reference))
        same(got, expected, what=what, tolerance=FINE)
