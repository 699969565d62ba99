"""The checks that every function gets: later calls, modes, layouts, global state, defaults."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers import Judge

from torchkata import Case, Function, normal
from torchkata.course.catalogue import Course
from torchkata.grading.checks.repeated_calls import _turn_with_another_result
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.grading.trees import same_leaves
from torchkata.result import ExerciseResult, State
from torchkata.sandbox.launcher import Launcher
from torchkata.worker import seeding

HEAD = """
import random, warnings
import torch
CACHE, KEPT = {}, {}
"""

FAULTS = {
    "cached by shape": (
        "return CACHE.setdefault((x.shape, x.dtype), x / 2)",
        "values", "must not be stored and returned again",
    ),
    "cached by address": (
        "return CACHE.setdefault((x.data_ptr(), x.shape, x.requires_grad), (x / 2, x))[0]",
        "values", "looked up by an address",
    ),
    "cached by identity": (
        "return CACHE.setdefault(id(x), (x / 2, x))[0]",
        "values", "looked up by an address",
    ),
    "one buffer for all results": (
        "return KEPT.setdefault((x.shape, x.dtype), torch.empty_like(x)).copy_(x / 2)",
        "purity", "share memory",
    ),
    "one buffer under no_grad": (
        (
            "if torch.is_grad_enabled():\n        return x / 2\n"
            "    return KEPT.setdefault((x.shape, x.dtype), torch.empty_like(x)).copy_(x / 2)"
        ),
        "purity", "share memory",
    ),
    "argument zeroed under no_grad": (
        "out = x / 2\n    if not torch.is_grad_enabled():\n        x.zero_()\n    return out",
        "purity", "modifies its argument x",
    ),
    "requires_grad set": (
        "if x.is_leaf and x.is_floating_point():\n        x.requires_grad_()\n    return x / 2",
        "purity", "changes requires_grad of its argument x",
    ),
    "default dtype changed": (
        "torch.set_default_dtype(torch.float64)\n    return x / 2",
        "purity", "torch.get_default_dtype()",
    ),
    "gradients switched off": (
        "torch.set_grad_enabled(False)\n    return x / 2",
        "purity", "torch.is_grad_enabled()",
    ),
    "warnings silenced": (
        'warnings.filterwarnings("ignore")\n    return x / 2',
        "purity", "warnings.filters",
    ),
    "generator reseeded": (
        "torch.manual_seed(7)\n    return x / 2",
        "purity", "sets the seed of the random generator of torch",
    ),
    "Python's generator reseeded": (
        "random.seed(7)\n    return x / 2",
        "purity", "sets the seed of the random generator of random",
    ),
}  # fmt: skip

SEEDS = {
    "seeded": ("torch.manual_seed(0)", ["torch.manual_seed()"]),
    "Python's generator seeded": ("random.seed(0)", ["random.seed()"]),
    "restored": ("with torch.random.fork_rng(devices=[]): torch.rand(1); torch.manual_seed(0)", []),
    "what a compiler restores": (
        "random.seed(2**40 + 5); random.setstate(random.getstate())",
        ["random.seed()"],
    ),
    "restored to the state of the same seed": (
        "with torch.random.fork_rng(devices=[]): torch.manual_seed(3)",
        [],
    ),
    "another generator": ("torch.Generator().manual_seed(0); random.Random().seed(0)", []),
    "drawn": ("torch.rand(1); random.random()", []),
}

LAYOUT_FAULTS = {
    "strided argument overwritten": (
        "out = x.sum(0)\n    if not x.is_contiguous():\n        x.detach().zero_()\n    return out",
        "purity", "modifies its argument x",
    ),
    "storage offset ignored": (
        "return x.as_strided(x.shape, x.stride(), 0).sum(0)",
        "values", "in the middle of a larger buffer",
    ),
}  # fmt: skip
"""Faults of a function of a matrix, which has arguments of every layout."""


def messages(result: ExerciseResult, axis: str) -> str:
    return " ".join(str(check.message) for check in result.failed if check.axis == axis)


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_that_one_plain_call_does_not_show_fails(judge: Judge, fault):
    """What a function does to later calls, to its arguments and to the process is judged."""
    body, axis, text = FAULTS[fault]

    result = judge(f"{HEAD}\ndef halve(x):\n    {body}\n")

    assert result.state is State.FAILED, result
    assert text in messages(result, axis), result.failed


@pytest.mark.parametrize("fault", LAYOUT_FAULTS)
def test_fault_that_a_contiguous_argument_does_not_show_fails(judge: Judge, fault):
    """Arguments with strides and with an offset into their storage are judged."""
    body, axis, text = LAYOUT_FAULTS[fault]

    result = judge(f"{HEAD}\ndef row_total(x):\n    {body}\n", "row_total")

    assert text in messages(result, axis), result.failed


def test_restored_state_and_own_generators_pass(judge: Judge):
    """Settings that a `with` block restores, and generators of the function, are fine."""
    result = judge(
        HEAD + "\ndef halve(x):\n"
        "    generator = torch.Generator().manual_seed(7)\n"
        "    torch.rand(1, generator=generator)\n"
        "    with warnings.catch_warnings():\n"
        '        warnings.simplefilter("ignore")\n'
        "        with torch.random.fork_rng(devices=[]):\n"
        "            torch.manual_seed(3)\n"
        "        return x / 2\n"
    )

    assert not messages(result, "purity"), result.failed


def test_arrays_are_compared_as_leaves():
    """An array is one leaf, whose elements are compared."""
    one, other = np.arange(3), np.arange(3) + 1

    assert same_leaves([one, torch.ones(2)], [one.copy(), torch.ones(2)])
    assert not same_leaves([one], [other])
    assert not same_leaves([one], [torch.ones(2)])


@pytest.mark.parametrize(("equal_turns", "expected"), [(1, 2), (3, 4), (99, 2)])
def test_second_call_gets_arguments_with_another_result(equal_turns, expected):
    """A stored result of the first call would be right again if the results were equal."""
    session = SimpleNamespace(
        metered={},
        draw=lambda _function, _case, turn: int(turn.split()[1]),
        expect=lambda _name, turn: {"count": torch.tensor(turn > equal_turns)},
    )
    function = Function("f", inputs={"x": normal("n")}, naive=abs, cases=(Case("some", n=4),))

    assert _turn_with_another_result(session, function) == expected


@pytest.mark.parametrize(("body", "expected"), SEEDS.values(), ids=list(SEEDS))
def test_seeds_that_a_submission_leaves_are_noticed(monkeypatch, body, expected):
    """Seeds of the engine and of graders, and those that are undone, do not count."""
    for module, name in (
        *(
            (each, name)
            for each in (torch, torch.random)
            for name in ("manual_seed", "set_rng_state")
        ),
        *((random, name) for name in ("seed", "setstate")),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))  # restored after the test
    seeding.watch()

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        exec(compile(body, "submission:a.py", "exec"), {"torch": torch, "random": random})

    assert seeding.seeded() == expected
    assert seeding.seeded() == [], "each is told once"


def test_each_argument_is_once_the_only_one_that_requires_grad(hasty: Launcher):
    """A gradient that flows only if another argument requires grad, too, fails."""
    exercise = Course(Path(__file__).resolve().parents[2]).one("pairwise_distance")
    source = (
        "import torch\n"
        "def pairwise_sqdist(a, b):\n"
        "    with torch.set_grad_enabled(torch.is_grad_enabled() and a.requires_grad):\n"
        "        return (a[:, None] - b).square().sum(-1)\n"
    )
    submission = Submission(source=source.encode(), file=exercise.stub_path.name)

    result = grade_one(exercise, submission, hasty, Settings(seed=1, stop_at="gradient"))

    assert "No gradient reaches b if no other argument requires grad" in messages(
        result, "gradient"
    ), result.failed


def test_compiled_code_can_call_what_the_engine_replaces(judge: Judge):
    """A compiler would read the engine's file, which confinement forbids."""
    result = judge(
        HEAD + "\n@torch.compile(backend='eager')\ndef halve(x):\n"
        "    random.seed(0)\n"
        "    return x.new_tensor(x.detach().tolist()) / 2\n"
    )

    assert "InternalTorchDynamoError" not in str(result.failed)
