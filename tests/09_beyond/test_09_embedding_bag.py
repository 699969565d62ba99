"""Grader of embedding_bag: means of indexed rows, without a copy of every row."""

import torch

from torchkata import Case, Function, Memory, Scale, Spec, _, at_most, integers, normal, same

LARGE = {"n": 100_000, "v": 1000, "b": 1000, "d": 64}


def random_offsets(n, b, generator):
    """Draw the starts of b bags: the first is 0, the others are random, and some bags are empty."""
    offsets = torch.randint(0, n + 1, (b,), generator=generator).sort().values
    offsets[:1] = 0
    return offsets


def gather(weight, indices, offsets):
    rows = weight[indices]
    means = [bag.mean(0) if len(bag) else 0 * weight[0] for bag in rows.tensor_split(offsets)[1:]]
    return torch.stack(means) if means else weight.new_zeros(0, weight.shape[1])


def with_offsets(*offsets, indices=(2, 0, 1, 1, 3)):
    return lambda sizes, generator: (
        torch.randn(4, 3, generator=generator, dtype=sizes.dtype),
        torch.tensor(indices, dtype=torch.int64),
        torch.tensor(offsets, dtype=torch.int64),
    )


def with_special_rows(sizes, generator):
    """Draw a table with rows of nan and inf; a bag without such a word has a finite mean."""
    weight = torch.randn(5, 2, generator=generator, dtype=sizes.dtype)
    weight[1], weight[3, 0] = torch.nan, torch.inf
    return weight, torch.tensor([0, 1, 2, 3, 4, 0]), torch.tensor([0, 2, 3, 4, 4])


RULES = {
    "No Python loop": ("ops[no loop over n]", "ops[no loop over b]"),
    "Stay in PyTorch": "memory",
    "at most n*d bytes": "memory[held for the gradient]",
}
SPEC = Spec(
    Function(
        "bag_mean",
        inputs={
            "weight": normal("v d"),
            "indices": integers("n", 0, "v"),
            "offsets": lambda sizes, generator: random_offsets(sizes.n, sizes.b, generator),
        },
        naive=gather,
        cases=(
            Case("all sizes 1", n=1, v=1, b=1, d=1),
            Case("no words", n=0, v=4, b=3, d=2),
            Case("no bags", n=0, v=4, b=0, d=2),
            Case("an empty bag first", given=with_offsets(0, 0, 2), gradient=True),
            Case("empty bags in the middle", given=with_offsets(0, 2, 2, 2, 3), gradient=True),
            Case("an empty bag at the end", given=with_offsets(0, 3, 5), gradient=True),
            Case("one bag for all words", given=with_offsets(0)),
            Case("repeated words in a bag", given=with_offsets(0, 3, indices=(2, 2, 0, 1, 1, 1))),
            Case("one column", n=50, v=7, b=20, d=1),
            Case("many bags", n=60, v=9, b=30, d=5),
            Case("long bags", n=9000, v=50, b=4, d=3),
            Case("5,000 bags", n=6000, v=9, b=5000, d=1),
            Case("5,000 words in the table", n=50, v=5000, b=9, d=1),
            Case("nan and inf", given=with_special_rows),
        ),
        scale=Scale(
            _("words of a million documents"), n=200_000_000, v=1_000_000, b=1_000_000, d=64
        ),
        budget=(
            Memory("0.25 * 4*n*d", at=LARGE, slack="Blocks of up to 20,000 words are fine, too."),
        ),
        no_loop=("n", "b"),
        variant_case="many bags",
    ),
    stub_digest="a2745b57585a5881",
)


def result_with_graph(kata, weight, indices, offsets):
    """Call bag_mean with a weight that requires grad, and keep the result with its graph."""
    kata.kept = kata.bag_mean(weight.clone().requires_grad_(), indices, offsets)
    return kata.kept.detach()


def test_memory_held_for_the_gradient(submission, reference, generator):
    """Between forward and backward, at most n*d bytes are kept, a quarter of the indexed rows."""
    n, v, b, d = LARGE.values()
    weight = torch.randn(v, d, generator=generator)
    indices = torch.randint(v, (n,), generator=generator)
    arguments = weight, indices, random_offsets(n, b, generator)
    mine, theirs = (
        subject.measure(result_with_graph, *arguments, ops=False, memory=True)
        for subject in (submission, reference)
    )
    same(mine.value, theirs.value, what=_("the result for a weight that requires grad"))
    at_most(
        mine.memory.held_bytes,
        n * d,
        what=_("Bytes kept between forward and backward"),
        why=_(
            "Each operation saves what its gradient needs: avoid one that saves the indexed rows."
        ),
        metric="held_bytes",
    )
