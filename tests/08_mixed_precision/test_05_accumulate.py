"""Grader of accumulate: many small backward passes that equal one large one."""

import torch
from torch.nn.functional import l1_loss, mse_loss

from torchkata import (
    Case,
    EntryPoint,
    Function,
    Spec,
    Tolerance,
    normal,
    require,
    same_as_reference,
    training_steps_ok,
)
from torchkata.probes import TrainingRecorder, TwoLayers, momentum_descent


def cut(*letters):
    """Draw micro-batches with as many rows as the sizes of these letters say."""

    def make(sizes, generator):
        return [
            tuple(normal(f"{letter} {width}")(sizes, generator) for width in ("i", "o"))
            for letter in letters
        ]

    return make


def two_steps(kata, first, last, batches, loss_fn=mse_loss):
    """Make two steps on the same micro-batches."""
    net = TwoLayers(first, last)
    recorder = TrainingRecorder(net, lr=0.1, momentum=0.9)
    for _ in range(2):
        recorder.record(kata.accumulate_step(net, recorder.optimizer, loss_fn, batches))
    return {"losses": recorder.losses, "parameters": net.summary()["parameters"]}


def steps_on_the_concatenation(first, last, batches):
    x, y = (torch.cat(parts) for parts in zip(*batches, strict=True))
    return momentum_descent(first, last, x, y, 2, lr=0.1, momentum=0.9)


def one_batch(sizes, generator):
    return tuple(make(sizes, generator) for make in (normal("i h"), normal("h o"), cut("a")))


SPEC = Spec(
    EntryPoint("accumulate_step"),
    Function(
        "two_steps",
        adapter=two_steps,
        inputs={"first": normal("i h"), "last": normal("h o"), "batches": cut("a", "b", "c")},
        naive=steps_on_the_concatenation,
        cases=(
            Case("one row in one micro-batch", given=one_batch, i=1, h=1, o=1, a=1),
            Case("one micro-batch", given=one_batch, i=3, h=4, o=2, a=6),
            Case("equal sizes", i=3, h=5, o=2, a=4, b=4, c=4),
            Case("unequal sizes", i=4, h=6, o=3, a=7, b=1, c=2),
        ),
        gradient=False,
        tolerance=Tolerance(rtol=1e-4, atol=1e-5),  # for weights n / N in float32, too
        variant_case="unequal sizes",
    ),
    stub_digest="4702d2bae1dab7ca",
)


def returned(kata, first, last, batches):
    net = TwoLayers(first, last)
    recorder = TrainingRecorder(net, optimizer="Adam")
    recorder.record(kata.accumulate_step(net, recorder.optimizer, recorder.loss_fn, batches))
    return recorder.summary() | net.summary()


def on_parts(kata, first, last, batches):
    two_steps(kata, first, last, batches)


def on_the_whole(_kata, first, last, x, y):
    net = TwoLayers(first, last)
    optimizer = TrainingRecorder(net, lr=0.1).optimizer
    mse_loss(net(x), y).backward()
    optimizer.step()


def drawn(generator, rows, width=64):
    weights = (torch.randn(width, width, generator=generator) / 8 for _ in range(2))
    return *weights, [tuple(torch.randn(2, n, width, generator=generator)) for n in rows]


def test_contract_loss_is_detached(submission, generator):
    """The loss has no gradient graph, and the optimizer makes one step."""
    training_steps_ok(submission.run(returned, *drawn(generator, (2, 3), 4)), steps=1)


def test_values_with_another_loss(submission, reference, generator):
    """The loss is that of loss_fn, whichever it is."""
    given = *drawn(generator, (5, 2), 4), l1_loss
    what = {"losses": "the loss with the mean absolute error as loss_fn"}
    same_as_reference(submission, reference, two_steps, *given, what=what)


def test_memory_of_one_micro_batch(submission, reference, generator):
    """At 8 micro-batches of 256 rows, less than 0.4 of the step on the concatenation."""
    first, last, batches = drawn(generator, [256] * 8)
    x, y = (torch.cat(parts) for parts in zip(*batches, strict=True))
    whole = reference.measure(on_the_whole, first, last, x, y, ops=False, memory=True).memory
    mine = submission.measure(on_parts, first, last, batches, ops=False, memory=True).memory
    ratio = mine.peak_bytes / whole.peak_bytes
    require(
        ratio < 0.4,
        f"It holds {mine.peak_bytes:,} bytes at the peak, {ratio:.2f} times as many as the step on "
        f"the concatenation ({whole.peak_bytes:,}); less than 0.4 times are allowed. Go backward "
        "after each micro-batch, and keep nothing that hangs on a graph.",
        ratio_of_memory=ratio,
    )
