"""Grader of accumulate: several small backward passes that equal one large one."""

import torch
from torch.nn.functional import l1_loss, mse_loss

from torchkata import (
    Case,
    Function,
    Spec,
    Tolerance,
    TrainingStep,
    _,
    at_most,
    normal,
    same,
    same_as_reference,
)
from torchkata.probes import TrainingRecorder, TwoLayers, momentum_descent

RULES = {
    "Call the model": "contract[loss is detached]",
    "Keep the mode": "purity[of the model]",
    "do not accumulate": "values[two steps: unequal sizes]",
    "Do not modify the batches": "purity[two steps]",
}


def micro_batches(*letters):
    """Draw one micro-batch per axis letter, with as many rows as its size."""

    def make(sizes, generator):
        return [
            tuple(normal(f"{letter} {width}")(sizes, generator) for width in ("i", "o"))
            for letter in letters
        ]

    return make


def two_steps(kata, first, last, batches, loss_fn=mse_loss):
    """Run two steps on the same micro-batches."""
    net = TwoLayers(first, last)
    recorder = TrainingRecorder(net, lr=0.1, momentum=0.9)
    for _step in range(2):
        recorder.record(kata.accumulate_step(net, recorder.optimizer, loss_fn, batches))
    return {"losses": recorder.losses, "parameters": net.summary()["parameters"]}


def step(kata, net, recorder, x, y):
    batches = list(zip(x.split(5), y.split(5), strict=True))
    return kata.accumulate_step(net, recorder.optimizer, recorder.loss_fn, batches)


def steps_on_the_concatenation(first, last, batches):
    x, y = (torch.cat(parts) for parts in zip(*batches, strict=True))
    return momentum_descent(first, last, x, y, 2, lr=0.1, momentum=0.9)


def one_micro_batch(sizes, generator):
    factories = (normal("i h"), normal("h o"), micro_batches("a"))
    return tuple(make(sizes, generator) for make in factories)


SPEC = Spec(
    TrainingStep(
        "accumulate_step",
        run=step,
        cases=(Case("micro-batches of 5, 5 and 2 rows", n=12, i=7, h=16, o=3),),
        forwards=3,
        stale=False,
    ),
    Function(
        "two steps",
        adapter=two_steps,
        inputs={
            "first": normal("i h"),
            "last": normal("h o"),
            "batches": micro_batches("a", "b", "c"),
        },
        naive=steps_on_the_concatenation,
        cases=(
            Case("one micro-batch of one row", given=one_micro_batch, i=1, h=1, o=1, a=1),
            Case("one micro-batch", given=one_micro_batch, i=3, h=4, o=2, a=6),
            Case("equal sizes", i=3, h=5, o=2, a=4, b=4, c=4),
            Case("square micro-batches", i=4, h=4, o=4, a=4, b=4, c=4),
            Case("unequal sizes", i=4, h=6, o=3, a=7, b=1, c=2),
        ),
        dtypes=(torch.float32,),
        gradient=False,
        tolerance=Tolerance(rtol=1e-4, atol=1e-5),  # allows rounding of the weights n / N
        variant_case="unequal sizes",
    ),
    stub_digest="537bfd4345f1873c",
)


def step_on_the_concatenation(_kata, first, last, x, y):
    net = TwoLayers(first, last)
    optimizer = TrainingRecorder(net, lr=0.1).optimizer
    mse_loss(net(x), y).backward()
    optimizer.step()


def problem(generator, rows, width=64):
    """Draw the weights of two layers, and micro-batches with these numbers of rows."""
    weights = (torch.randn(width, width, generator=generator) / 8 for _layer in range(2))
    return *weights, [tuple(torch.randn(2, n, width, generator=generator)) for n in rows]


def test_values_with_another_loss(submission, reference, generator):
    """The loss is computed with loss_fn, whichever function that is."""
    arguments = *problem(generator, (5, 2), 4), l1_loss
    what = {"losses": _("the losses with the mean absolute error as loss_fn")}
    same_as_reference(submission, reference, two_steps, *arguments, what=what)


def test_memory_of_one_micro_batch(submission, reference, generator):
    """For 8 micro-batches of 256 rows, the peak is below 0.4 times that of one large batch."""
    first, last, batches = problem(generator, [256] * 8)
    x, y = (torch.cat(parts) for parts in zip(*batches, strict=True))
    whole = (step_on_the_concatenation, first, last, x, y)
    limit = reference.measure(*whole, ops=False, memory=True).memory
    parts = (two_steps, first, last, batches)
    got = submission.measure(*parts, ops=False, memory=True)
    same(got.value, reference.run(*parts), what=_("the losses and parameters of two steps"))
    at_most(
        got.memory.peak_bytes,
        int(0.4 * limit.peak_bytes),
        what=_("Bytes at the peak, with 0.4 of those of a step on the concatenation allowed"),
        why=_("Run backward after each micro-batch, and keep nothing attached to a graph."),
        metric="peak_bytes",
    )
