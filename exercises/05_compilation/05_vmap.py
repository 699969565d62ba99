"""Compilation 05: vmap. Compute a gradient per sample without a backward pass per sample.

Task
    `loss.backward()` computes the gradient of the mean loss, which mixes all samples. Methods that
    clip each sample's gradient or search for outliers need one gradient per sample. Return, for
    each parameter of `model`, the gradients of the n per-sample losses, stacked along a new first
    dimension. The loss of sample i is the mean squared error between model(x[i:i+1]) and y[i:i+1],
    averaged over the o outputs. For example, write a function that returns the gradient of one
    sample, and map it over the batch with `torch.func`.

Shapes and units
    model     an nn.Module that maps a batch [n, d] to [n, o], each row independently of the others;
              it may have buffers, and parameters of any shape
    x         [n, d]   float32 or float64, finite, on the device of the parameters; n at least 1
    y         [n, o]   the dtype and device of x, finite; o at least 1
    return    a dict, parameter name -> [n, *shape of the parameter], with the names and the order
              of `model.named_parameters()`

Rules
    No loop over samples. Leave x, y and the model unchanged: the values, `grad` and `requires_grad`
    of its parameters (all of them require grad), its mode (training or evaluation) and its hooks.

Budget
    at least 4.5x faster than the backward per sample at n=64, d=16, h=32, o=1
    The model is an MLP with h hidden units; the baseline calls `backward` once for each sample.

Hints
    1. Make the parameters an argument: a function of (parameters, x[i], y[i]) that gives one loss.
    Levels 2 and 3: `nox -s hint -- vmap`.
"""

from torch import Tensor, nn


def per_sample_grads(model: nn.Module, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    raise NotImplementedError  # TODO: your code here
