"""Dishonest answers fail in every exercise of the course, whatever they do to their own process."""

from pathlib import Path

import pytest

from torchkata.course.catalogue import Course
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.result import State

COURSE = Course(Path(__file__).resolve().parents[2])

EXITS = "import os\nos._exit(0)\n"

LIES = """
import sys
import torch

torch.allclose = torch.equal = torch.testing.assert_close = lambda *a, **k: True
torch.Tensor.__eq__ = lambda self, other: True


class Liar:
    \"\"\"Equal to everything, callable, and whatever it is asked for.\"\"\"

    def __init__(self, *a, **k): pass
    def __eq__(self, other): return True
    def __hash__(self): return 0
    def __call__(self, *a, **k): return Liar()
    def __iter__(self): return iter(())
    def __len__(self): return 1
    def __float__(self): return 0.0
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Liar()


def answer(*arguments, **named):
    for thing in arguments:
        if isinstance(thing, torch.Tensor):
            return torch.zeros_like(thing)
    return Liar()

"""


def lies_for(exercise):
    """The stub's own names and parameters, with nothing honest behind them."""
    text = exercise.solution_path.read_text(encoding="utf-8")
    names = exercise.grader.spec.names
    classes = [name for name in names if f"class {name}" in text]
    body = "".join(f"class {name}(Liar): pass\n" for name in classes)
    return LIES + body + "".join(f"{name} = answer\n" for name in names if name not in classes)


@pytest.mark.parametrize("make", [lambda _lesson: EXITS, lies_for], ids=["exits", "lies"])
@pytest.mark.parametrize("lesson", COURSE.exercises, ids=lambda exercise: exercise.id)
def test_dishonest_answer_fails(exercise, make, launcher):
    """Neither an exit with status 0 nor patched comparisons and empty objects make a pass."""
    source = make(exercise).encode()
    submission = Submission(source=source, file=exercise.stub_path.name)
    result = grade_one(exercise, submission, launcher, Settings(seed=5))
    assert result.state in (State.FAILED, State.ERROR, State.TIMEOUT)
    assert result.failed
