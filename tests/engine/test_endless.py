"""What never ends, and a missing compiler, are told plainly."""

from __future__ import annotations

import itertools

import pytest

from torchkata.errors import SubmissionError
from torchkata.grading.checks.check import raised
from torchkata.probes import collect_bounded
from torchkata.probes.endless import EndlessError
from torchkata.sandbox.exit_messages import from_inductor


def test_loader_without_an_end_is_left():
    with pytest.raises(EndlessError) as caught:
        collect_bounded(itertools.count(), 5)

    told = raised(SubmissionError("EndlessError", str(caught.value), None))
    assert "It never ends: 5 items came" in told
    assert collect_bounded(range(5), 5) == [0, 1, 2, 3, 4]


def test_compiling_without_an_end_is_told():
    told = raised(SubmissionError("EndlessError", str(EndlessError("compiling", 10)), None))
    assert "Compiling did not end within 10 s" in told


def test_inductor_is_known_by_its_errors():
    assert from_inductor("InvalidCxxCompiler", "")
    assert from_inductor("BackendCompilerFailed", "backend='inductor' raised")
    assert not from_inductor("BackendCompilerFailed", "backend='mine' raised")
    assert not from_inductor("ValueError", "inductor")
