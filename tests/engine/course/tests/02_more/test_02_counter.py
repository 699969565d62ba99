"""Grader of counter: a class, judged by custom tests."""

import torch

from torchkata import EntryPoint, Spec, _, require, same_as_reference

SPEC = Spec(EntryPoint("Counter"), stub_digest="3de7d06ad5659d66")


def state_keys(kata):
    return sorted(kata.Counter().state_dict())


def result_and_count(kata, x, times):
    counter = kata.Counter()
    for _call in range(times):
        y = counter(x)
    return y, int(counter.calls)


def test_contract_buffer(submission):
    """state_dict() contains the count."""
    keys = submission.run(state_keys)
    require(
        keys == ["calls"],
        _("state_dict(): expected the key calls, got {keys}.", keys=keys),
    )


def test_values_count(submission, reference):
    """Each call adds 1 and returns x."""
    x = torch.ones(2)
    what = _("(y, calls)")
    same_as_reference(submission, reference, result_and_count, x, 3, what=what)
