"""Grader of pad_collate: sequences of different lengths in one rectangular tensor."""

import torch

from torchkata import Case, Function, Spec, Speedup, _, loader_yields, normal, require, value
from torchkata.probes import loader_output


def loop_on_elements(batch):
    out = torch.zeros(len(batch), max(map(len, batch)), batch[0].shape[1], dtype=batch[0].dtype)
    for i, sequence in enumerate(batch):
        for t in range(sequence.shape[0]):
            for j in range(sequence.shape[1]):
                out[i, t, j] = sequence[t, j]
    return out, torch.tensor([len(sequence) for sequence in batch])


def random_sequences(sizes, generator):
    """Draw sequences of lengths from 0 to l, one of them of length l."""
    lengths = torch.randint(sizes.l + 1, (sizes.n,), generator=generator)
    lengths[torch.randint(sizes.n, (1,), generator=generator)] = sizes.l
    return [normal(f"{length} d")(sizes, generator) for length in lengths.tolist()]


def steps_of_zeros(_sizes, _generator):
    return (
        [torch.zeros(2, 2), torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]), torch.zeros(0, 2)],
    )


def slices(table, lengths):
    """Take the first steps of each row of a table."""
    return [table[i, :length] for i, length in enumerate(lengths)]


def collate_slices(kata, table, lengths):
    return kata.pad_collate(slices(table, lengths))


SPEC = Spec(
    Function(
        "pad_collate",
        inputs={"batch": random_sequences},
        naive=loop_on_elements,
        cases=(
            Case("all sizes 1", n=1, l=1, d=1),
            Case("one sequence", n=1, l=5, d=3),
            Case("all sequences empty", n=3, l=0, d=2),
            Case("one empty sequence", n=1, l=0, d=4),
            Case("steps without numbers", n=2, l=3, d=0),
            Case("steps of zeros", given=steps_of_zeros),
            Case("several lengths", n=6, l=11, d=4),
            Case("many short sequences", n=40, l=3, d=2),
        ),
        dtypes=(torch.float32, torch.float64, torch.int64, torch.bool),
        gradient=False,
        budget=(Speedup(30, over=loop_on_elements, at={"n": 8, "l": 24, "d": 8}),),
        variant_case="several lengths",
    ),
    Function(
        "slices of one table",  # whose gradient contains that of every sequence
        adapter=collate_slices,
        inputs={"table": normal("n l d"), "lengths": value((3, 6, 0, 1))},
        naive=lambda table, lengths: loop_on_elements(slices(table, lengths)),
        cases=(Case("four sequences", n=4, l=6, d=3),),
        dtypes=(torch.float32,),
        layouts=(),
        purity=False,
        gradient=("table",),
    ),
    stub_digest="97aa315871bf34c5",
    loads_data=True,
)


def leaves_list_alone(kata, table, lengths):
    """Return whether the list contains the same tensors after the call."""
    batch = slices(table, lengths)
    before = list(batch)
    kata.pad_collate(batch)
    return len(batch) == len(before) and all(a is b for a, b in zip(batch, before, strict=False))


def load(kata, table, lengths, workers):
    options = {"batch_size": 4, "collate_fn": kata.pad_collate, "num_workers": workers}
    return loader_output(slices(table, lengths), **options)


def test_purity_of_the_list(submission, generator):
    """The list contains the same tensors in the same order after the call."""
    table = torch.randn(5, 6, 2, generator=generator)
    require(
        submission.run(leaves_list_alone, table, [3, 6, 0, 2, 5]),
        _(
            "pad_collate modifies its argument, the caller's list (with .sort(), .pop() or an "
            "assignment?). Create a new list instead."
        ),
    )


def test_values_in_a_loader(submission, reference, generator):
    """A DataLoader yields the same batches without worker processes and with two."""
    arguments = torch.randn(10, 7, 3, generator=generator), [3, 7, 0, 2, 5, 1, 1, 4, 0, 0]
    (batches,) = reference.run(load, *arguments, 0)["passes"]
    loader_yields(submission, load, *arguments, expected=batches)
