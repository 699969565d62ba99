"""Reference: pad_sequence, and the lengths, which are known without reading any data.

Fast: one op places all sequences. Differentiable: the op's own gradient passes each sequence its
part. Portable: the lengths are created on the device of the batch.
"""

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

Padded = tuple[Tensor, Tensor]


def lengths_of(batch: list[Tensor]) -> Tensor:
    return torch.tensor([len(sequence) for sequence in batch], device=batch[0].device)


def pad_collate(batch: list[Tensor]) -> Padded:
    return pad_sequence(batch, batch_first=True), lengths_of(batch)  # [n, max_len, d], [n]


HINTS = (
    "One assignment can copy a whole sequence, and one call can place all of them.",
    "`torch.nn.utils.rnn` has a function for it. Check which dimension it puts first by default.",
    "`pad_sequence(batch, batch_first=True)`; for the lengths, `torch.tensor([...], device=...)`.",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {"pad_collate": ("into_slices", "stacked_pads", "by_mask")}


def table_for(batch: list[Tensor]) -> Tensor:
    return batch[0].new_zeros(len(batch), max(map(len, batch)), batch[0].shape[1])


def into_slices(batch: list[Tensor]) -> Padded:
    padded = table_for(batch)
    for i, sequence in enumerate(batch):
        padded[i, : len(sequence)] = sequence  # a slice may be modified in place
    return padded, lengths_of(batch)


def stacked_pads(batch: list[Tensor]) -> Padded:
    longest = max(len(sequence) for sequence in batch)
    rows = [functional.pad(s, (0, 0, 0, longest - len(s))) for s in batch]
    return torch.stack(rows), lengths_of(batch)


def by_mask(batch: list[Tensor]) -> Padded:
    lengths = lengths_of(batch)
    padded = table_for(batch)
    steps = torch.arange(padded.shape[1], device=padded.device)
    return padded.index_put((steps < lengths[:, None],), torch.cat(batch)), lengths


# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {
    "pad_collate": {
        "element_by_element": "speed",
        "step_by_step": "speed",
        "rows_of_a_view": "gradient",
        "time_first": "shape",
        "to_a_multiple_of_8": "shape",
        "at_least_one_step": "shape",
        "default_dtype": "dtype",
        "short_lengths": "dtype",
        "lengths_on_the_cpu": "device",
        "pads_in_front": "values",
        "longest_first": "values",
        "sorts_the_list": "purity",
        "counts_nonzeros": "values",
        "lengths_as_list": "shape",
        "list_of_two": "contract",
        "through_float32": "values",
        "transposed_if_square": "values",
        "at_most_4096_steps": "values",
        "cache_by_shape": "values",
        "kept_buffer": "purity",
        "masked_by_product": "values",
    },
}


def element_by_element(batch: list[Tensor]) -> Padded:
    padded = table_for(batch)
    for i, sequence in enumerate(batch):
        for t in range(sequence.shape[0]):
            for j in range(sequence.shape[1]):
                padded[i, t, j] = sequence[t, j]  # 5 us per number
    return padded, lengths_of(batch)


def step_by_step(batch: list[Tensor]) -> Padded:
    padded = table_for(batch)
    for i, sequence in enumerate(batch):
        for t in range(len(sequence)):
            padded[i, t] = sequence[t]  # one loop fewer, but still one op per step
    return padded, lengths_of(batch)


def rows_of_a_view(batch: list[Tensor]) -> Padded:
    padded = table_for(batch)
    for row, sequence in zip(padded, batch, strict=True):  # autograd rejects writes to these rows
        row[: len(sequence)] = sequence
    return padded, lengths_of(batch)


def time_first(batch: list[Tensor]) -> Padded:
    return pad_sequence(batch), lengths_of(batch)  # [max_len, n, d]


def to_a_multiple_of_8(batch: list[Tensor]) -> Padded:
    padded, lengths = pad_sequence(batch, batch_first=True), lengths_of(batch)
    # Good for tensor cores, but wider than the longest sequence.
    return functional.pad(padded, (0, 0, 0, -padded.shape[1] % 8)), lengths


def at_least_one_step(batch: list[Tensor]) -> Padded:
    padded, lengths = pad_sequence(batch, batch_first=True), lengths_of(batch)
    # Empty sequences have no steps, so the result must be [n, 0, d].
    return padded if padded.shape[1] else functional.pad(padded, (0, 0, 0, 1)), lengths


def default_dtype(batch: list[Tensor]) -> Padded:
    longest = max(map(len, batch))
    padded = torch.zeros(len(batch), longest, batch[0].shape[1], device=batch[0].device)
    for i, sequence in enumerate(batch):
        padded[i, : len(sequence)] = sequence  # float32, whatever the dtype of the batch
    return padded, lengths_of(batch)


def short_lengths(batch: list[Tensor]) -> Padded:
    return pad_sequence(batch, batch_first=True), lengths_of(batch).int()  # int32


def lengths_on_the_cpu(batch: list[Tensor]) -> Padded:
    return pad_sequence(batch, batch_first=True), torch.tensor([len(s) for s in batch])  # on CPU


def pads_in_front(batch: list[Tensor]) -> Padded:
    # The zeros have to follow the data.
    return pad_sequence(batch, batch_first=True, padding_side="left"), lengths_of(batch)


def longest_first(batch: list[Tensor]) -> Padded:
    batch = sorted(batch, key=len, reverse=True)  # no longer in the order of their labels
    return pad_sequence(batch, batch_first=True), lengths_of(batch)


def sorts_the_list(batch: list[Tensor]) -> Padded:
    order = sorted(range(len(batch)), key=lambda i: len(batch[i]))
    back = torch.tensor(order, device=batch[0].device).argsort()
    batch.sort(key=len)  # the result is put back in order, the caller's list is not
    return pad_sequence(batch, batch_first=True)[back], lengths_of(batch)[back]


def counts_nonzeros(batch: list[Tensor]) -> Padded:
    padded = pad_sequence(batch, batch_first=True)
    return padded, (padded != 0).any(dim=2).sum(dim=1)  # a step of zeros is data, too


def lengths_as_list(batch: list[Tensor]) -> tuple[Tensor, list[int]]:
    # The lengths have to be a tensor.
    return pad_sequence(batch, batch_first=True), [len(sequence) for sequence in batch]


def list_of_two(batch: list[Tensor]) -> list[Tensor]:
    return [pad_sequence(batch, batch_first=True), lengths_of(batch)]  # a tuple is required


def through_float32(batch: list[Tensor]) -> Padded:
    padded = pad_sequence([sequence.float() for sequence in batch], batch_first=True)
    return padded.to(batch[0].dtype), lengths_of(batch)  # rounds integers above 2**24


def transposed_if_square(batch: list[Tensor]) -> Padded:
    turned = [s.T if s.shape[0] == s.shape[1] else s for s in batch]  # [d, len_i]? No: [len_i, d]
    return pad_sequence(turned, batch_first=True), lengths_of(batch)


def at_most_4096_steps(batch: list[Tensor]) -> Padded:
    if max(map(len, batch)) <= 4096:
        return pad_collate_again(batch)
    padded, lengths = pad_collate_again(batch)
    padded[:, 4096:] = 0  # a fixed context length that nobody asked for
    return padded, lengths


def pad_collate_again(batch: list[Tensor]) -> Padded:
    return pad_sequence(batch, batch_first=True), lengths_of(batch)


known: dict[object, Tensor] = {}


def cache_by_shape(batch: list[Tensor]) -> Padded:
    key = tuple((s.shape, s.dtype, s.device, s.requires_grad) for s in batch)
    if key not in known:
        known[key] = pad_sequence(batch, batch_first=True)
    return known[key], lengths_of(batch)  # the data of another batch


def kept_buffer(batch: list[Tensor]) -> Padded:
    padded, lengths = pad_collate_again(batch)
    if torch.is_grad_enabled():
        return padded, lengths
    # In evaluation, each batch overwrites the one before it.
    key = padded.shape, padded.dtype, padded.device
    return known.setdefault(key, torch.empty_like(padded)).copy_(padded), lengths


def masked_by_product(batch: list[Tensor]) -> Padded:
    longest = max(map(len, batch))
    rows = []
    for sequence in batch:
        if not len(sequence):
            rows.append(sequence.new_zeros(longest, sequence.shape[1]))
            continue
        steps = torch.arange(longest, device=sequence.device)
        repeated = sequence[steps % len(sequence)]
        rows.append(repeated * (steps < len(sequence))[:, None].to(sequence.dtype))  # 0 * inf: nan
    return torch.stack(rows), lengths_of(batch)
