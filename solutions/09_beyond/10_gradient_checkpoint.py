"""Reference: one checkpoint around each block.

Small: of each block only the input is kept; the activations inside live while the block runs, and
once more while backward runs it again. Right: the state of the generator is kept with the input,
so dropout draws the same mask both times, and set back afterwards. `use_reentrant=False` is the
newer way, which gives parameters their gradients also where x itself requires none.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

HINTS = (
    "Forgetting is allowed: what is needed later can be computed again from a block's input.",
    "`torch.utils.checkpoint.checkpoint` runs a function again in backward. Around how much?",
    "`for block in blocks: x = checkpoint(block, x, use_reentrant=False)`.",
)

TRAPS = {
    "checkpointed": {
        "plain_chain": "memory",
        "all_at_once": "memory",
        "three_at_a_time": "memory",
        "reentrant": "gradient",
        "other_dropout": "gradient",
        "detached": "gradient",
        "without_dropout": "values",
        "generator_moves_on": "contract",
        "first_block_forgotten": "values",
    },
}

ALTERNATIVES = {"checkpointed": ("one_segment_each", "by_hand")}


def checkpointed(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for block in blocks:
        x = checkpoint(block, x, use_reentrant=False)
    return x


def one_segment_each(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    if not blocks:
        return x
    # the last segment is not run again: its activations are needed at once
    return checkpoint_sequential(list(blocks), len(blocks), x, use_reentrant=False)


class RunAgain(torch.autograd.Function):
    """Forward without a graph; backward makes the graph of this one block and goes through it."""

    @staticmethod
    def forward(ctx: Any, block: nn.Module, x: Tensor, *parameters: Tensor) -> Tensor:
        ctx.block, ctx.state = block, torch.get_rng_state()
        ctx.gpu = torch.cuda.get_rng_state(x.device) if x.is_cuda else None
        ctx.save_for_backward(x, *parameters)
        return block(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        gpus = [grad.device] if grad.is_cuda else []
        with torch.random.fork_rng(gpus):  # sets the generators back at its end
            return again(ctx, grad)


def again(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    torch.set_rng_state(ctx.state)
    if ctx.gpu is not None:
        torch.cuda.set_rng_state(ctx.gpu, grad.device)
    x, *parameters = ctx.saved_tensors
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        y = ctx.block(x)
    return None, *torch.autograd.grad(y, (x, *parameters), grad)


def by_hand(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for block in blocks:
        x = RunAgain.apply(block, x, *block.parameters())
    return x


def plain_chain(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for block in blocks:
        x = block(x)
    return x


def all_at_once(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    # little is kept, but at the start of backward all is there again: the peak has only moved
    return checkpoint(partial(plain_chain, blocks), x, use_reentrant=False)


def three_at_a_time(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for i, block in enumerate(blocks):  # every third block is run again, the others keep all
        x = checkpoint(block, x, use_reentrant=False) if i % 3 == 0 else block(x)
    return x


def reentrant(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for block in blocks:  # the older way: no gradients at all where x requires none
        x = checkpoint(block, x, use_reentrant=True)
    return x


def other_dropout(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for block in blocks:  # the second run draws other masks than the first one
        x = checkpoint(block, x, use_reentrant=False, preserve_rng_state=False)
    return x


def detached(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for block in blocks:  # small, since backward ends at the last block
        x = block(x.detach())
    return x


def without_dropout(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for block in blocks:
        x = checkpoint(in_eval_mode, block, x, use_reentrant=False)
    return x


def in_eval_mode(block: nn.Module, x: Tensor) -> Tensor:
    mode = block.training
    try:
        return block.eval()(x)  # both runs agree, but nothing is dropped any more
    finally:
        block.train(mode)


class RunAgainUnforked(RunAgain):
    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return again(ctx, grad)  # the generator stays where the second run leaves it


def generator_moves_on(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for block in blocks:
        x = RunAgainUnforked.apply(block, x, *block.parameters())
    return x


def first_block_forgotten(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for block in blocks[1:]:
        x = checkpoint(block, x, use_reentrant=False)
    return x
