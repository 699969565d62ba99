"""Endless compiling and iteration, and a missing compiler, have plain messages."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from torchkata.errors import SubmissionError
from torchkata.grading.checks.check import describe_exception
from torchkata.probes import EndlessError, collect_bounded
from torchkata.sandbox.exit_messages import from_inductor
from torchkata.sandbox.launcher import Launcher

COUNTER = b"import itertools\n\ndef numbers():\n    return itertools.count()\n"


def test_an_endless_iterable_is_stopped():
    """Reading stops with an error that has the limit as data."""
    with pytest.raises(EndlessError) as caught:
        collect_bounded(itertools.count(), 5)

    assert caught.value.details == {"what": "items", "limit": 5}
    assert collect_bounded(range(5), 5) == [0, 1, 2, 3, 4]


def test_the_limit_crosses_the_wire_as_data(launcher: Launcher):
    """The judge builds the message from `details`, not from the text of the exception."""
    worker = launcher.worker()
    worker.load(COUNTER, "a.py")

    def probe(kata: Any) -> list[int]:
        return collect_bounded(kata.numbers(), 5)

    with pytest.raises(SubmissionError) as caught:
        worker.run(probe)

    assert caught.value.kind == "EndlessError"
    assert caught.value.details == {"what": "items", "limit": 5}
    assert describe_exception(caught.value).all_values()["limit"] == 5
    worker.close()


def test_endless_compiling_has_a_message():
    """The message says that compiling did not end, and after how many seconds."""
    details = EndlessError("compiling", 10).details

    message = describe_exception(SubmissionError("EndlessError", "", None, details=details))

    assert "Compiling did not end within 10 s" in str(message)


def test_errors_of_inductor_are_recognized():
    """Errors of a missing compiler are recognized; those of other backends are not."""
    assert from_inductor("InvalidCxxCompiler", "")
    assert from_inductor("BackendCompilerFailed", "backend='inductor' raised")
    assert not from_inductor("BackendCompilerFailed", "backend='mine' raised")
    assert not from_inductor("ValueError", "inductor")
