"""Grader of topk_accuracy: one topk for all ks, and no host synchronization."""

import torch

from torchkata import (
    Case,
    Function,
    HostSyncs,
    Scale,
    Spec,
    _,
    arguments,
    at_most,
    integers,
    normal,
    same,
    value,
)

SEARCHES = ("argmax", "max", "topk")
SORTS = {"sort", "argsort", "msort", "kthvalue"}


def loop_over_samples(logits, labels, ks=(1, 5)):
    correct = dict.fromkeys(ks, 0)
    for scores, label in zip(logits.tolist(), labels.tolist(), strict=True):
        rank = sum(score > scores[label] for score in scores)
        for k in correct:
            correct[k] += rank < k
    n = len(labels)
    return {k: torch.tensor(count / n if n else torch.nan) for k, count in correct.items()}


def given_ks(*ks):
    """Make arguments with other ks; every second label is the best class, the rest is random."""

    def draw(sizes, generator):
        logits = torch.randn(sizes.n, sizes.c, generator=generator, dtype=sizes.dtype)
        labels = torch.randint(0, sizes.c, (sizes.n,), generator=generator)
        labels[::2] = logits[::2].argmax(1)
        return logits, labels, ks

    return draw


def close_scores(sizes, generator):
    """Draw scores just above 1, which differ by multiples of 4 eps of their dtype."""
    logits, labels, _ks = given_ks()(sizes, generator)
    ranks = logits.argsort(1).argsort(1)
    return 1 + 4 * torch.finfo(sizes.dtype).eps * ranks.to(sizes.dtype), labels, (1, 3)


def largest_numbers(sizes, _generator):
    """Make scores at the limits of their dtype, where inf is above the largest finite number."""
    inf, most = torch.inf, torch.finfo(sizes.dtype).max
    rows = (
        [inf, most, 0, -most, -inf],
        [most, inf, 0, -inf, -most],
        [-inf, -most, 0, most, inf],
        [-most, -inf, 0, inf, most],
    )
    logits = torch.tensor(rows, dtype=sizes.dtype).repeat(2, 1)
    labels = torch.tensor([0, 1, 4, 3, 3, 4, 1, 0])  # of inf, then of the smallest finite number
    return logits, labels, (1, 2, 4)


RULES = {
    "At most one call": "ops[one topk]",
    "Return tensors": ("shape", "ops[no host synchronization]"),
    "Ties do not matter": None,
}
SPEC = Spec(
    Function(
        "topk_accuracy",
        inputs={
            "logits": normal("n c"),
            "labels": integers("n", 0, "c"),
            "ks": value((1, 5)),
        },
        naive=loop_over_samples,
        cases=(
            Case("one sample, one class", n=1, c=1),
            Case("one sample", n=1, c=6),
            Case("no samples", n=0, c=7),
            Case("fewer classes than k", n=9, c=3),
            Case("many samples", n=300, c=20),
            Case("default ks", given=arguments(normal("9 7"), integers("9", 0, 7))),
            Case("descending ks", given=given_ks(7, 3, 1), n=50, c=12),
            Case("unsorted ks", given=given_ks(2, 30, 4), n=60, c=9),
            Case("a single k", given=given_ks(3), n=40, c=10),
            Case("scores that differ in the last digits", given=close_scores, n=30, c=9),
            Case("inf next to the largest finite number", given=largest_numbers),
            Case("5,000 samples", n=5000, c=6),
            Case("5,000 classes", n=4, c=5000),
        ),
        scale=Scale(_("the validation images of ImageNet"), n=50_000, c=1_000),
        budget=(HostSyncs(0),),
        gradient=False,
        no_loop=("n",),
        loop_sizes={"c": 7},
        variant_case="many samples",
    ),
    stub_digest="c580e564e34b6787",
)


def call_topk_accuracy(kata, logits, labels, ks):
    return kata.topk_accuracy(logits, labels, ks)


def test_ops_one_topk(submission, reference, generator):
    """There is one topk for all ks, and no sort."""
    logits = torch.randn(40, 12, generator=generator)
    labels = torch.randint(0, 12, (40,), generator=generator)
    for ks in ((1, 5), (7, 1, 3, 2), (4,)):
        arguments = call_topk_accuracy, logits, labels, ks
        measured = submission.measure(*arguments)
        same(measured.value, reference.run(*arguments), what=_("the result for ks = {ks}", ks=ks))
        count = measured.ops
        calls, search = max((count.ops.get(name, 0), name) for name in SEARCHES)
        sorts = sum(count.ops.get(name, 0) for name in SORTS)
        why = _("Only the best few are needed here; topk finds them.")
        at_most(sorts, 0, what=_("Ops that sort all classes"), why=why)
        why = _("topk returns the best class first, so the largest k serves every smaller one.")
        at_most(calls, 1, what=_("Calls of {op} for ks = {ks}", op=search, ks=ks), why=why)
