"""Grader of embedding_bag: means of looked-up rows, without a copy of each row."""

import torch

from torchkata import Case, Spec, Function, Memory, integers, normal, require, same

LARGE = {"n": 100_000, "v": 1000, "b": 1000, "d": 64}


def beginnings(n, b, generator):
    """Places where b bags begin: the first at 0, the others anywhere, so that some are empty."""
    drawn = torch.randint(0, n + 1, (b,), generator=generator).sort().values
    drawn[:1] = 0
    return drawn


def gather(weight, indices, offsets):
    rows = weight[indices]
    means = [bag.mean(0) if len(bag) else 0 * weight[0] for bag in rows.tensor_split(offsets)[1:]]
    return torch.stack(means) if means else weight.new_zeros(0, weight.shape[1])


def bags(*offsets, indices=(2, 0, 1, 1, 3)):
    return lambda sizes, generator: (
        torch.randn(4, 3, generator=generator, dtype=sizes.dtype),
        torch.tensor(indices, dtype=torch.int64),
        torch.tensor(offsets, dtype=torch.int64),
    )


SPEC = Spec(
    Function(
        "bag_mean",
        inputs={
            "weight": normal("v d"),
            "indices": integers("n", 0, "v"),
            "offsets": lambda sizes, generator: beginnings(sizes.n, sizes.b, generator),
        },
        naive=gather,
        cases=(
            Case("one of everything", n=1, v=1, b=1, d=1),
            Case("no words", n=0, v=4, b=3, d=2),
            Case("no bags", n=0, v=4, b=0, d=2),
            Case("an empty bag first", given=bags(0, 0, 2), gradient=True),
            Case("empty bags in the middle", given=bags(0, 2, 2, 2, 3), gradient=True),
            Case("an empty bag at the end", given=bags(0, 3, 5), gradient=True),
            Case("one bag for all", given=bags(0)),
            Case("a word named twice", given=bags(0, 3, indices=(2, 2, 0, 1, 1, 1))),
            Case("one column", n=50, v=7, b=20, d=1),
            Case("many bags", n=60, v=9, b=30, d=5),
            Case("long bags", n=9000, v=50, b=4, d=3),
        ),
        budget=(Memory("0.25 * 4*n*d", at=LARGE),),
        variant_case="many bags",
    ),
    stub_digest="7c53d15704778db0",
)


def held(kata, weight, indices, offsets):
    """Call it with a weight that requires grad, and keep the result with its graph."""
    kata.kept = kata.bag_mean(weight.clone().requires_grad_(), indices, offsets)
    return kata.kept.detach()


def test_memory_held_for_the_gradient(submission, reference, generator):
    """What is held between forward and backward is less than a quarter of the looked-up rows."""
    n, v, b, d = LARGE.values()
    weight = torch.randn(v, d, generator=generator)
    indices = torch.randint(v, (n,), generator=generator)
    given = weight, indices, beginnings(n, b, generator)
    mine, theirs = (
        who.measure(held, *given, ops=False, memory=True) for who in (submission, reference)
    )
    same(mine.value, theirs.value, what="the result for a weight that requires grad")
    got, most = mine.memory.held_bytes, n * d
    require(
        got <= most,
        f"{got:,} bytes are held between forward and backward; at most {most:,} are allowed (a "
        f"quarter of the n*d rows), and the reference holds {theirs.memory.held_bytes:,}. An "
        "operation keeps what its gradient needs: look for one that keeps the looked-up rows.",
        held_bytes=got,
        held_bytes_allowed=most,
    )
