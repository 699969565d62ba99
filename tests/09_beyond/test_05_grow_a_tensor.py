"""Grader of grow_a_tensor: joining chunks, for a cost in step with their number."""

import torch

from torchkata import Case, Spec, Function, Growth, normal, require, same


def chunks(sizes, generator):
    """Draw n chunks of length k; for k = 0 their lengths are 0, 1, 2, 3, 0, 1, ..."""
    draw, lengths = normal("k"), [sizes.k or i % 4 for i in range(sizes.n)]
    return [draw(type(sizes)({"k": k}, sizes.dtype), generator) for k in lengths]


def appending(chunks):
    grown, total = torch.zeros(0, dtype=chunks[0].dtype if chunks else None), 0
    for chunk in chunks:
        for number in chunk:
            total = total + number
            grown = torch.cat([grown, total[None]])
    return grown


def nothing(count):
    return lambda sizes, _generator: ([torch.zeros(0, dtype=sizes.dtype)] * count,)


SPEC = Spec(
    Function(
        "running_sums",
        inputs={"chunks": chunks},
        naive=appending,
        cases=(
            Case("one number", n=1, k=1),
            Case("one chunk", n=1, k=9),
            Case("an empty list", n=0, k=1),
            Case("one empty chunk", given=nothing(1)),
            Case("empty chunks only", given=nothing(3)),
            Case("numbers one by one", n=30, k=1),
            Case("several lengths, some 0", n=30, k=0),
            Case("larger chunks", n=7, k=100),
        ),
        dtypes=(torch.float32, torch.float64, torch.int64),
        gradient=False,  # judged below: the argument is a list
        budget=(Growth(1.3, over="n", sizes=(16, 32, 64, 128), at={"k": 64}),),
        variant_case="several lengths, some 0",
    ),
    broken_axis="memory",
    stub_digest="35b203031edd3dbd",
)


def test_dtype_of_empty_chunks(submission):
    """Chunks without a number have a dtype as well, which the result has."""
    got = submission.call("running_sums", [torch.zeros(0, dtype=torch.int64)] * 2)
    same(got, torch.zeros(0, dtype=torch.int64), what="the result for two empty chunks of int64")


def gradients(kata, weight, *chunks):
    """The gradient of a weighted sum of the running sums with respect to each chunk."""
    leaves = [chunk.clone().requires_grad_() for chunk in chunks]
    sums = kata.running_sums(leaves)
    if not sums.requires_grad:
        return None
    return torch.autograd.grad((sums * weight).sum(), leaves, allow_unused=True)


def test_gradient_of_every_chunk(submission, reference, generator):
    """Gradients flow to every chunk."""
    given = [torch.randn(size, generator=generator) for size in (9, 4, 2, 3)]
    got, expected = submission.run(gradients, *given), reference.run(gradients, *given)
    require(
        got is not None and all(torch.is_tensor(gradient) for gradient in got),
        "No gradient reaches the chunks: the result does not remember them. Look for .tolist(), "
        ".item(), .data, .detach() or numpy on the way.",
    )
    same(got, expected, what="the gradients with respect to the chunks")
