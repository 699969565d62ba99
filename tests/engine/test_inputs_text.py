"""The text of a failing case's arguments: readable, exact enough, and left out if it is long."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from torchkata.grading.inputs_text import MOST_NUMBERS, describe_inputs
from torchkata.i18n import EMPTY, ENGLISH_TRANSLATOR, Message
from torchkata.result import CheckResult, Verdict


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (torch.tensor([0.3, -1.2]), "tensor([0.3, -1.2])"),
        (torch.tensor([0.33669037, -0.12345678]), "tensor([0.3367, -0.1235])"),
        (torch.tensor([1.0, 0.0]), "tensor([1.0, 0.0])"),
        (torch.tensor([[1, 2], [3, 4]]), "tensor([[1, 2], [3, 4]])"),
        (torch.tensor(2), "tensor(2)"),
        (torch.tensor([True, False]), "tensor([True, False])"),
        (torch.tensor([float("nan"), -torch.inf]), "tensor([nan, -inf])"),
        (torch.tensor([1e-30, 3e8]), "tensor([1e-30, 3e+08])"),
        (torch.tensor([0.5], dtype=torch.float64), "tensor([0.5], dtype=torch.float64)"),
        (torch.tensor([0.5], dtype=torch.bfloat16), "tensor([0.5], dtype=torch.bfloat16)"),
        (torch.tensor([1], dtype=torch.int8), "tensor([1], dtype=torch.int8)"),
        (torch.tensor([1 + 2j]), "tensor([(1+2j)], dtype=torch.complex64)"),
        (torch.zeros(0), "tensor([])"),
        (torch.zeros(0, 3), "tensor([], size=(0, 3))"),
        (torch.zeros(0, dtype=torch.int64), "tensor([], dtype=torch.int64)"),
        (torch.tensor([0.5], requires_grad=True), "tensor([0.5])"),
        (np.array([0.5, 2.0]), "array([0.5, 2.0])"),
        (np.array([1, 2], dtype=np.int16), "array([1, 2], dtype=int16)"),
        (np.float64(0.5), "0.5"),
        (0.1, "0.1"),
        (1 / 3, "0.3333"),
        (1e300, "1e+300"),
        (3, "3"),
        (True, "True"),
        (None, "None"),
        ("mean", "'mean'"),
        (torch.float16, "torch.float16"),
        ([1, (2.0,)], "[1, (2.0,)]"),
        ((torch.tensor([1]), 2), "(tensor([1]), 2)"),
        ({"a": 1}, "{'a': 1}"),
    ],
)
def test_values_are_written_as_code(value, text):
    """Tensors name a dtype that `torch.tensor` would not infer; numbers are short."""
    assert str(describe_inputs(["x"], [value])) == f"`x = {text}`"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([2.0**24, 2.0**24 + 2], "[16777216.0, 16777218.0]"),
        ([2.0**53, 2.0**53 + 2], "[9007199254740992.0, 9007199254740994.0]"),
        ([1.0, 1.0000000001], "[1.0, 1.0000000001]"),
        ([0.99999], "[0.99999]"),
    ],
)
def test_close_numbers_stay_apart(values, text):
    """Rounding makes no two numbers equal, and no fraction an integer."""
    tensor = torch.tensor(values, dtype=torch.float64)

    assert str(describe_inputs(["x"], [tensor])) == f"`x = tensor({text}, dtype=torch.float64)`"


def test_several_arguments_are_listed():
    """All arguments that are data are shown; functions and generators are left out."""
    arguments = [torch.relu, torch.tensor([2.0]), 1, torch.Generator()]

    shown = describe_inputs(["f", "x", "dim", "generator"], arguments)

    assert str(shown) == "`x = tensor([2.0])`, `dim = 1`"
    assert str(describe_inputs(["x", "dim"], [3])) == "`x = 3`"


@pytest.mark.parametrize("split", [False, True])
def test_many_numbers_are_not_shown(split):
    """The limit counts the numbers of all arguments together."""
    most = torch.arange(MOST_NUMBERS)
    more = [most[1:], torch.arange(2)] if split else [torch.arange(MOST_NUMBERS + 1)]

    assert describe_inputs(["x"], [most])
    assert describe_inputs(["x", "y"], more) is EMPTY
    assert describe_inputs(["x"], [list(range(MOST_NUMBERS + 1))]) is EMPTY


def test_inputs_follow_the_case():
    """A failed check shows them after its case, and JSON has them by themselves."""
    inputs = describe_inputs(["x"], [torch.tensor([0.5])])
    failed = CheckResult(
        id="x::values",
        axis="values",
        verdict=Verdict.FAILED,
        case=Message("one"),
        message=Message("Expected 1, got 2."),
        inputs=inputs,
    )

    assert str(failed.message_with_case) == (
        "Expected 1, got 2. Case: one. With `x = tensor([0.5])`."
    )
    assert failed.as_json(ENGLISH_TRANSLATOR)["inputs"] == "`x = tensor([0.5])`"
