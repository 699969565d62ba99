"""Grader of grow_a_tensor: chunks joined at a cost proportional to their number."""

import torch

from torchkata import (
    Case,
    Function,
    Growth,
    Scale,
    Spec,
    _,
    large_integers,
    normal,
    require,
    same,
    special,
)


def random_chunks(sizes, generator):
    """Draw n chunks of length k; if k is 0, the lengths are 0, 1, 2, 3, 0, 1, ..."""
    make, lengths = normal("k"), [sizes.k or i % 4 for i in range(sizes.n)]
    return [make(type(sizes)({"k": k}, sizes.dtype), generator) for k in lengths]


def appending(chunks):
    grown, total = torch.zeros(0, dtype=chunks[0].dtype if chunks else None), 0
    for chunk in chunks:
        for number in chunk:
            total = total + number
            grown = torch.cat([grown, total[None]])
    return grown


def empty_chunks(count):
    return lambda sizes, _generator: ([torch.zeros(0, dtype=sizes.dtype)] * count,)


def chunks_of(draw):
    return lambda sizes, generator: ([draw(sizes, generator) for _chunk in range(3)],)


RULES = {
    "Do not modify the chunks": "purity",
    "Gradients flow": "gradient[of every chunk]",
    "A Python loop": None,
}
SPEC = Spec(
    Function(
        "running_sums",
        inputs={"chunks": random_chunks},
        naive=appending,
        cases=(
            Case("one number", n=1, k=1),
            Case("one chunk", n=1, k=9),
            Case("an empty list", n=0, k=1),
            Case("one empty chunk", given=empty_chunks(1)),
            Case("only empty chunks", given=empty_chunks(3)),
            Case("one number per chunk", n=30, k=1),
            Case("different lengths, some 0", n=30, k=0),
            Case("larger chunks", n=7, k=100),
            Case("1,200 chunks", n=1200, k=5),
            Case("nan and inf", given=chunks_of(special("5", dtype=torch.float32))),
            Case("whole numbers above 2**24, or 2**53", given=chunks_of(large_integers("3"))),
        ),
        dtypes=(torch.float32, torch.float64, torch.int64),
        gradient=False,  # test_gradient_of_every_chunk differentiates the list
        scale=Scale(_("a million chunks of a recording"), k=64, n=1_000_000),
        budget=(Growth(1.3, over="n", sizes=(16, 32, 64, 128), at={"k": 64}),),
        variant_case="different lengths, some 0",
    ),
    broken_axis="memory",
    stub_digest="a7e59c490dec98b4",
)


def test_dtype_of_empty_chunks(submission):
    """The result has the dtype of the chunks, even if all of them are empty."""
    got = submission.call("running_sums", [torch.zeros(0, dtype=torch.int64)] * 2)
    same(got, torch.zeros(0, dtype=torch.int64), what=_("the result for two empty int64 chunks"))


def gradients_of_chunks(kata, weight, *chunks):
    """Differentiate a weighted sum of the running sums with respect to each chunk."""
    leaves = [chunk.clone().requires_grad_() for chunk in chunks]
    sums = kata.running_sums(leaves)
    if not sums.requires_grad:
        return None
    return torch.autograd.grad((sums * weight).sum(), leaves, allow_unused=True)


def test_gradient_of_every_chunk(submission, reference, generator):
    """Gradients flow to every chunk."""
    arguments = [torch.randn(size, generator=generator) for size in (9, 4, 2, 3)]
    got, expected = (who.run(gradients_of_chunks, *arguments) for who in (submission, reference))
    require(
        got is not None and all(torch.is_tensor(gradient) for gradient in got),
        _(
            "No gradient reaches the chunks, because the result is detached from them. Look for "
            ".tolist(), .item(), .data, .detach() or NumPy."
        ),
    )
    same(got, expected, what=_("the gradients of the chunks"))
