"""Validation reports each problem that an exercise can have, and none for sound exercises."""

from __future__ import annotations

from pathlib import Path

import pytest

from torchkata.course.catalogue import Course
from torchkata.instructor.authoring.stub_lint import record_digest
from torchkata.instructor.authoring.validate import Validator, trap_margin_faults
from torchkata.result import CheckResult, ExerciseResult, State, Verdict
from torchkata.sandbox.launcher import Launcher

STUB, SOLUTION, GRADER = "exercises/{}.py", "solutions/{}.py", "tests/{}.py"

# problem: (file, text, replacement, what validation reports)
EDITS = {
    "a heading is missing": (STUB, "\nRules\n", "\nManners\n", "Expected the stub's headings"),
    "headings out of order": (
        STUB,
        "\nRules\n    Leave x as it is.\n\nBudget\n    at most 1 op, not counting views\n",
        "\nBudget\n    at most 1 op, not counting views\n\nRules\n    Leave x as it is.\n",
        "Expected the stub's headings",
    ),
    "no TODO": (STUB, "  # TODO: your code here", "", "The stub has no `# TODO`"),
    "the stub is solved": (
        STUB,
        "raise NotImplementedError",
        "return x / 2",
        "The stub is passed, not todo",
    ),
    "the budget is not stated": (
        STUB,
        "at most 1 op, not counting views",
        "few ops",
        "word for word: 'at most 1 op, not counting views'",
    ),
    "another budget is stated": (
        STUB,
        "at most 1 op, not counting views",
        "at most 1 op, not counting views, on matrices",
        "word for word: 'at most 1 op, not counting views'",
    ),
    "signatures differ": (
        STUB,
        "def halve(x: Tensor)",
        "def halve(x: Tensor, n: int = 2)",
        "halve takes x, n=2 in the stub and x in the solution",
    ),
    "the stub lacks the name": (STUB, "def halve(", "def half(", "The stub "),
    "unfinished text": (STUB, "Leave x", "UNFINISHED: leave x", "has parts marked UNFINISHED"),
    "unfinished solution": (SOLUTION, "Fast:", "UNFINISHED:", "has parts marked UNFINISHED"),
    "too few hints": (SOLUTION, '    "`x / 2`.",\n', "", "HINTS must have 3"),
    "no hints": (SOLUTION, "HINTS =", "TIPS =", "HINTS must have 3"),
    "another first hint": (SOLUTION, "Tensors know", "You know", "must contain the first hint"),
    "a trap is right": (
        SOLUTION,
        "return x * x",
        "return x / 2",
        "Trap square must fail on values; it is passed",
    ),
    "a trap is caught elsewhere": (
        SOLUTION,
        '"square": "values"',
        '"square": "shape"',
        "Trap square must fail on shape; it is failed and fails on",
    ),
    "too few traps": (SOLUTION, ', "square": "values"', "", "fewer than 2 TRAPS"),
    "an alternative fails": (
        SOLUTION,
        "return x * 0.5",
        "return x * 0.25",
        "Alternative times_a_half is failed: halve::values",
    ),
    "no alternative": (SOLUTION, '("times_a_half",)', "()", "has no ALTERNATIVES"),
    "the reference misses the budget": (
        SOLUTION,
        "return x / 2",
        "return x.clone() / 2",
        "The solution is failed: halve::ops",
    ),
    "the reference raises": (
        SOLUTION,
        "return x / 2",
        "return x / y",
        "The reference of 01_mini/02_halve fails",
    ),
    "the reference is no Python": (SOLUTION, "return x / 2", "return x /", "invalid syntax"),
    "oracles disagree": (GRADER, "/ 2 for", "/ 3 for", "Baseline and reference disagree in"),
    "two specs": (GRADER, "SPEC = ", "OTHER = SPEC = ", "expected exactly one Spec, got 2"),
    "the grader fails": (GRADER, "SPEC = ", "SPEC = nothing or ", "cannot be loaded"),
    "no such axis": (GRADER, 'Case("one", ', 'Case("one", axis="charm", ', "expected an axis"),
}


def edit(root: Path, name: str, file: str, old: str, new: str) -> None:
    stem = name if file != GRADER else name.replace("/", "/test_")
    path = root / file.format(stem)
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} no longer contains {old!r}"
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def validator(launcher: Launcher) -> Validator:
    """Validate exercises on fixed inputs."""
    return Validator(launcher, seed=3)


@pytest.mark.parametrize("name", ["row_total", "halve", "mend_shift", "counter"])
def test_sound_exercises_have_no_problems(validator: Validator, mini: Path, name):
    """Sound are a function, one with a speed budget, broken code, and a class."""
    assert validator.problems(Course(mini).one(name)) == []


@pytest.mark.parametrize("problem", EDITS)
def test_each_edit_causes_exactly_one_problem(validator: Validator, course: Path, problem):
    """Validation reports the problem of the edit and nothing else."""
    file, old, new, report = EDITS[problem]
    edit(course, "01_mini/02_halve", file, old, new)
    exercise = Course(course).one("halve")
    if file == STUB:
        record_digest(exercise)

    problems = validator.problems(exercise)

    assert problems
    assert [text for text in problems if report not in text] == []


@pytest.mark.parametrize("file", [STUB, SOLUTION, GRADER])
def test_missing_file_is_reported(validator: Validator, course: Path, file):
    """An exercise that lacks one of its files is still discovered, and the file is reported."""
    stem = "02_more/test_01_mend_shift" if file == GRADER else "02_more/01_mend_shift"
    (course / file.format(stem)).unlink()

    assert validator.problems(Course(course).one("mend_shift")) == [
        f"{file.format(stem)} is missing."
    ]


def test_changed_stub_is_reported(validator: Validator, course: Path):
    """A changed stub has to be sealed; sealing writes its digest to the grader."""
    edit(course, "01_mini/02_halve", STUB, "Leave x as it is.", "Do not touch x.")

    problems = validator.problems(Course(course).one("halve"))

    assert len(problems) == 1
    assert "The stub has changed. Seal it" in problems[0]
    assert record_digest(Course(course).one("halve"))
    assert validator.problems(Course(course).one("halve")) == []
    assert not record_digest(Course(course).one("halve"))


def test_broken_code_must_fail_on_its_axis(validator: Validator, course: Path):
    """Broken code that fails on another axis than the grader declares is a problem."""
    edit(course, "02_more/01_mend_shift", GRADER, 'broken_axis="purity"', 'broken_axis="shape"')

    problems = validator.problems(Course(course).one("mend_shift"))

    assert len(problems) == 1
    assert "must fail on shape; it fails on" in problems[0]
    assert "purity" in problems[0]


def test_a_trap_is_judged_up_to_its_axis(validator: Validator, mini: Path):
    """The gate stops at the first failed check of the axis; what passes it is judged no further."""
    exercise = Course(mini).one("halve")
    wrong, right = (f"def halve(x):\n    return x / {by}\n".encode() for by in (3, 2))

    refused = validator.grade_sample(exercise, wrong, stop_at="values")
    accepted = validator.grade_sample(exercise, right, stop_at="values")

    assert [check.axis for check in refused.failed] == ["values"]
    assert refused.checks[-1] is refused.failed[0]
    assert {"contract", "values"} <= {check.axis for check in accepted.checks}
    assert not {"gradient", "purity", "ops"} & {check.axis for check in accepted.checks}
    assert accepted.cost_table == ()


def test_a_threshold_that_the_reference_misses_is_reported(validator: Validator, course: Path):
    """A speedup that the reference exceeds by less than 1.5 times is a problem of the course."""
    edit(course, "01_mini/01_row_total", STUB, "at least 4x", "at least 40000x")
    edit(course, "01_mini/01_row_total", GRADER, "Speedup(4,", "Speedup(40000,")
    exercise = Course(course).one("row_total")
    record_digest(exercise)

    problems = " ".join(validator.problems(exercise))

    assert "The solution is unmeasurable" in problems
    assert "less than 1.5 times the threshold 40000x" in problems


@pytest.mark.parametrize(("ratio", "is_close"), [(5.0, True), (2.0, False)])
def test_a_trap_close_to_the_threshold_is_reported(ratio, is_close):
    """If a trap misses the threshold by less than 1.5 times, its verdict would vary."""
    check = CheckResult(
        id="x::speed",
        axis="speed",
        verdict=Verdict.FAILED,
        metrics={"ratio_low": ratio, "threshold": 6.0},
    )
    result = ExerciseResult(id="x", name="x", chapter="x", state=State.FAILED, checks=(check,))

    assert bool(list(trap_margin_faults("trap", result))) is is_close
