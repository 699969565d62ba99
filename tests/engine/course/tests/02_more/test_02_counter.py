"""Grader of counter: a class, judged by plain tests."""

import torch

from torchkata import EntryPoint, Spec, require, same

SPEC = Spec(EntryPoint("Counter"), stub_digest="9422980de919b0b9")


def kept(kata):
    return sorted(kata.Counter().state_dict())


def called(kata, x, times):
    counter = kata.Counter()
    for _ in range(times):
        y = counter(x)
    return y, int(counter.calls)


def test_contract_buffer(submission):
    """The count stands in state_dict()."""
    names = submission.run(kept)
    require(names == ["calls"], f"state_dict() holds {names}, not calls.")


def test_values_count(submission, reference):
    """Each call adds 1 and returns x."""
    x = torch.ones(2)
    same(submission.run(called, x, 3), reference.run(called, x, 3), what="(y, calls)")
