"""Grader of causal_mask: broadcast comparisons, against a loop over rows."""

import torch

from torchkata import (
    Case,
    Function,
    HostSyncs,
    Scale,
    Spec,
    Speedup,
    _,
    integers,
    same_as_reference,
    value,
)


def entry_by_entry(lengths, size):
    clipped = [min(length, size) for length in lengths.tolist()]
    mask = torch.zeros(len(clipped), size, size, dtype=torch.bool)
    for b, length in enumerate(clipped):
        for i in range(length):
            for j in range(i + 1):
                mask[b, i, j] = True
    return mask


def row_loop(lengths, size):
    mask = torch.zeros(lengths.shape[0], size, size, dtype=torch.bool)
    for b in range(lengths.shape[0]):
        for i in range(size):
            mask[b, i, : i + 1] = i < lengths[b]
    return mask


def edge_lengths(sizes, _generator):
    n = sizes.size
    return torch.tensor([0, n, n + 1, 1, n - 1, 2**31]), n


SPEC = Spec(
    Function(
        "causal_mask",
        inputs={"lengths": integers("batch", 0, "size + 3"), "size": value("size")},
        naive=entry_by_entry,
        cases=(
            Case("one position", batch=3, size=1),
            Case("one sequence", batch=1, size=7),
            Case("no sequences", batch=0, size=4),
            Case("no positions", batch=2, size=0),
            Case("a batch", batch=9, size=12),
            Case("1,100 sequences", batch=1100, size=4),
            Case("as many sequences as positions", batch=6, size=6),
            Case("lengths 0, 1, size and more", given=edge_lengths, size=5),
        ),
        dtypes=(torch.int64,),
        no_loop=("batch", "size"),
        scale=Scale(_("masks of 32 sequences of 8,192 tokens"), batch=32, size=8_192),
        budget=(Speedup(10, over=row_loop, at={"batch": 8, "size": 64}), HostSyncs(0)),
    ),
    stub_digest="7437f649304989a4",
)


def last_rows_and_columns(kata, lengths, size):
    """Count the allowed positions in the last rows and columns."""
    mask = kata.causal_mask(lengths, size)
    return [mask[:, -9:].sum(2), mask[:, :, -9:].sum(1)]


def test_values_long_sequences(submission, reference):
    """No size is too large for the dtype of the positions, or for a table made in advance."""
    for size in (300, 4200):
        what = {
            0: _("the number of allowed positions in the last rows, size={size}", size=size),
            1: _("the number of allowed positions in the last columns, size={size}", size=size),
        }
        lengths = torch.tensor([size - 3])
        probe = last_rows_and_columns
        same_as_reference(submission, reference, probe, lengths, size, what=what)
