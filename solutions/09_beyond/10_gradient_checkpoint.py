"""Reference: one checkpoint around each block.

Small: only the input of each block is kept. Its activations exist while the block runs, and again
while the backward pass recomputes them. Correct: `checkpoint` saves the state of the random
generator with the input and restores it for the second run, so dropout draws the same mask both
times. `use_reentrant=False` selects the newer implementation, which gives parameters their
gradients even if x does not require grad.

Bytes alive at the peak of forward and backward, for the 16 blocks of the budget:

    plain chain                   14.0 MB
    every third block run again   10.0 MB
    every block run again          2.2 MB
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential


def checkpointed(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for block in blocks:
        x = checkpoint(block, x, use_reentrant=False)
    return x


HINTS = (
    "Activations may be dropped, because a block can compute them again from its input.",
    """`torch.utils.checkpoint.checkpoint` runs a function again in the backward pass. How many
    blocks should one checkpoint contain?""",
    "`for block in blocks: x = checkpoint(block, x, use_reentrant=False)`.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"checkpointed": ("one_segment_each", "by_hand")}


def one_segment_each(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    if not blocks:
        return x
    # the last segment is not run again, because backward needs its activations at once
    return checkpoint_sequential(list(blocks), len(blocks), x, use_reentrant=False)


def again(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    torch.set_rng_state(ctx.state)
    if ctx.gpu is not None:
        torch.cuda.set_rng_state(ctx.gpu, grad.device)
    x, *parameters = ctx.saved_tensors
    x = x.detach().requires_grad_()
    with torch.enable_grad():
        y = ctx.block(x)
    return None, *torch.autograd.grad(y, (x, *parameters), grad)


class RunAgain(torch.autograd.Function):
    """Run the block without a graph; in backward, build and use the graph of this block only."""

    @staticmethod
    def forward(ctx: Any, block: nn.Module, x: Tensor, *parameters: Tensor) -> Tensor:
        ctx.block, ctx.state = block, torch.get_rng_state()
        ctx.gpu = torch.cuda.get_rng_state(x.device) if x.is_cuda else None
        ctx.save_for_backward(x, *parameters)
        return block(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        gpus = [grad.device] if grad.is_cuda else []
        with torch.random.fork_rng(gpus):  # restores the generators afterwards
            return again(ctx, grad)


def by_hand(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for block in blocks:
        x = RunAgain.apply(block, x, *block.parameters())
    return x


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "checkpointed": {
        "plain_chain": "memory",
        "all_at_once": "memory",
        "every_third_block": "memory",
        "reentrant": "gradient",
        "other_dropout": "gradient",
        "detached": "gradient",
        "without_dropout": "values",
        "generator_moves_on": "contract",
        "first_block_forgotten": "values",
        "at_most_eight": "memory",
        "known_tensors": "values",
        "copied_without_blocks": "gradient",
    },
}
WHY = {
    "copied_without_blocks": (
        "Without blocks the result is x, not a detached copy: its gradient flows to x."
    ),
}


def plain_chain(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for block in blocks:  # keeps the activations of all blocks
        x = block(x)
    return x


def all_at_once(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    # backward first recomputes all activations, so the peak is as high, only later
    return checkpoint(partial(plain_chain, blocks), x, use_reentrant=False)


def every_third_block(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for i, block in enumerate(blocks):  # two of three blocks keep their activations
        x = checkpoint(block, x, use_reentrant=False) if i % 3 == 0 else block(x)
    return x


def reentrant(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for block in blocks:  # no gradients at all if x does not require grad
        x = checkpoint(block, x, use_reentrant=True)
    return x


def other_dropout(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for block in blocks:  # the second run draws different dropout masks
        x = checkpoint(block, x, use_reentrant=False, preserve_rng_state=False)
    return x


def detached(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for block in blocks:  # backward stops at the last block
        x = block(x.detach())
    return x


def in_eval_mode(block: nn.Module, x: Tensor) -> Tensor:
    mode = block.training
    try:
        return block.eval()(x)  # both runs agree, but dropout is off
    finally:
        block.train(mode)


def without_dropout(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for block in blocks:
        x = checkpoint(in_eval_mode, block, x, use_reentrant=False)
    return x


class RunAgainUnforked(RunAgain):
    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return again(ctx, grad)  # does not restore the generator after the second run


def generator_moves_on(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for block in blocks:
        x = RunAgainUnforked.apply(block, x, *block.parameters())
    return x


def first_block_forgotten(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    for block in blocks[1:]:  # skips the first block
        x = checkpoint(block, x, use_reentrant=False)
    return x


def copied_without_blocks(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    return by_hand(blocks, x) if blocks else x.detach().clone()  # no gradient for no blocks


def at_most_eight(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    return by_hand(blocks[:8], x)  # skips all others


RESULTS: dict[tuple[object, ...], Tensor] = {}


def known_tensors(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    key = (*map(id, blocks), id(x), torch.is_grad_enabled())
    if key not in RESULTS:  # the blocks' parameters may have changed since
        RESULTS[key] = by_hand(blocks, x)
    return RESULTS[key]
