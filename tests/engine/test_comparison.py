"""The comparison after a pass: both sources, the difference, praise and best costs."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import Judge, torchkata

from torchkata.course.catalogue import Course
from torchkata.course.source_code import excerpt, reason_to_win
from torchkata.grading.run import record_and_compare
from torchkata.i18n import ENGLISH_TRANSLATOR, Message, Translator
from torchkata.learner.progress import Progress
from torchkata.report.comparison import code_lines, remarks
from torchkata.report.console import Console
from torchkata.report.terminal import TerminalReport
from torchkata.result import (
    CheckResult,
    Comparison,
    CostRow,
    ExerciseResult,
    GrowthCurve,
    State,
    Verdict,
)
from torchkata.watch.pages import result_lines
from torchkata.watch.view import View

FEWER = "Fewer ops than the reference: 1 vs. 3."
BUDGETS = {
    "ops": {"ops": 1, "ops_allowed": 9},
    "memory": {"extra_bytes": 1, "extra_bytes_allowed": 9999},
}
RIGHT = "def halve(x):\n    return x / 2\n"


def english(_exercise_id: str) -> Translator:
    return ENGLISH_TRANSLATOR


def passed(
    yours: dict[str, float] | None = None,
    reference: dict[str, float] | None = None,
    *,
    mine: dict[str, int] | None = None,
    theirs: dict[str, int] | None = None,
    best: dict[str, dict[str, float]] | None = None,
    metrics: dict[str, float] | None = None,
    budgeted: bool = True,
) -> ExerciseResult:
    """Return a pass with a comparison.

    Args:
        yours: More metrics of the submission.
        reference: More metrics of the reference.
        mine: The submission's ops by name.
        theirs: The reference's ops by name.
        best: Metrics of earlier passes.
        metrics: Those of the speed check.
        budgeted: Whether ops and memory have budgets.
    """
    mine = {"div": 1} if mine is None else mine
    theirs = {"div": 1} if theirs is None else theirs
    checks = (
        CheckResult(id="x::speed", axis="speed", verdict=Verdict.PASSED, metrics=metrics or {}),
        *(
            CheckResult(id=f"x::ops[{name}]", axis="ops", verdict=Verdict.PASSED, metrics=limit)
            for name, limit in BUDGETS.items()
            if budgeted
        ),
    )
    return ExerciseResult(
        id="01_mini/02_halve",
        name="halve",
        chapter="01_mini",
        state=State.PASSED,
        seconds=1.0,
        checks=checks,
        cost_table=(
            cost_row("yours", mine, yours),
            cost_row("reference", theirs, reference),
        ),
        comparison=Comparison(
            yours="a = 1", reference="b = 2", reason=Message("It wins."), best=best
        ),
    )


def cost_row(
    who: str, ops: dict[str, int], metrics: dict[str, float] | None = None, case: str = "usual"
) -> CostRow:
    return CostRow(
        who=who,
        case=Message(case),
        metrics={"ops": sum(ops.values()), **(metrics or {})},
        ops_by_name=ops,
    )


def remarks_of(result: ExerciseResult) -> dict[str, str]:
    """Return the remarks on a pass by their labels."""
    return {str(label): str(message) for label, message in remarks(result)}


# The difference


@pytest.mark.parametrize(
    ("mine", "theirs", "text"),
    [
        ({"sum": 1}, {"sum": 1}, "Same op as the reference: 1 x sum."),
        ({"add": 3}, {"add": 3}, "The same 3 ops as the reference: 3 x add."),
        ({}, {}, "No ops, like the reference."),
        (
            {"select": 1500, "add_": 2, "zeros": 1, "sum": 1},
            {"sum": 1},
            (
                "Your code makes 1,504 ops, the reference 1 op. "
                "Only yours: 1,500 x select, 2 x add_, 1 x zeros."
            ),
        ),
        (
            {"einsum": 1},
            {"mul": 1, "sum": 1},
            (
                "Your code makes 1 op, the reference 2 ops. Only yours: 1 x einsum. "
                "Only the reference: 1 x mul, 1 x sum."
            ),
        ),
        (
            {"a": 1},
            {"b": 1},
            (
                "Your code makes as many ops as the reference (1), but different ones. "
                "Only yours: 1 x a. Only the reference: 1 x b."
            ),
        ),
        (
            {"a": 4, "b": 3, "c": 2, "d": 1, "e": 1},
            {"f": 1},
            (
                "Your code makes 11 ops, the reference 1 op. "
                "Only yours: 4 x a, 3 x b, 2 x c, 2 x other. Only the reference: 1 x f."
            ),
        ),
        (
            {"a": 4, "b": 3, "c": 2, "_local_scalar_dense": 1},
            {"_to_copy": 1},
            (
                "Your code makes 10 ops, the reference 1 op. Only yours: 4 x a, 3 x b, 2 x c, "
                "1 x .item(). Only the reference: 1 x .to()."
            ),
        ),
    ],
)
def test_difference_lists_ops(mine, theirs, text):
    """The sentence names the ops that differ and their counts."""
    assert remarks_of(passed(mine=mine, theirs=theirs))["Difference"] == text


def test_memory_is_mentioned_if_it_differs():
    """Equal peaks are not mentioned."""
    more = remarks_of(passed({"extra_bytes": 2048}, {"extra_bytes": 1024}))["Difference"]
    same = remarks_of(passed({"extra_bytes": 1024}, {"extra_bytes": 1024}))["Difference"]

    assert "At its peak, your code holds 2.0 KiB of extra memory, the reference 1.0 KiB." in more
    assert "peak" not in same


# Praise


@pytest.mark.parametrize(
    ("lead", "low", "praised"),
    [(1.6, 1.3, True), (1.6, 1.05, False), (1.0, 0.9, False), (0.5, 0.4, False)],
)
def test_speed_is_praised_only_beyond_noise(lead, low, praised):
    """The lower bound of the lead counts, so noise is never praised."""
    praise = remarks_of(passed(metrics={"lead": lead, "lead_low": low})).get("Bravo", "")

    assert praise == ("1.6x as fast as the reference." if praised else "")


def test_every_race_must_be_won():
    """With two speed checks, the smaller lead counts."""
    result = passed(metrics={"lead": 3.0, "lead_low": 2.5})
    second = CheckResult(
        id="y::speed", axis="speed", verdict=Verdict.PASSED, metrics={"lead": 1, "lead_low": 0.9}
    )

    result = replace(result, checks=(*result.checks, second))

    assert "Bravo" not in remarks_of(result)


@pytest.mark.parametrize(
    ("yours", "reference", "mine", "praise"),
    [
        ({}, {}, {"a": 1}, FEWER),
        ({}, {}, {"a": 2}, ""),  # one op less is no achievement
        ({}, {}, {"a": 3}, ""),
        ({}, {}, {"a": 4}, ""),
        ({}, {}, {}, ""),  # no ops at all: no meter sees the work
        ({"conversions": 1}, {}, {"a": 1}, ""),  # no meter counts work in NumPy
        ({"conversions": 1}, {"conversions": 1}, {"a": 1}, FEWER),
        (
            {"extra_bytes": 512},
            {"extra_bytes": 2048},
            {"a": 3},
            "Less extra memory than the reference: 512 B vs. 2.0 KiB.",
        ),
        ({"extra_bytes": 1100}, {"extra_bytes": 2048}, {"a": 3}, ""),  # less than a KiB less
        ({"extra_bytes": 95000}, {"extra_bytes": 100000}, {"a": 3}, ""),  # less than 10% less
        ({"extra_bytes": 512, "conversions": 1}, {"extra_bytes": 2048}, {"a": 3}, ""),
        ({"extra_bytes": 2048}, {"extra_bytes": 512}, {"a": 3}, ""),
    ],
)  # fmt: skip
def test_lower_costs_are_praised(yours, reference, mine, praise):
    """A tenth less is praised, and two ops or a KiB, unless work has left PyTorch."""
    result = passed(yours, reference, mine=mine, theirs={"b": 3})

    assert remarks_of(result).get("Bravo", "") == praise


def test_costs_without_a_budget_are_not_praised():
    """An exercise is not about a cost that it does not limit."""
    many = {"mine": {"a": 1}, "theirs": {"b": 9}}

    assert "Bravo" in remarks_of(passed(**many))
    assert "Bravo" not in remarks_of(passed(**many, budgeted=False))


# Budgets


def with_checks(*checks: CheckResult, growth: tuple[GrowthCurve, ...] = ()) -> str:
    """Return the remark on budgets of a pass with these checks."""
    return remarks_of(replace(passed(), checks=checks, growth=growth)).get("Budget", "")


def budget(axis: str, name: str, **metrics: float) -> CheckResult:
    return CheckResult(id=f"x::{axis}[{name}]", axis=axis, verdict=Verdict.PASSED, metrics=metrics)


def curve(who: str, exponent: float) -> GrowthCurve:
    return GrowthCurve(
        who=who, function="f", over="n", of="bytes", points=((1, 1), (2, 2)), exponent=exponent,
        exponent_low=1, exponent_high=1, exponent_allowed=1.3,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (budget("ops", "at most 9 ops", ops=3, ops_allowed=9), "ops: 3 (at most 9)."),
        (budget("ops", "x", synchronisations=0, synchronisations_allowed=0),
         "host synchronizations: 0 (at most 0)."),
        (budget("memory", "x", peak_bytes=2048, peak_bytes_allowed=4096),
         "memory at the peak: 2.0 KiB (at most 4.0 KiB)."),
        (budget("memory", "x", held_bytes=1024, held_bytes_allowed=4096),
         "memory held at the end: 1.0 KiB (at most 4.0 KiB)."),
        (budget("speed", "at least 50x faster than the loop at n=500, d=10",
                ratio=173.2, threshold=50.0, reference_ratio=224.8),
         "speedup: 173x (at least 50x, reference: 225x, at n=500, d=10)."),
        (budget("memory", "grow", exponent=1.02, exponent_allowed=1.3),
         "growth: n^1.02 (at most n^1.3, reference: n^1.00)."),
        (budget("values", "x", wrong=1), ""),
    ],
)  # fmt: skip
def test_figure_that_the_exercise_is_about_is_shown(check, text):
    """A pass shows what each budget measured, with its limit, the reference and the sizes."""
    assert with_checks(check, growth=(curve("yours", 1.02), curve("reference", 1.0))) == text


def test_memory_of_the_reference_is_that_of_the_same_case():
    """The cost table has the reference's peak at the sizes of the budget."""
    rows = tuple(
        cost_row(who, {"a": 1}, {"extra_bytes": size}, case=case)
        for case, sizes in (("n=4", (1024, 2048)), ("n=9", (3072, 4096)))
        for who, size in zip(("yours", "reference"), sizes, strict=True)
    )
    check = budget("memory", "bytes at n=9", extra_bytes=3072, extra_bytes_allowed=8192)

    text = remarks_of(replace(passed(), checks=(check,), cost_table=rows))["Budget"]

    assert text == (
        "extra memory at the peak: 3.0 KiB (at most 8.0 KiB, reference: 4.0 KiB, at n=9)."
    )


def test_difference_is_that_of_the_timed_case():
    """With several cases, the one that the clock measured is described and named."""
    rows = (
        cost_row("yours", {"a": 9}, case="small"),
        cost_row("reference", {"b": 1}, case="small"),
        cost_row("yours", {"a": 2}, {"seconds_median": 1e-3}, case="timed"),
        cost_row("reference", {"a": 2}, {"seconds_median": 1e-3}, case="timed"),
    )

    difference = remarks_of(replace(passed(), cost_table=rows))["Difference"]

    assert difference == "The same 2 ops as the reference: 2 x a. Case: timed."


@pytest.mark.parametrize(
    ("quality", "label"),
    [
        ("Correct", "Why it is right"),
        ("Fast", "Why it is fast"),
        ("Small", "Why it is small"),
        ("", "Why it wins"),
    ],
)
def test_reason_says_what_it_explains(quality, label):
    """The label asks what the author's sentence answers."""
    result = passed()
    assert result.comparison is not None

    labels = remarks_of(replace(result, comparison=replace(result.comparison, quality=quality)))

    assert labels[label] == "It wins."


def test_praise_requires_every_case():
    """Fewer ops in one case and more in another are not praised."""
    result = passed(mine={"a": 1}, theirs={"b": 3})
    more = (
        cost_row("yours", {"a": 5}, case="other"),
        cost_row("reference", {"b": 2}, case="other"),
    )

    assert "Bravo" in remarks_of(result)
    result = replace(result, cost_table=(*result.cost_table, *more))
    assert "Bravo" not in remarks_of(result)


# The best costs


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (None, None),
        ({}, "1 op, 1.0 us, on your first pass."),
        ({"usual": {"ops": 1, "seconds_median": 1e-6}}, "1 op, 1.0 us so far."),
        ({"usual": {"ops": 1, "seconds_median": 0.5e-6}}, "1 op, 500 ns so far."),
        ({"usual": {"ops": 1, "seconds_median": 1.05e-6}}, "1 op, 1.0 us so far."),
        ({"usual": {"ops": 1, "seconds_median": 2e-6}}, "New best: 1.0 us, down from 2.0 us."),
        ({"usual": {"ops": 3, "seconds_median": 1e-6}}, "New best: 1 op, down from 3 ops."),
        ({"usual": {"ops": 2, "seconds_median": 2e-6}},
         "New best: 1.0 us, down from 2.0 us; 1 op, down from 2 ops."),
        ({"another": {"ops": 9}}, "1 op, 1.0 us so far."),
    ],
)  # fmt: skip
def test_new_best_names_the_old_one(before, text):
    """A time must improve by more than its noise to be a new best, a count by one."""
    assert remarks_of(passed({"seconds_median": 1e-6}, best=before)).get("Your best") == text


# The two sources

SOURCE = '''"""Text."""
import torch
HINTS = ("a",)
SCALE = 2
UNUSED = 3

def helper(x):  # used
    return x * SCALE

def unused(x):
    return x

@torch.no_grad()
def wanted(x):
    """Say."""

    return helper(x)
'''


def test_excerpt_has_the_definition_and_its_helpers():
    """It has what the definition uses in its file, but no imports, hints or traps."""
    assert excerpt(SOURCE, ["wanted"]) == (
        "SCALE = 2\n\ndef helper(x):  # used\n    return x * SCALE\n\n"
        '@torch.no_grad()\ndef wanted(x):\n    """Say."""\n\n    return helper(x)'
    )
    assert excerpt(SOURCE, ["absent"]) == ""
    assert excerpt("def broken(", ["broken"]) == ""


def test_long_excerpt_is_truncated():
    """A file of a thousand lines is cut, and a mark shows it."""
    text = "def f(x):\n" + "    x = x + 1\n" * 1000 + "    return x\n"

    lines = excerpt(text, ["f"]).splitlines()

    assert len(lines) == 61
    assert lines[-1] == "..."


def test_reason_is_taken_from_the_docstring():
    """It is the first sentence after the title, or else the title without its label."""
    text = '"""Reference: one sum.\n\nFast: as\nit is, i.e. 2. Exact: too.\n\nMore."""\n'
    assert reason_to_win(text) == ("Fast", "As it is, i.e. 2.")
    assert reason_to_win('"""Reference: one sum."""\n') == ("", "One sum.")
    assert reason_to_win('"""Reference: one.\n\nSmall: k ops.\n"""\n') == ("Small", "k ops.")
    assert reason_to_win("x = 1\n") == ("", "")


@pytest.mark.parametrize(("width", "rows"), [(80, 3), (30, 7), (12, 7)])
def test_sources_are_side_by_side_if_they_fit(width, rows):
    """A narrow terminal shows one below the other, and no line of code is broken."""
    comparison = Comparison(
        yours="def f(x):\n    return x + 1", reference="def f(x):\n    return 1 + x"
    )
    console = Console(io.StringIO(), color=False, width=width)

    lines = [line.plain.rstrip() for line in code_lines(comparison, console, ENGLISH_TRANSLATOR)]

    assert len(lines) == rows
    if width == 80:
        assert lines[0].split() == ["Yours", "Reference"]
        assert lines[2] == "      return x + 1       return 1 + x"
    else:
        assert lines.index("  Yours") < lines.index("  Reference")


def test_hostile_source_is_safe_to_print():
    """Control characters are removed; long lines stay lines."""
    comparison = Comparison(yours="x = '\x1b[2J" + "y" * 90 + "'", reference="x")
    console = Console(io.StringIO(), color=False, width=40)

    lines = [line.plain for line in code_lines(comparison, console, ENGLISH_TRANSLATOR)]

    assert "\x1b" not in "".join(lines)
    assert max(line.count("y") for line in lines) == 90


def test_source_is_colored_only_on_request():
    """Syntax is highlighted with colors on, and plain text otherwise."""

    def printed(*, color: bool) -> str:
        file = io.StringIO()
        report = TerminalReport(english, color=color, width=80, file=file)
        report.started(1)
        report.finished(passed())
        return file.getvalue()

    assert "\x1b[" in printed(color=True)
    assert "\x1b[" not in printed(color=False)
    assert "a = 1" in printed(color=False)


# From grading to the report


@pytest.mark.parametrize(
    ("total", "verbose", "shown"), [(1, False, True), (2, False, False), (2, True, True)]
)
def test_comparison_is_shown_for_one_exercise(total, verbose, shown):
    """A run over several exercises shows it only with `verbose`."""
    file = io.StringIO()
    report = TerminalReport(english, color=False, width=80, file=file, verbose=verbose)
    report.started(total)
    report.finished(passed())

    assert ("It wins." in file.getvalue()) is shown


def test_watch_shows_a_pass_compactly():
    """It shows remarks and costs, but not the sources, because a key shows the solution."""
    result = passed(best={}, yours={"seconds_median": 1e-6})

    text = "\n".join(result_lines(result, 80, View()))

    assert "Same op as the reference: 1 x div." in text
    assert "It wins." in text
    assert "1 op, 1.0 us, on your first pass." in text
    assert "b = 2" not in text


def test_best_costs_require_recorded_progress(course: Path, judge: Judge):
    """Without progress, nothing tells whether this is the first pass."""
    exercise = Course(course).one("halve")

    result = record_and_compare(exercise, judge(RIGHT), RIGHT.encode(), None)

    assert "Difference" in remarks_of(result)
    assert "Your best" not in remarks_of(result)


@pytest.fixture
def grade(course: Path, judge: Judge) -> Callable[[str], ExerciseResult]:
    """Grade a submission to halve and record the result."""
    exercise, progress = Course(course).one("halve"), Progress(course)

    def grade_and_record(source: str) -> ExerciseResult:
        return record_and_compare(exercise, judge(source), source.encode(), progress)

    return grade_and_record


def test_pass_is_compared_and_best_is_recorded(grade, course: Path):
    """Real passes have cost rows of the usual case, the difference, and earlier best costs."""
    first = grade("def halve(x):\n    return x * 0.5\n")
    worse = {
        case: {"ops": 2, "extra_bytes": 1e6} for case in Progress(course).exercise(first.id).best
    }
    assert worse
    second = grade(RIGHT)

    assert remarks_of(first)["Difference"] == (
        "Your code makes as many ops as the reference (1), but different ones. "
        "Only yours: 1 x mul. Only the reference: 1 x div."
    )
    assert "on your first pass" in remarks_of(first)["Your best"]
    assert remarks_of(second)["Difference"] == "Same op as the reference: 1 x div."
    assert remarks_of(second)["Your best"] == "1 op, 80 B extra so far."
    assert second.comparison is not None
    assert second.comparison.yours == RIGHT.strip()
    assert "return x / 2" in second.comparison.reference
    assert {row.who for row in second.cost_table} == {"yours", "reference"}
    assert all({"ops", "extra_bytes"} <= set(row.metrics) for row in second.cost_table)
    better = replace(second.comparison, best=worse)
    news = remarks_of(replace(second, comparison=better))["Your best"]
    assert news == "New best: 1 op, down from 2 ops; 80 B extra, down from 976.6 KiB extra."


def test_conversions_are_counted(judge: Judge):
    """Work in NumPy makes no op, so the cost row counts the conversions."""
    source = "import torch\ndef halve(x):\n    return torch.from_numpy(x.detach().numpy() / 2)\n"

    metrics = {row.who: row.metrics for row in judge(source).cost_table}

    assert metrics["yours"]["conversions"] == 1
    assert "conversions" not in metrics["reference"]


def test_failures_are_not_compared(grade):
    """The reference stays hidden until the exercise passes."""
    assert grade("def halve(x):\n    return x * 3\n").comparison is None


def test_command_line_shows_the_comparison(course: Path):
    """It is in the terminal's output and in the JSON report."""
    (course / "exercises/01_mini/02_halve.py").write_text(RIGHT)

    done = torchkata(course, "grade", "halve", "--json", "report.json")

    assert done.returncode == 0, done.stderr
    assert "Same op as the reference: 1 x div." in done.stdout
    assert "on your first pass" in done.stdout
    exercise = json.loads((course / "report.json").read_text())["exercises"][0]
    assert exercise["comparison"]["best"] == {}
    assert exercise["comparison"]["yours"] == RIGHT.strip()
