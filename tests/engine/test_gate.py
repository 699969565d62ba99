"""The gate names each fault that an exercise can have, and nothing else; sound ones pass it."""

from __future__ import annotations

from pathlib import Path

import pytest

from torchkata.course.catalogue import Course
from torchkata.instructor.authoring.margins import near_traps
from torchkata.instructor.authoring.stub_lint import seal
from torchkata.instructor.authoring.validate import Gate
from torchkata.result import CheckResult, ExerciseResult, State, Verdict
from torchkata.sandbox.launcher import Launcher

STUB, SOLUTION, GRADER = "exercises/{}.py", "solutions/{}.py", "tests/{}.py"

# what is wrong: (file, text, what stands there instead, what the gate says)
EDITS = {
    "a heading is missing": (STUB, "\nRules\n", "\nManners\n", "The stub's headings are"),
    "headings out of order": (
        STUB,
        "\nRules\n    Leave x as it is.\n\nBudget\n    at most 1 op\n",
        "\nBudget\n    at most 1 op\n\nRules\n    Leave x as it is.\n",
        "The stub's headings are",
    ),
    "no TODO": (STUB, "  # TODO: your code here", "", "The stub has no `# TODO`"),
    "the stub is solved": (
        STUB,
        "raise NotImplementedError",
        "return x / 2",
        "The stub is passed, not todo",
    ),
    "the budget is not stated": (STUB, "at most 1 op", "few ops", "word for word: 'at most 1 op'"),
    "the budget is another one": (
        STUB,
        "at most 1 op",
        "at most 1 op, views not counted",
        "word for word: 'at most 1 op'",
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
    "too few hints": (SOLUTION, '    "`x / 2`.",\n', "", "HINTS has to hold 3"),
    "no hints": (SOLUTION, "HINTS =", "TIPS =", "HINTS has to hold 3"),
    "another first hint": (SOLUTION, "Tensors know", "You know", "The first hint has to stand"),
    "a trap is right": (
        SOLUTION,
        "return x * x",
        "return x / 2",
        "Trap square has to fail on values; it is passed",
    ),
    "a trap is caught elsewhere": (
        SOLUTION,
        '"square": "values"',
        '"square": "shape"',
        "Trap square has to fail on shape; it is failed and fails on",
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
    "the reference raises": (SOLUTION, "return x / 2", "return x / y", "The course itself is at"),
    "the reference is no Python": (SOLUTION, "return x / 2", "return x /", "invalid syntax"),
    "oracles disagree": (GRADER, "/ 2 for", "/ 3 for", "Naive version and reference disagree in"),
    "two exercises": (GRADER, "EXERCISE = ", "OTHER = EXERCISE = ", "has 2 Exercises"),
    "the grader fails": (GRADER, "EXERCISE = ", "EXERCISE = nothing or ", "cannot be loaded"),
    "no such axis": (GRADER, 'Case("one", ', 'Case("one", axis="charm", ', "is no axis"),
}


def edited(root: Path, name: str, file: str, old: str, new: str) -> None:
    stem = name if file != GRADER else name.replace("/", "/test_")
    path = root / file.format(stem)
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} no longer holds {old!r}"
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def gate(launcher: Launcher) -> Gate:
    """Hold graders against their own samples."""
    return Gate(launcher, seed=3)


@pytest.mark.parametrize("name", ["row_total", "halve", "mend_shift", "counter"])
def test_sound_exercise_has_no_faults(gate: Gate, mini: Path, name):
    """An exercise without faults is sound: a function, one with a race, faulty code, a class."""
    assert gate.faults(Course(mini).one(name)) == []


@pytest.mark.parametrize("fault", EDITS)
def test_gate_names_exactly_the_fault(gate: Gate, course: Path, fault):
    """One edit, one fault: the gate names it and finds nothing else."""
    file, old, new, words = EDITS[fault]
    edited(course, "01_mini/02_halve", file, old, new)
    exercise = Course(course).one("halve")
    if file == STUB:
        seal(exercise)

    faults = gate.faults(exercise)

    assert faults
    assert [found for found in faults if words not in found] == []


@pytest.mark.parametrize("file", [STUB, SOLUTION, GRADER])
def test_missing_file_is_named(gate: Gate, course: Path, file):
    """An exercise that lacks one of its files is found all the same, and the file is named."""
    stem = "02_more/test_01_mend_shift" if file == GRADER else "02_more/01_mend_shift"
    (course / file.format(stem)).unlink()

    assert gate.faults(Course(course).one("mend_shift")) == [f"{file.format(stem)} is missing."]


def test_changed_stub_is_named(gate: Gate, course: Path):
    """A stub that is not as its grader knows it has to be sealed; sealing mends it."""
    edited(course, "01_mini/02_halve", STUB, "Leave x as it is.", "Do not touch x.")

    faults = gate.faults(Course(course).one("halve"))

    assert len(faults) == 1
    assert "The stub has changed: seal it" in faults[0]
    assert seal(Course(course).one("halve"))
    assert gate.faults(Course(course).one("halve")) == []
    assert not seal(Course(course).one("halve"))


def test_faulty_code_has_to_fail_on_its_axis(gate: Gate, course: Path):
    """Code to be mended that fails on another axis than the grader names is no good exercise."""
    edited(course, "02_more/01_mend_shift", GRADER, 'fault="purity"', 'fault="shape"')

    faults = gate.faults(Course(course).one("mend_shift"))

    assert len(faults) == 1
    assert "has to fail on shape; it fails on" in faults[0]
    assert "purity" in faults[0]


def test_threshold_beyond_the_reference_is_named(gate: Gate, course: Path):
    """A speed that the reference does not reach by 1.5 is the course's fault, not a fail."""
    edited(course, "01_mini/01_row_total", STUB, "at least 4 x", "at least 40000 x")
    edited(course, "01_mini/01_row_total", GRADER, "Speedup(4,", "Speedup(40000,")
    exercise = Course(course).one("row_total")
    seal(exercise)

    faults = " ".join(gate.faults(exercise))

    assert "The solution is unmeasurable" in faults
    assert "less than 1.5 times the threshold 40000" in faults


@pytest.mark.parametrize(("ratio", "near"), [(5.0, True), (2.0, False)])
def test_trap_near_a_threshold_is_named(ratio, near):
    """A trap that misses the clock's threshold by less than 1.5 makes verdicts waver."""
    check = CheckResult(
        id="x::speed",
        axis="speed",
        verdict=Verdict.FAILED,
        figures={"ratio_low": ratio, "threshold": 6.0},
    )
    result = ExerciseResult(id="x", name="x", chapter="x", state=State.FAILED, checks=(check,))

    assert bool(list(near_traps("trap", result))) is near
