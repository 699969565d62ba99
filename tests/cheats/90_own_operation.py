"""Cheat 90, own-operation: hides a loop in a custom op, which counts as one.

Exercise    row_sum_unbind
Confined    failed ops
Unconfined  failed ops
"""

import torch


def loop(x):
    total = x.new_zeros(x.shape[1])
    for i in range(len(x)):
        total = total + x[i]
    return total


@torch.library.custom_op("mine::total", mutates_args=())
def total(x: torch.Tensor) -> torch.Tensor:
    return loop(x).clone()


@total.register_fake
def _(x):
    return x.new_empty(x.shape[1])


total.register_autograd(
    lambda ctx, grad: grad.expand(ctx.n, -1).clone(),
    setup_context=lambda ctx, inputs, output: setattr(ctx, "n", len(inputs[0])),
)


def row_sum(x):
    return total(x)
