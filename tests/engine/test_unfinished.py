"""Partly done exercises: what is written is judged, and what is to do is named with its line."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from torchkata.course.catalogue import Course
from torchkata.course.spec.source_rules import Uses
from torchkata.grading.checks.check import Check, JudgedCheck
from torchkata.grading.checks.purity import GLOBAL_STATE
from torchkata.grading.checks.source_rules import source_rule
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.outcome import passed
from torchkata.grading.processes import Submission
from torchkata.grading.unfinished import Unfinished, progress, settle, unfinished_functions
from torchkata.result import TODO, CheckResult, ExerciseResult, State, Verdict
from torchkata.sandbox.launcher import Launcher

if TYPE_CHECKING:
    from torchkata.grading.session import Session

SOURCE = b"""\
import torch


def add(x, y):
    return x + y


def product(x, y):
    x = x.float()
    raise NotImplementedError  # TODO


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()

    def forward(self, x):
        raise NotImplementedError()


def checked(x):
    if x is None:
        raise NotImplementedError
    raise NotImplementedError("odd lengths")
"""
PRODUCT = Unfinished(name="product", entry="product", line=8, last=10)


def judged(entry: str, verdict: Verdict, axis: str = "values", line: int = 0) -> JudgedCheck:
    """Return a check with a result; one without a verdict has met something that is to do."""
    name = f"thing::{axis}[{entry}]"
    check = Check(id=name, axis=axis, judge=lambda _session: passed(), entry=entry)
    code = TODO if verdict is Verdict.UNMEASURABLE else ""
    result = CheckResult(id=name, axis=axis, verdict=verdict, code=code, line=line)
    return JudgedCheck(check=check, result=result)


def test_functions_that_end_like_the_stub_are_to_do():
    """Functions and methods whose last statement is the stub's are found; others are not."""
    found = unfinished_functions(SOURCE)

    assert [(each.name, each.entry, each.line) for each in found] == [
        ("product", "product", 8),
        ("Net.forward", "Net", 17),
    ]
    assert unfinished_functions(b"def f(:") == []
    assert unfinished_functions(b"\0") == []


def test_check_that_met_an_unfinished_function_names_it():
    """Such a check has no verdict; its message and line are those of the function."""
    checks = [judged("add", Verdict.PASSED), judged("", Verdict.UNMEASURABLE, line=10)]

    settled, unfinished = settle(checks, SOURCE)

    assert unfinished == [PRODUCT]
    assert settled[1].result.verdict is Verdict.UNMEASURABLE
    assert str(settled[1].result.message) == "`product` is still to do."
    assert settled[1].result.line == 8
    assert str(progress(settled, unfinished)) == ("`add` passes so far. To do: `product` (line 8).")


@pytest.mark.parametrize(
    ("line", "others"),
    [
        (10, [judged("product", Verdict.PASSED)]),
        (22, []),
        (5, []),
    ],
    ids=["another check passed", "under a condition", "in finished code"],
)
def test_other_bare_errors_are_failures(line: int, others: list[JudgedCheck]):
    """Code that works at other times, or that is not as the stub's, has failed."""
    checks = [*others, judged("product", Verdict.UNMEASURABLE, "ops", line)]

    settled, unfinished = settle(checks, SOURCE)

    assert unfinished == []
    assert settled[-1].result.verdict is Verdict.FAILED
    assert str(settled[-1].result.message) == f"It raised NotImplementedError (line {line})."


DODGES = b"""\
import torch


def add(x, y):
    if x.numel():
        return x + y
    raise NotImplementedError


def product(x, y):
    unwilling()


def unwilling():
    raise NotImplementedError
"""


@pytest.mark.parametrize("line", [7, 15], ids=["returns at other times", "is not required"])
@pytest.mark.parametrize("passes", [True, False])
def test_checks_of_the_whole_exercise_betray_a_dodge(line: int, *, passes: bool):
    """A function that may have worked in a check of the whole exercise is not to do."""
    others = [judged("", Verdict.PASSED)] if passes else []
    whole = judged("", Verdict.PASSED, "purity")
    state = replace(whole, check=replace(whole.check, id=f"thing::{GLOBAL_STATE}"))
    checks = [state, *others, judged("", Verdict.UNMEASURABLE, "ops", line)]

    settled, unfinished = settle(checks, DODGES, ("add", "product"))

    assert bool(unfinished) is not passes
    assert (settled[-1].result.verdict is Verdict.FAILED) is passes


@pytest.mark.parametrize(
    ("source", "code"),
    [(SOURCE, TODO), (SOURCE.partition(b"def product")[0], "source-rule")],
    ids=["unfinished", "finished"],
)
def test_required_function_may_come_in_what_is_to_do(source: bytes, code: str):
    """While a function is to do, the file need not call yet what the statement requires."""
    session = SimpleNamespace(
        submission=Submission(source=source, file="kata.py"), spec=SimpleNamespace(names=("add",))
    )

    outcome = source_rule(cast("Session", session), Uses(("autograd.grad",)))

    assert outcome.code == code


def test_passed_contract_does_not_make_a_function_finished():
    """The signature of a stub is right from the start."""
    checks = [
        judged("product", Verdict.PASSED, "contract"),
        judged("product", Verdict.UNMEASURABLE, line=10),
    ]

    assert settle(checks, SOURCE)[1] == [PRODUCT]


def make_tensors(launcher: Launcher, vector: str) -> ExerciseResult:
    """Grade make_tensors with `scalar` written, `vector` as given, and two functions to do."""
    exercise = Course(Path(__file__).resolve().parents[2]).one("make_tensors")
    source = textwrap.dedent(f"""\
        import torch

        def scalar():
            return torch.tensor(3)

        def vector():
            return {vector}

        def matrix():
            raise NotImplementedError  # TODO: your code here

        def cube(generator=None):
            raise NotImplementedError  # TODO: your code here
        """)
    submission = Submission(source=source.encode(), file="01_make_tensors.py")
    return grade_one(exercise, submission, launcher, Settings(seed=1))


def test_finished_functions_are_judged(launcher: Launcher):
    """The state is todo; the message says what passes, and the checks of that are kept."""
    result = make_tensors(launcher, "torch.tensor([1, 2])")

    assert result.state is State.TODO
    assert str(result.message) == (
        "`scalar` and `vector` pass so far. To do: `matrix` (line 9), `cube` (line 12)."
    )
    assert "make_tensors::values[vector: vector()]" in {
        check.id for check in result.checks if check.verdict is Verdict.PASSED
    }
    assert {row.who for row in result.cost_table} == {"yours", "reference"}


def test_wrong_function_fails_before_the_others_are_written(launcher: Launcher):
    """The state is failed; what is to do is named beside the finding."""
    result = make_tensors(launcher, "torch.tensor([1, 3])")

    assert result.state is State.FAILED
    assert "1 check failed." in str(result.message)
    assert str(result.message).endswith("To do: `matrix` (line 9), `cube` (line 12).")
    assert [check.id for check in result.failed] == ["make_tensors::values[vector: vector()]"]
