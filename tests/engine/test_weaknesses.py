"""The gate names graders that prove little: their traps, tests, budgets, patterns and rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.instructor.authoring import findings, rules, weaknesses
from torchkata.instructor.authoring.findings import Findings, Weakness
from torchkata.result import CheckResult, ExerciseResult, State, Verdict

GRADER = "tests/01_mini/test_02_halve.py"
SOLUTION = "solutions/01_mini/02_halve.py"


def result(*checks: CheckResult) -> ExerciseResult:
    return ExerciseResult(id="x", name="x", chapter="x", state=State.FAILED, checks=checks)


def check(axis: str, code: str = "", **metrics: float) -> CheckResult:
    verdict = Verdict.FAILED if code else Verdict.PASSED
    return CheckResult(id=f"x::{axis}", axis=axis, verdict=verdict, code=code, metrics=metrics)


def changed(course: Path, file: str, old: str, new: str) -> Exercise:
    """Return the exercise `halve` with a change in one of its files."""
    path = course / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return Course(course).one("halve")


@pytest.mark.parametrize(
    ("checks", "is_weak"),
    [
        ((check("shape", "raised"), check("values", "raised")), True),
        ((check("shape"), check("values", "raised")), False),  # it returns in one case
        ((check("shape", "wrong-shape"), check("values", "raised")), False),
        ((check("contract", "cannot-load"),), False),
    ],
)
def test_a_trap_that_only_raises_is_weak(course, checks, is_weak):
    """A trap has to return something that the grader tells from the right answer."""
    exercise = Course(course).one("halve")
    found = list(weaknesses.trap_weaknesses("trap", "values", result(*checks), exercise))

    assert [weakness.kind for weakness in found] == ["raising trap"] * is_weak


@pytest.mark.parametrize(
    ("used", "slack", "is_weak"),
    [(1400, "", True), (1600, "", False), (1400, "a narrow gap", False)],
)
def test_a_memory_trap_close_to_the_budget_needs_a_reason(course, used, slack, is_weak):
    """A memory trap misses the budget by a factor of 1.5, unless the budget has a reason."""
    changed(course, GRADER, "import Case", "import Memory, Case")
    exercise = changed(course, GRADER, "Ops(1)", f'Memory("2 * output", slack={slack!r})')
    trap = result(check("memory", "memory", extra_bytes=used, extra_bytes_allowed=1000))
    found = list(weaknesses.trap_weaknesses("trap", "memory", trap, exercise))

    assert [weakness.kind for weakness in found] == ["close memory trap"] * is_weak


@pytest.mark.parametrize(
    ("budget", "used", "is_weak"),
    [("Ops(3)", 2, False), ("Ops(4)", 2, True), ('Ops(4, slack="a style")', 2, False)],
)
def test_a_budget_far_above_the_reference_needs_a_reason(course, budget, used, is_weak):
    """A budget of more than 1.5 times what the reference needs has a reason as `slack=`."""
    exercise = changed(course, GRADER, "Ops(1)", budget)
    limit = budget[4]
    passed = CheckResult(
        id=f"halve::ops[at most {limit} ops, not counting views]",
        axis="ops",
        verdict=Verdict.PASSED,
        metrics={"ops": used, "ops_allowed": float(limit)},
    )
    found = list(weaknesses.budget_weaknesses(exercise, result(passed)))

    assert [weakness.kind for weakness in found] == ["loose budget"] * is_weak


@pytest.mark.parametrize(
    ("body", "is_weak"),
    [
        ("submission.run(probe)", True),
        ("assert submission.run(probe)", False),
        ("helper(submission)", False),  # which claims something
        ("equal(1, 1, what=0)", False),
    ],
)
def test_a_test_that_claims_nothing_is_weak(course, body, is_weak):
    """A test makes a claim, itself or in a function that it calls."""
    text = f"""
def helper(submission):
    require(submission, "")

def test_values_nothing(submission):
    {body}


SPEC = """
    exercise = changed(course, GRADER, "\nSPEC = ", text)
    found = list(weaknesses.test_weaknesses(exercise))

    assert [weakness.kind for weakness in found] == ["empty test"] * is_weak


@pytest.mark.parametrize(
    ("pattern", "is_weak"), [("*softm*", False), ("*_loss", False), ("*sofmax", True)]
)
def test_a_forbidden_pattern_matches_something(course, pattern, is_weak):
    """A misspelled pattern would forbid nothing."""
    exercise = changed(course, GRADER, "layouts=()", f"layouts=(), forbidden=({pattern!r},)")
    found = list(weaknesses.forbidden_weaknesses(exercise))

    assert [weakness.kind for weakness in found] == ["unknown forbidden"] * is_weak


RULES = {
    "all named": ('{"Leave x": "purity"}', ""),
    "a rule is not named": ('{"Leave": "gradient"}', "no check matches"),
    "no such rule": ('{"Leave x": "purity", "Keep y": "purity"}', "contains 'Keep y'"),
    "no such check": ('{"Leave x": "purity[of y]"}', "no check matches 'purity[of y]'"),
    "permission": ('{"Leave x": None}', ""),
    "not declared": ("{}", ""),
}


@pytest.mark.parametrize("name", RULES)
def test_declared_rules_are_enforced(course, name):
    """If a grader declares RULES, each rule of the statement needs a check, and each entry fits."""
    declared, report = RULES[name]
    exercise = changed(course, GRADER, "\nSPEC = ", f"\nRULES = {declared}\nSPEC = ")
    if name == "a rule is not named":
        exercise = changed(course, GRADER, "naive=", "gradient=False, naive=")
    found = [weakness.text for weakness in rules.rule_weaknesses(exercise)]

    assert bool(found) is bool(report)
    assert all(report in text or "No check enforces" in text for text in found)


def test_rules_are_the_sentences_of_the_section(mini: Path):
    """Each sentence of the section is a rule; checks that usually enforce it are known."""
    exercise = Course(mini).one("halve")

    assert rules.rules_of(exercise) == ["Leave x as it is."]
    assert rules.checks_by_rule(exercise) == [("Leave x as it is.", [])]


@pytest.mark.parametrize("is_refused", [True, False])
def test_a_switch_turns_a_weakness_into_a_problem(monkeypatch, is_refused):
    """What the gate does not refuse yet is a warning."""
    monkeypatch.setitem(findings.REFUSED, "empty test", is_refused)
    found = Findings()
    found.add(["wrong", Weakness("empty test", "weak")])

    assert found.problems == ["wrong", "weak"][: 1 + is_refused]
    assert found.warnings == ["weak"][is_refused:]
