"""Submissions that exit early or fake their results fail in every kind of exercise."""

from pathlib import Path

import pytest

from torchkata.course.catalogue import Course
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.result import State

COURSE = Course(Path(__file__).resolve().parents[2])
EXERCISES = [  # one for each kind of spec, budget and probe
    COURSE.one(name)
    for name in (
        "row_sum_fast",
        "operator_table",
        "in_place",
        "curve_fit",
        "submodules",
        "no_graph_break",
        "tar_stream",
        "masked_softmax",
        "grad_scaler",
        "no_sync",
        "grow_a_tensor",
        "gradient_checkpoint",
    )
]

EXIT = "import os\nos._exit(0)\n"

FAKES = """
import sys
import torch

torch.allclose = torch.equal = torch.testing.assert_close = lambda *a, **k: True
torch.Tensor.__eq__ = lambda self, other: True


class Fake:
    \"\"\"Equal to everything, callable, with every attribute.\"\"\"

    def __init__(self, *a, **k): pass
    def __eq__(self, other): return True
    def __hash__(self): return 0
    def __call__(self, *a, **k): return Fake()
    def __iter__(self): return iter(())
    def __len__(self): return 1
    def __float__(self): return 0.0
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Fake()


def fake(*arguments, **named):
    for argument in arguments:
        if isinstance(argument, torch.Tensor):
            return torch.zeros_like(argument)
    return Fake()

"""


def fakes_of(exercise):
    """Return a file that defines all entry points of an exercise as fakes."""
    text = exercise.solution_path.read_text(encoding="utf-8")
    names = exercise.grader.spec.names
    classes = [name for name in names if f"class {name}" in text]
    body = "".join(f"class {name}(Fake): pass\n" for name in classes)
    return FAKES + body + "".join(f"{name} = fake\n" for name in names if name not in classes)


@pytest.mark.parametrize("make", [lambda _exercise: EXIT, fakes_of], ids=["exit", "fakes"])
@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_submission_without_any_work_fails(exercise, make, launcher):
    """A process that exits with status 0, and fakes with patched comparisons, do not pass."""
    source = make(exercise).encode()
    submission = Submission(source=source, file=exercise.stub_path.name)
    result = grade_one(exercise, submission, launcher, Settings(seed=5))
    assert result.state in (State.FAILED, State.ERROR, State.TIMEOUT)
    assert result.failed
