"""Beyond 10: gradient checkpoint. Train a deep chain in less memory, for one more forward pass.

Task
    Activations often take more memory in training than the parameters do. Apply the blocks in
    order, x = block(x), so that gradients flow back through all of them. A plain chain keeps the
    activations of all blocks until the backward pass. Keep only the input of each block instead.
    When the backward pass reaches a block, run the block again to recompute its activations.

Shapes and units
    blocks    sequence of nn.Module, each takes one tensor and returns one; may be empty
    x         any shape and device, float32 or float64; with or without requires_grad
    return    the result of the last block, with its autograd graph (x itself for no blocks)

Rules
    Values and gradients are those of the plain chain, even with dropout: both runs of a block must
    draw the same random numbers. After the forward pass, and again after the backward pass, the
    state of PyTorch's global random generator is the same as with the plain chain.
    The parameters get their gradients even if x does not require grad.
    Do not modify x, and do not change the blocks: keep their mode (training or eval), and leave no
    hooks on them.

Budget
    at most 0.35 of the plain chain's bytes at the peak of forward and backward, for 16 blocks of
    Linear(64, 256), GELU, Dropout, Linear(256, 64) and a batch of 256 on the CPU; parameters and
    their gradients do not count, and time is not graded

Hints
    1. Activations may be dropped, because a block can compute them again from its input.
    Levels 2 and 3: `nox -s hint -- gradient_checkpoint`.
"""

from collections.abc import Sequence

from torch import Tensor, nn


def checkpointed(blocks: Sequence[nn.Module], x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
