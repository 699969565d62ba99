"""Compilation 01: batch gather. Pick entries from each item of a batch without a Python loop.

Task
    Beam search, top-k selection and negative sampling pick different positions from each item of a
    batch. Before you compile a loop for that, look for one operation that replaces it. Return the
    entries of each item at that item's own positions: output[i] = tensor[i, indices[i]].

Shapes and units
    tensor    [b, n, ...]   any dtype, any device, b at least 1; "..." is any number of further
                            dimensions
    indices   [b, k]        int64 in [0, n), on the device of tensor: k positions per item, or none
              or [b]        one position per item
    return    [b, k, ...]   for indices [b, k], with the dtype and the device of tensor
              or [b, ...]   for indices [b]

Rules
    No Python loop over b or k. Gradients flow to tensor.
    Name no device (no `.cuda()`, `.cpu()`, "cuda" or "cpu"): the code runs where its inputs are.

Budget
    An op is one call that reaches PyTorch's dispatcher.
    at most 8 ops, not counting views
    at most 4 * output bytes of extra memory at b=64, n=50, d=8, k=12
    "output" is the size of the result; tensor is [b, n, d] here.

Hints
    1. Square brackets take tensors too: one tensor of positions for each of several dimensions.
    Levels 2 and 3: `nox -s hint -- batch_gather`.
"""

from torch import Tensor


def batch_gather(tensor: Tensor, indices: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
