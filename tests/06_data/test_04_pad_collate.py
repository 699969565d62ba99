"""Grader of pad_collate: sequences of several lengths in one rectangle."""

import torch

from torchkata import Case, Function, Spec, Speedup, loader_yields, normal, require, value
from torchkata.probes import loader_output


def loop_on_elements(batch):
    out = torch.zeros(len(batch), max(map(len, batch)), batch[0].shape[1], dtype=batch[0].dtype)
    for i, sequence in enumerate(batch):
        for t in range(sequence.shape[0]):
            for j in range(sequence.shape[1]):
                out[i, t, j] = sequence[t, j]
    return out, torch.tensor([len(sequence) for sequence in batch])


def sequences(sizes, generator):
    """Lengths from 0 to l, one of them l."""
    lengths = torch.randint(sizes.l + 1, (sizes.n,), generator=generator)
    lengths[torch.randint(sizes.n, (1,), generator=generator)] = sizes.l
    return [normal(f"{length} d")(sizes, generator) for length in lengths.tolist()]


def steps_of_zeros(_sizes, _generator):
    return (
        [torch.zeros(2, 2), torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]), torch.zeros(0, 2)],
    )


def cut(table, lengths):
    """Sequences out of a table: the first steps of each row."""
    return [table[i, :length] for i, length in enumerate(lengths)]


def of_a_table(kata, table, lengths):
    return kata.pad_collate(cut(table, lengths))


SPEC = Spec(
    Function(
        "pad_collate",
        inputs={"batch": sequences},
        naive=loop_on_elements,
        cases=(
            Case("one of everything", n=1, l=1, d=1),
            Case("one sequence", n=1, l=5, d=3),
            Case("all empty", n=3, l=0, d=2),
            Case("one empty sequence", n=1, l=0, d=4),
            Case("no numbers", n=2, l=3, d=0),
            Case("steps of zeros", given=steps_of_zeros),
            Case("several lengths", n=6, l=11, d=4),
            Case("many short ones", n=40, l=3, d=2),
        ),
        dtypes=(torch.float32, torch.float64, torch.int64, torch.bool),
        gradient=False,
        budget=(Speedup(30, over=loop_on_elements, at={"n": 8, "l": 24, "d": 8}),),
        variant_case="several lengths",
    ),
    Function(
        "sequences of a table",  # of one tensor, whose gradient shows each sequence's
        adapter=of_a_table,
        inputs={"table": normal("n l d"), "lengths": value((3, 6, 0, 1))},
        naive=lambda table, lengths: loop_on_elements(cut(table, lengths)),
        cases=(Case("four sequences", n=4, l=6, d=3),),
        dtypes=(torch.float32,),
        layouts=(),
        purity=False,
        gradient=("table",),
    ),
    stub_digest="97aa315871bf34c5",
    loads_data=True,
)


def kept(kata, table, lengths):
    """Whether the list holds the same tensors as before."""
    batch = cut(table, lengths)
    before = list(batch)
    kata.pad_collate(batch)
    return len(batch) == len(before) and all(a is b for a, b in zip(batch, before, strict=False))


def loaded(kata, table, lengths, workers):
    how = {"batch_size": 4, "collate_fn": kata.pad_collate, "num_workers": workers}
    return loader_output(cut(table, lengths), **how)


def test_purity_of_the_list(submission, generator):
    """The list is the same after the call: its tensors, and their order."""
    table = torch.randn(5, 6, 2, generator=generator)
    require(
        submission.run(kept, table, [3, 6, 0, 2, 5]),
        "pad_collate changes the list that it gets (.sort(), .pop(), an assignment?); whoever "
        "passed it still needs it. Work on a list of your own.",
    )


def test_values_in_a_loader(submission, reference, generator):
    """A DataLoader gives the same batches without worker processes and with two."""
    given = torch.randn(10, 7, 3, generator=generator), [3, 7, 0, 2, 5, 1, 1, 4, 0, 0]
    (batches,) = reference.run(loaded, *given, 0)["passes"]
    loader_yields(submission, loaded, *given, expected=batches)
