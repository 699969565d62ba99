"""After a pass: both answers side by side, what makes the difference, praise and bests."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import Judge, torchkata

from torchkata.course.catalogue import Course
from torchkata.grading.run import remember
from torchkata.learner.progress import Progress
from torchkata.learner.solution_excerpt import excerpt, reason
from torchkata.report.comparison import answers, words
from torchkata.report.console import Screen
from torchkata.report.terminal import TerminalReport
from torchkata.result import CheckResult, Comparison, ExerciseResult, CostRow, State, Verdict
from torchkata.watch.pages import Look, verdict

FEWER = "Fewer ops than the reference: 2, where it makes 3."
RIGHT = "def halve(x):\n    return x / 2\n"


def passed(
    yours: dict[str, float] | None = None,
    reference: dict[str, float] | None = None,
    *,
    mine: dict[str, int] | None = None,
    theirs: dict[str, int] | None = None,
    best: dict[str, dict[str, float]] | None = None,
    figures: dict[str, float] | None = None,
) -> ExerciseResult:
    """A pass whose rungs hold these figures and ops on the case `usual`."""
    mine = {"div": 1} if mine is None else mine
    theirs = {"div": 1} if theirs is None else theirs
    check = CheckResult(id="x::speed", axis="speed", verdict=Verdict.PASSED, figures=figures or {})
    return ExerciseResult(
        id="01_mini/02_halve",
        name="halve",
        chapter="01_mini",
        state=State.PASSED,
        seconds=1.0,
        checks=(check,),
        ladder=tuple(
            CostRow(who=who, case="usual", figures={"ops": sum(ops.values()), **(costs or {})},
                 ops_by_name=ops)
            for who, ops, costs in (("yours", mine, yours), ("reference", theirs, reference))
        ),
        comparison=Comparison(yours="a = 1", reference="b = 2", reason="It wins.", best=best),
    )  # fmt: skip


def told(result: ExerciseResult) -> dict[str, str]:
    return dict(words(result))


# What makes the difference


@pytest.mark.parametrize(
    ("mine", "theirs", "text"),
    [
        ({"sum": 1}, {"sum": 1}, "The same 1 op as the reference: 1 x sum."),
        ({"add": 3}, {"add": 3}, "The same 3 ops as the reference: 3 x add."),
        ({}, {}, "No ops, like the reference."),
        (
            {"select": 1500, "add_": 2, "zeros": 1, "sum": 1},
            {"sum": 1},
            (
                "You make 1,504 ops, the reference 1 op. "
                "Only yours: 1,500 x select, 2 x add_, 1 x zeros."
            ),
        ),
        (
            {"einsum": 1},
            {"mul": 1, "sum": 1},
            (
                "You make 1 op, the reference 2 ops. Only yours: 1 x einsum. "
                "Only the reference: 1 x mul, 1 x sum."
            ),
        ),
        (
            {"a": 1},
            {"b": 1},
            (
                "You make as many ops as the reference (1), but others. Only yours: 1 x a. "
                "Only the reference: 1 x b."
            ),
        ),
        (
            {"a": 4, "b": 3, "c": 2, "d": 1, "e": 1},
            {"f": 1},
            (
                "You make 11 ops, the reference 1 op. Only yours: 4 x a, 3 x b, 2 x c, 2 x other. "
                "Only the reference: 1 x f."
            ),
        ),
    ],
)
def test_difference_is_told_by_op(mine, theirs, text):
    """The sentence says which ops differ, and how many of them."""
    assert told(passed(mine=mine, theirs=theirs))["Difference"] == text


def test_memory_is_told_where_it_differs():
    """Equal peaks are no difference."""
    more = told(passed({"extra_bytes": 2048}, {"extra_bytes": 1024}))["Difference"]
    same = told(passed({"extra_bytes": 1024}, {"extra_bytes": 1024}))["Difference"]

    assert "At its peak it holds 2.0 KiB of extra memory, the reference 1.0 KiB." in more
    assert "peak" not in same


# Praise: only where it is sure


@pytest.mark.parametrize(
    ("lead", "low", "praised"),
    [(1.6, 1.3, True), (1.6, 1.05, False), (1.0, 0.9, False), (0.5, 0.4, False)],
)
def test_speed_is_praised_when_sure(lead, low, praised):
    """A lead counts by the lower end of its interval, so noise is never praised."""
    praise = told(passed(figures={"lead": lead, "lead_low": low})).get("Bravo", "")

    assert praise == ("Faster than the reference: 1.6 x as fast." if praised else "")


def test_every_race_has_to_be_won():
    """With two speed checks the weaker lead counts."""
    result = passed(figures={"lead": 3.0, "lead_low": 2.5})
    second = CheckResult(
        id="y::speed", axis="speed", verdict=Verdict.PASSED, figures={"lead": 1, "lead_low": 0.9}
    )

    result = replace(result, checks=(*result.checks, second))

    assert "Bravo" not in told(result)


@pytest.mark.parametrize(
    ("yours", "reference", "mine", "praise"),
    [
        ({}, {}, {"a": 2}, FEWER),
        ({}, {}, {"a": 3}, ""),
        ({}, {}, {"a": 4}, ""),
        ({}, {}, {}, ""),  # no ops at all: work that no meter sees
        ({"conversions": 1}, {}, {"a": 2}, ""),  # work in numpy is not counted
        ({"conversions": 1}, {"conversions": 1}, {"a": 2}, FEWER),
        (
            {"extra_bytes": 512},
            {"extra_bytes": 2048},
            {"a": 3},
            "Less memory than the reference: 512 B extra, where it holds 2.0 KiB.",
        ),
        ({"extra_bytes": 512, "conversions": 1}, {"extra_bytes": 2048}, {"a": 3}, ""),
        ({"extra_bytes": 2048}, {"extra_bytes": 512}, {"a": 3}, ""),
    ],
)  # fmt: skip
def test_lean_answers_are_praised(yours, reference, mine, praise):
    """Counts are exact, so one op or byte less is praised; work that left PyTorch is not."""
    result = passed(yours, reference, mine=mine, theirs={"b": 3})

    assert told(result).get("Bravo", "") == praise


def test_praise_needs_every_case():
    """Fewer ops on one case and more on another is no lead."""
    result = passed(mine={"a": 1}, theirs={"b": 2})
    more = (
        CostRow(who="yours", case="other", figures={"ops": 5}, ops_by_name={"a": 5}),
        CostRow(who="reference", case="other", figures={"ops": 2}, ops_by_name={"b": 2}),
    )

    assert "Bravo" in told(result)
    result = replace(result, ladder=(*result.ladder, *more))
    assert "Bravo" not in told(result)


# The best so far


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (None, None),
        ({}, "1 op, 1.0 us, at your first pass."),
        ({"usual": {"ops": 1, "seconds_median": 1e-6}}, "1 op, 1.0 us so far."),
        ({"usual": {"ops": 1, "seconds_median": 0.5e-6}}, "1 op, 500 ns so far."),
        ({"usual": {"ops": 1, "seconds_median": 1.05e-6}}, "1 op, 1.0 us so far."),
        ({"usual": {"ops": 1, "seconds_median": 2e-6}}, "New best: 1.0 us, before 2.0 us."),
        ({"usual": {"ops": 3, "seconds_median": 1e-6}}, "New best: 1 op, before 3 ops."),
        ({"usual": {"ops": 2, "seconds_median": 2e-6}},
         "New best: 1.0 us, before 2.0 us; 1 op, before 2 ops."),
        ({"another": {"ops": 9}}, "1 op, 1.0 us so far."),
    ],
)  # fmt: skip
def test_best_is_told_with_the_one_before(before, text):
    """A new best is news by more than the clock's noise; counts are news by one."""
    assert told(passed({"seconds_median": 1e-6}, best=before)).get("Your best") == text


# The two answers


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


def test_excerpt_holds_what_was_asked_for():
    """The definition, and all that it uses in its file; no imports, hints or traps."""
    assert excerpt(SOURCE, ["wanted"]) == (
        "SCALE = 2\n\ndef helper(x):  # used\n    return x * SCALE\n\n"
        '@torch.no_grad()\ndef wanted(x):\n    """Say."""\n\n    return helper(x)'
    )
    assert excerpt(SOURCE, ["absent"]) == ""
    assert excerpt("def broken(", ["broken"]) == ""


def test_excerpt_is_bounded():
    """A file of a thousand lines is cut, and says so."""
    text = "def f(x):\n" + "    x = x + 1\n" * 1000 + "    return x\n"

    lines = excerpt(text, ["f"]).splitlines()

    assert len(lines) == 61
    assert lines[-1] == "..."


def test_reason_is_the_authors():
    """The sentence that says why, else the title without its label."""
    text = '"""Reference: one sum.\n\nFast: as\nit is, i.e. 2. Exact: too.\n\nMore."""\n'
    assert reason(text) == "Fast: as it is, i.e. 2."
    assert reason('"""Reference: one sum."""\n') == "One sum."
    assert reason("x = 1\n") == ""


@pytest.mark.parametrize(("width", "rows"), [(80, 3), (30, 7)])
def test_answers_stand_side_by_side_where_there_is_room(width, rows):
    """Wide: one row holds both; narrow: one below the other, and no line too long."""
    comparison = Comparison(
        yours="def f(x):\n    return x + 1", reference="def f(x):\n    return 1 + x"
    )
    screen = Screen(io.StringIO(), color=False, width=width)

    lines = [line.plain.rstrip() for line in answers(comparison, screen)]

    assert len(lines) == rows
    assert max(map(len, lines)) <= width
    if width == 80:
        assert lines[0].split() == ["Yours", "Reference"]
        assert lines[2] == "      return x + 1       return 1 + x"
    else:
        assert lines.index("  Yours") < lines.index("  Reference")


def test_long_lines_are_folded_and_controls_shown():
    """Whatever the learner's file holds, the terminal is safe."""
    comparison = Comparison(yours="x = '\x1b[2J" + "y" * 90 + "'", reference="x")
    screen = Screen(io.StringIO(), color=False, width=40)

    lines = [line.plain for line in answers(comparison, screen)]

    assert max(map(len, lines)) <= 40
    assert "\x1b" not in "".join(lines)
    assert "".join(lines).count("y") == 90


def test_colours_only_where_asked_for():
    """Syntax is coloured on terminals; NO_COLOR and files get plain text."""

    def printed(*, color: bool) -> str:
        file = io.StringIO()
        report = TerminalReport(color=color, width=80, file=file)
        report.started(1)
        report.finished(passed())
        return file.getvalue()

    assert "\x1b[" in printed(color=True)
    assert "\x1b[" not in printed(color=False)
    assert "a = 1" in printed(color=False)


# The whole way


@pytest.mark.parametrize(
    ("total", "verbose", "shown"), [(1, False, True), (2, False, False), (2, True, True)]
)
def test_comparison_is_for_one_exercise(total, verbose, shown):
    """A run over many exercises stays short, unless all is asked for."""
    file = io.StringIO()
    report = TerminalReport(color=False, width=80, file=file, verbose=verbose)
    report.started(total)
    report.finished(passed())

    assert ("It wins." in file.getvalue()) is shown


def test_watch_shows_a_pass_compactly():
    """The words and figures are there; both answers are not, for a key shows the reference."""
    told = "\n".join(verdict(passed(best={}, yours={"seconds_median": 1e-6}), 80, Look()))

    assert "The same 1 op as the reference: 1 x div." in told
    assert "It wins." in told
    assert "1 op, 1.0 us, at your first pass." in told
    assert "b = 2" not in told


def test_nothing_is_said_of_bests_where_none_are_remembered(course: Path, judge: Judge):
    """Of a file in another folder nobody knows whether it was the first pass."""
    exercise = Course(course).one("halve")

    result = remember(exercise, judge(RIGHT), RIGHT.encode(), None)

    assert "Difference" in told(result)
    assert "Your best" not in told(result)


@pytest.fixture
def judged(course: Path, judge: Judge) -> Callable[[str], ExerciseResult]:
    """Judge an answer to halve, and remember it."""
    exercise, memory = Course(course).one("halve"), Progress(course)

    def once(source: str) -> ExerciseResult:
        return remember(exercise, judge(source), source.encode(), memory)

    return once


def test_pass_is_compared_and_best_is_kept(judged, course: Path):
    """From a real judging: rungs on the usual case, the sentence, and the best before."""
    first = judged("def halve(x):\n    return x * 0.5\n")
    worse = {case: {"ops": 2, "extra_bytes": 1e6} for case in Progress(course).best(first.id)}
    assert worse
    second = judged(RIGHT)

    assert told(first)["Difference"] == (
        "You make as many ops as the reference (1), but others. Only yours: 1 x mul. "
        "Only the reference: 1 x div."
    )
    assert "at your first pass" in told(first)["Your best"]
    assert told(second)["Difference"] == "The same 1 op as the reference: 1 x div."
    assert told(second)["Your best"] == "1 op, 80 B extra so far."
    assert second.comparison is not None
    assert second.comparison.yours == RIGHT.strip()
    assert "return x / 2" in second.comparison.reference
    assert {rung.who for rung in second.ladder} == {"yours", "reference"}
    assert all({"ops", "extra_bytes"} <= set(rung.figures) for rung in second.ladder)
    better = replace(second.comparison, best=worse)
    news = told(replace(second, comparison=better))["Your best"]
    assert news == "New best: 1 op, before 2 ops; 80 B extra, before 976.6 KiB extra."


def test_detours_are_counted(judge: Judge):
    """Work in numpy makes no op, so the rung says that values left for there."""
    source = "import torch\ndef halve(x):\n    return torch.from_numpy(x.detach().numpy() / 2)\n"

    figures = {rung.who: rung.figures for rung in judge(source).ladder}

    assert figures["yours"]["conversions"] == 1
    assert "conversions" not in figures["reference"]


def test_failures_are_not_compared(judged):
    """Before a pass the reference stays hidden."""
    assert judged("def halve(x):\n    return x * 3\n").comparison is None


def test_learner_sees_it(course: Path):
    """From the command line, and in the report as data."""
    (course / "exercises/01_mini/02_halve.py").write_text(RIGHT)

    done = torchkata(course, "grade", "halve", "--json", "report.json")

    assert done.returncode == 0, done.stderr
    assert "The same 1 op as the reference: 1 x div." in done.stdout
    assert "at your first pass" in done.stdout
    exercise = json.loads((course / "report.json").read_text())["exercises"][0]
    assert exercise["comparison"]["best"] == {}
    assert exercise["comparison"]["yours"] == RIGHT.strip()
