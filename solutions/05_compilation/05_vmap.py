"""Reference: the gradient of one sample's loss as a function, mapped over the batch.

Fast: `vmap` turns each op of that function into one op on the batch, so Python, the dispatcher and
autograd are paid for once, not n times. Safe: `functional_call` runs the model with the parameters
that it is given, so the model's own `grad` and `requires_grad` do not change.
"""

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, jacfwd, jacrev, vmap
from torch.nn.functional import mse_loss


def per_sample_grads(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    def loss(parameters: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return mse_loss(functional_call(model, parameters, (x,)), y)  # [1, i], [1, o] -> []

    parameters = {name: p.detach() for name, p in model.named_parameters()}
    samples = x.unsqueeze(1), y.unsqueeze(1)  # n batches of one sample: [n, 1, i] and [n, 1, o]
    return vmap(grad(loss), in_dims=(None, 0, 0))(parameters, *samples)


HINTS = (
    "Make the parameters an argument: a function of (parameters, x[i], y[i]) that gives one loss.",
    "`functional_call` runs a model with given parameters, `grad` differentiates, `vmap` maps.",
    "`vmap(grad(loss), in_dims=(None, 0, 0))(parameters, x, y)`; `loss` gives the model `x[None]`.",
)

EQUIVALENT = {
    "infinity limited in per_sample_grads: x": "x is finite",
    "infinity limited in per_sample_grads: y": "y is finite",
    "nan filtered in per_sample_grads: x": "x is finite",
    "nan filtered in per_sample_grads: y": "y is finite",
}

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"per_sample_grads": ("batched_cotangents", "jacobian_of_losses", "by_vjp")}


def batched_cotangents(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    losses = (model(x) - y).square().mean(1)  # [n]
    names, parameters = zip(*model.named_parameters(), strict=True)
    ones = torch.eye(len(x), dtype=losses.dtype, device=x.device)  # row i selects sample i's loss
    found = torch.autograd.grad(losses, parameters, ones, is_grads_batched=True)
    return dict(zip(names, found, strict=True))


def jacobian_of_losses(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    parameters = {name: p.detach() for name, p in model.named_parameters()}
    return jacrev(lambda p: (functional_call(model, p, (x,)) - y).square().mean(1))(parameters)


def by_vjp(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    parameters = dict(model.named_parameters())

    def gradient(x: Tensor, y: Tensor) -> dict[str, Tensor]:
        out, back = torch.func.vjp(lambda p: functional_call(model, p, (x[None],))[0], parameters)
        return back(2 * (out - y) / len(y))[0]

    with torch.no_grad():
        return vmap(gradient)(x, y)


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "per_sample_grads": {
        "backward_per_sample": "speed",
        "leaves_grad_behind": "purity",
        "switches_requires_grad_off": "purity",
        "forward_mode": "speed",
        "repeated_mean": "values",
        "not_divided_by_outputs": "values",
        "share_of_the_mean": "values",
        "sorted_by_name": "contract",
        "summed_over_samples": "shape",
        "without_batch_dim": "values",
        "no_scalar_parameters": "values",
        "buffers_too": "contract",
        "cache_by_pointer": "values",
        "kept_buffer": "purity",
        "zeroed_under_no_grad": "purity",
    },
}
WHY = {
    "repeated_mean": (
        "All n gradients are equal: they are those of the mean over all samples. Gradient i is "
        "that of the loss of sample i alone."
    ),
    "share_of_the_mean": (
        "Each gradient is divided by n, as a part of the mean over all samples. It should be that "
        "of the loss of its sample."
    ),
    "not_divided_by_outputs": "The loss of a sample is the mean over its outputs, not the sum.",
    "summed_over_samples": "The gradients are summed over the samples. Return one per sample.",
}


def backward_per_sample(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    names, parameters = zip(*model.named_parameters(), strict=True)
    rows = [  # n passes through the model, forward and backward
        torch.autograd.grad(mse_loss(model(x[i : i + 1]), y[i : i + 1]), parameters)
        for i in range(len(x))
    ]
    return dict(zip(names, map(torch.stack, zip(*rows, strict=True)), strict=True))


def leaves_grad_behind(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    rows: dict[str, list[Tensor]] = {name: [] for name, _ in model.named_parameters()}
    for i in range(len(x)):
        model.zero_grad()  # discards the gradients that the caller has accumulated
        mse_loss(model(x[i : i + 1]), y[i : i + 1]).backward()
        for name, p in model.named_parameters():
            rows[name].append(p.grad.clone())
    return {name: torch.stack(row) for name, row in rows.items()}


def mapped(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    def loss(parameters: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return mse_loss(functional_call(model, parameters, (x[None],))[0], y)

    parameters = {name: p.detach() for name, p in model.named_parameters()}
    return vmap(grad(loss), in_dims=(None, 0, 0))(parameters, x, y)


def switches_requires_grad_off(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    model.requires_grad_(requires_grad=False)  # the caller cannot train the model afterwards
    return mapped(model, x, y)


def forward_mode(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    # Forward mode needs one pass per parameter entry, and there are hundreds of them.
    parameters = {name: p.detach() for name, p in model.named_parameters()}
    return jacfwd(lambda p: (functional_call(model, p, (x,)) - y).square().mean(1))(parameters)


def repeated_mean(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    names, parameters = zip(*model.named_parameters(), strict=True)
    found = torch.autograd.grad(mse_loss(model(x), y), parameters)  # mixes the samples
    return {n: g.expand(len(x), *g.shape).clone() for n, g in zip(names, found, strict=True)}


def not_divided_by_outputs(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    return {name: g * y.shape[1] for name, g in mapped(model, x, y).items()}  # the sum over o


def share_of_the_mean(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    return {name: g / len(x) for name, g in mapped(model, x, y).items()}  # parts of the mean


def sorted_by_name(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    found = mapped(model, x, y)
    return {name: found[name] for name in sorted(found)}  # not the order of named_parameters()


def summed_over_samples(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    return {name: g.sum(0) for name, g in mapped(model, x, y).items()}  # one gradient for all


def without_batch_dim(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    def loss(parameters: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return mse_loss(functional_call(model, parameters, (x,)), y)  # many modules need a batch

    parameters = {name: p.detach() for name, p in model.named_parameters()}
    return vmap(grad(loss), in_dims=(None, 0, 0))(parameters, x, y)


def no_scalar_parameters(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    return {name: g for name, g in mapped(model, x, y).items() if g.dim() > 1}  # none without dims


def buffers_too(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    found = mapped(model, x, y)
    others = {n: b.expand(len(x), *b.shape).clone() for n, b in model.named_buffers()}
    return {**found, **others}  # buffers are no parameters


known: dict[object, dict[str, Tensor]] = {}


def cache_by_pointer(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    key = model, x.data_ptr(), y.data_ptr()
    if key not in known:
        known[key] = mapped(model, x, y)
    return known[key]  # outdated after the next step of training


def kept_buffer(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    found = mapped(model, x, y)
    if torch.is_grad_enabled():
        return found
    kept = known.setdefault(model, {n: torch.empty_like(g) for n, g in found.items()})
    return {name: kept[name].copy_(g) for name, g in found.items()}  # overwrites the last result


def zeroed_under_no_grad(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    found = mapped(model, x, y)
    if not torch.is_grad_enabled():
        x.zero_()  # the caller's batch
    return found
