"""Reference: keep the chunks in their list, and join them once.

A list grows cheaply because it holds only references; a tensor is one block of memory, allocated at
its full size. One `cat` copies each number once, so n chunks cost n copies instead of n * n / 2.
Measured for chunks of 64 numbers on one core:

    chunks       appending              joined once
       500       0.9 ms,    32 MB       0.1 ms, 0.3 MB
     2,000         8 ms,   513 MB       0.3 ms, 1.0 MB
     8,000       160 ms, 8,195 MB       1.3 ms, 4.1 MB
"""

import functools
import itertools

import torch
from torch import Tensor


def running_sums(chunks: list[Tensor]) -> Tensor:
    if not chunks:
        return torch.zeros(0)
    return torch.cat(chunks).cumsum(0)  # n of [k] -> [n * k]


HINTS = (
    "With a thousand chunks, how often is the first one copied? Once is enough.",
    "Python lists grow cheaply, and `torch.cat` takes a list of any length.",
    "`torch.cat(chunks).cumsum(0)`. Handle an empty list separately, because `cat` rejects it.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"running_sums": ("filled_buffer", "carried_total")}


def filled_buffer(chunks: list[Tensor]) -> Tensor:
    if not chunks:
        return torch.zeros(0)
    out = chunks[0].new_empty(sum(map(len, chunks)))  # allocated once, at its full size
    end = 0
    for chunk in chunks:
        start, end = end, end + len(chunk)
        out[start:end] = chunk
    return out.cumsum(0)


def carried_total(chunks: list[Tensor]) -> Tensor:
    pieces: list[Tensor] = []
    total: Tensor | float = 0
    for chunk in filter(len, chunks):
        pieces.append(chunk.cumsum(0) + total)
        total = pieces[-1][-1]  # the next chunk continues from here
    return torch.cat(pieces or chunks[:1] or [torch.zeros(0)])


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "running_sums": {
        "append_by_reduce": "memory",
        "pad_and_add": "memory",
        "sums_of_each_chunk": "values",
        "forgets_the_empty_list": "values",
        "buffer_of_floats": "dtype",
        "empty_ones_left_out": "dtype",
        "buffer_on_the_cpu": "device",
        "through_lists": "gradient",
        "carry_in_place": "purity",
        "one_chunk_in_place": "purity",
        "emptied_list": "purity",
        "at_most_1000": "shape",
    },
}


def append_by_reduce(chunks: list[Tensor]) -> Tensor:
    # reduce hides the loop, but the copies are the same
    joined = functools.reduce(
        lambda grown, new: torch.cat([grown, new]), chunks or [torch.zeros(0)]
    )
    return joined.cumsum(0)


def pad_and_add(chunks: list[Tensor]) -> Tensor:
    if not chunks:
        return torch.zeros(0)
    total, end = sum(map(len, chunks)), 0
    padded = []
    for chunk in chunks:
        padded.append(torch.nn.functional.pad(chunk, (end, total - end - len(chunk))))
        end += len(chunk)
    return torch.stack(padded).sum(0).cumsum(0)  # n chunks, each padded to the full length


def sums_of_each_chunk(chunks: list[Tensor]) -> Tensor:
    # each chunk starts at 0 again: the sum of the previous chunks is missing
    return torch.cat([chunk.cumsum(0) for chunk in chunks] or [torch.zeros(0)])


def forgets_the_empty_list(chunks: list[Tensor]) -> Tensor:
    return torch.cat(chunks).cumsum(0)  # cat raises on an empty list


def buffer_of_floats(chunks: list[Tensor]) -> Tensor:
    device = chunks[0].device if chunks else None
    out, end = torch.zeros(sum(map(len, chunks)), device=device), 0  # always float32
    for chunk in chunks:
        start, end = end, end + len(chunk)
        out[start:end] = chunk
    return out.cumsum(0)


def empty_ones_left_out(chunks: list[Tensor]) -> Tensor:
    full = [chunk for chunk in chunks if len(chunk)]
    return torch.cat(full or [torch.zeros(0)]).cumsum(0)  # float32 if all chunks are empty


def buffer_on_the_cpu(chunks: list[Tensor]) -> Tensor:
    dtype = chunks[0].dtype if chunks else torch.float32
    out, end = torch.zeros(sum(map(len, chunks)), dtype=dtype), 0
    for chunk in chunks:
        start, end = end, end + len(chunk)
        out[start:end] = chunk  # silently copies each chunk to the CPU
    return out.cumsum(0)


def through_lists(chunks: list[Tensor]) -> Tensor:
    # Python numbers have no gradient
    numbers = itertools.accumulate(x for chunk in chunks for x in chunk.tolist())
    like = chunks[0] if chunks else torch.zeros(0)
    return torch.tensor(list(numbers), dtype=like.dtype, device=like.device)


def carry_in_place(chunks: list[Tensor]) -> Tensor:
    total: Tensor | None = None
    with torch.no_grad():
        for chunk in filter(len, chunks):
            if total is not None:
                chunk[0] += total  # modifies the caller's chunk
            total = chunk.sum()
    return sums_of_each_chunk(chunks)


def one_chunk_in_place(chunks: list[Tensor]) -> Tensor:
    if len(chunks) == 1:
        return chunks[0].detach().cumsum_(0)  # nothing to join, but this is the caller's chunk
    return filled_buffer(chunks)


def emptied_list(chunks: list[Tensor]) -> Tensor:
    taken = list(chunks)
    chunks.clear()  # frees the chunks early, but the caller's list is empty afterwards
    return filled_buffer(taken)


def at_most_1000(chunks: list[Tensor]) -> Tensor:
    return filled_buffer(chunks[:1000])  # drops the rest
