"""Grader of pad_collate: sequences of different lengths in one rectangular tensor."""

import torch

from torchkata import (
    Case,
    Function,
    Spec,
    Speedup,
    _,
    equal,
    large_integers,
    loader_yields,
    normal,
    special,
    value,
)
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


def sequences(*factories):
    """Draw a batch with one sequence from each factory."""
    return lambda sizes, generator: ([draw(sizes, generator) for draw in factories],)


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
            Case("a long sequence", n=2, l=5000, d=1),
            Case("square sequences", given=sequences(normal("3 3"), normal("3 3"))),
            Case(
                "nan and infinities",
                given=sequences(*(special(f"{n} 2", dtype=torch.float32) for n in (3, 1, 4))),
            ),
            Case(
                "integers above 2**53",
                given=sequences(*(large_integers(f"{n} 2", dtype=torch.int64) for n in (3, 1, 4))),
            ),
            Case("steps of zeros", given=steps_of_zeros),
            Case("several lengths", n=6, l=11, d=4),
            Case("many short sequences", n=1100, l=2, d=10),
        ),
        dtypes=(torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.bool),
        gradient=False,
        budget=(Speedup(25, over=loop_on_elements, at={"n": 8, "l": 64, "d": 8}),),
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
    stub_digest="48c6fd11abfefc34",
    loads_data=True,
)
RULES = {
    "order of the sequences": "values[*several lengths]",
    "Neither the list": "purity[pad_collate]",
    "`collate_fn`": "values[in a loader]",
}


def type_of_result(kata, table, lengths):
    result = kata.pad_collate(slices(table, lengths))
    return "tuple" if isinstance(result, tuple) else type(result).__name__


def load(kata, table, lengths, workers):
    options = {"batch_size": 4, "collate_fn": kata.pad_collate, "num_workers": workers}
    return loader_output(slices(table, lengths), **options)


def test_contract_a_tuple(submission):
    """The result is a tuple."""
    got = submission.run(type_of_result, torch.ones(2, 3, 1), [3, 2])
    equal(got, "tuple", what=_("The type of the result"))


def test_values_in_a_loader(submission, reference, generator):
    """A DataLoader yields the same batches without worker processes and with two."""
    arguments = torch.randn(10, 7, 3, generator=generator), [3, 7, 0, 2, 5, 1, 1, 4, 0, 0]
    (batches,) = reference.run(load, *arguments, 0)["passes"]
    loader_yields(submission, load, *arguments, expected=batches)
