"""Compilation 05: vmap. One gradient per sample, without a backward per sample.

Task
    `loss.backward()` gives the gradient of the mean loss, in which the samples are mixed. Some
    methods (clipping each sample's gradient, finding odd samples) need the gradient of every
    single one. Return, for each parameter of `model`, the gradients of the n samples' losses,
    stacked along a new first dimension. Sample i's loss is the mean squared error of model(x[i])
    against y[i], the mean over its o outputs. Write the gradient of one sample as a function, and
    let `torch.func` map it over the batch.

Shapes and units
    model     an nn.Module; it maps [n, i] to [n, o], each row on its own
    x         [n, i]   floats, on the device of the parameters; n at least 1
    y         [n, o]   of the dtype of x; o may be 1 or more
    return    a dict, parameter name -> [n, *shape of the parameter], names and order as in
              `model.named_parameters()`

Rules
    No loop over samples. The model stays as it was: each parameter's values, `grad` and
    `requires_grad`. (All parameters require grad when the call comes.)

Budget
    at least 4.5 x faster than the backward per sample at n=64, i=16, h=32, o=1

Hints
    1. Make the parameters an argument: a function of (parameters, x[i], y[i]) that gives one loss.
    Levels 2 and 3: `nox -s hint -- vmap`.
"""

from torch import Tensor, nn


def per_sample_grads(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    raise NotImplementedError  # TODO: your code here
