"""Grader of topk_accuracy: one topk for all ks, and nothing that waits for the device."""

import torch

from torchkata import Case, Spec, Function, HostSyncs, integers, normal, require, value

NONE = float("nan")
SEARCHES = ("argmax", "max", "topk")
SORTS = {"sort", "argsort", "msort", "kthvalue"}


def loop_over_samples(logits, labels, ks):
    right = dict.fromkeys(ks, 0)
    for scores, label in zip(logits.tolist(), labels.tolist(), strict=True):
        rank = sum(score > scores[label] for score in scores)
        for k in right:
            right[k] += rank < k
    n = len(labels)
    return {k: torch.tensor(count / n if n else NONE) for k, count in right.items()}


def asked(*ks):
    """Arguments with other ks; every second label is the best class, the others any."""

    def given(sizes, generator):
        logits = torch.randn(sizes.n, sizes.c, generator=generator)
        labels = torch.randint(0, sizes.c, (sizes.n,), generator=generator)
        labels[::2] = logits[::2].argmax(1)
        return logits, labels, ks

    return given


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
            Case("ks from large to small", given=asked(7, 3, 1), n=50, c=12),
            Case("ks in no order", given=asked(2, 30, 4), n=60, c=9),
            Case("one k only", given=asked(3), n=40, c=10),
        ),
        budget=(HostSyncs(0),),
        gradient=False,
    ),
    stub_digest="c8074179244df368",
)


def shares(kata, logits, labels, ks):
    return kata.topk_accuracy(logits, labels, ks)


def test_contract_default_ks(submission, generator):
    """Without ks it is 1 and 5."""
    got = submission.call("topk_accuracy", torch.randn(4, 9, generator=generator), torch.arange(4))
    keys = list(got) if isinstance(got, dict) else type(got).__name__
    require(keys == [1, 5], f"Without ks the result has to be a dict with keys 1, 5; it is {keys}.")


def test_ops_one_topk(submission, generator):
    """One topk for all ks, and no sort."""
    logits = torch.randn(40, 12, generator=generator)
    labels = torch.randint(0, 12, (40,), generator=generator)
    for ks in ((1, 5), (7, 1, 3, 2), (4,)):
        count = submission.measure(shares, logits, labels, ks).ops
        calls, search = max((count.ops.get(name, 0), name) for name in SEARCHES)
        sorts = sorted(SORTS & set(count.ops))
        require(
            not sorts,
            f"For ks = {ks} it sorts ({', '.join(sorts)}). That puts all classes in order; here "
            "only the best few are needed, which is what topk is for.",
        )
        require(
            calls <= 1,
            f"For ks = {ks} it makes {calls} {search}; one topk is enough. It returns the best "
            "class first, so the best of the largest k begin with the best of every smaller one.",
        )
