"""Match the rules of a statement with the checks that enforce them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Final

from torchkata.course.exercise import Exercise
from torchkata.grading.checks.plan import plan
from torchkata.grading.checks.purity import GLOBAL_STATE
from torchkata.instructor.authoring.findings import Weakness

Patterns = str | tuple[str, ...] | None

USUAL: Final[Mapping[str, str]] = {
    "Do not modify": "purity",
    "Gradients flow": "gradient",
    "Raise ValueError": "contract",
    "No host synchronization": "ops[*no host synchronization]",
    "No Python loop": "ops[*no loop over *]",
    "Leave the settings of autocast": "purity[autocast]",
    "is a `torch.utils.data.Dataset`": "contract[dataset]",
    "in a DataLoader": "*[*, in a loader]",
}
"""Rules that many statements share, with the checks that enforce them."""

_SECTION: Final = re.compile(r"^Rules\n(.*?)^Budget$", re.DOTALL | re.MULTILINE)
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z`\"(])")


def rules_of(exercise: Exercise) -> list[str]:
    """Return the sentences of the section *Rules* of a statement."""
    statement = ast.get_docstring(ast.parse(exercise.stub_path.read_text(encoding="utf-8"))) or ""
    section = _SECTION.search(statement)
    text = " ".join(section[1].split()) if section else ""
    return [sentence for sentence in _SENTENCE.split(text) if sentence]


def checks_by_rule(exercise: Exercise) -> list[tuple[str, list[str]]]:
    """Return each rule with the checks that enforce it; `-` for what needs no check.

    Raises:
        CourseError: the grader cannot be loaded.
    """
    declared = {**USUAL, **_declared(exercise)}
    names = [check.id.partition("::")[2] for check in plan(exercise)]
    return [(rule, list(_enforced(rule, declared, names))) for rule in rules_of(exercise)]


def rule_weaknesses(exercise: Exercise) -> Iterator[Weakness]:
    """Yield rules that no check enforces, if the grader declares `RULES`.

    Raises:
        CourseError: the grader cannot be loaded.
    """
    declared = _declared(exercise)
    if not declared:
        return
    rules = rules_of(exercise)
    names = [check.id.partition("::")[2] for check in plan(exercise)]
    for part, patterns in declared.items():
        if not any(part in rule for rule in rules):
            yield Weakness("unnamed rule", f"RULES: no rule of the statement contains {part!r}.")
        for pattern in _tuple(patterns):
            if not any(_matches(name, pattern) for name in names):
                yield Weakness("unnamed rule", f"RULES: no check matches {pattern!r}.")
    for rule, checks in checks_by_rule(exercise):
        if not checks:
            yield Weakness(
                "unnamed rule",
                f"No check enforces the rule {rule!r}. Name one in RULES, or None if it only "
                "permits something.",
            )


def _declared(exercise: Exercise) -> dict[str, Patterns]:
    declared: dict[str, Patterns] = getattr(exercise.grader.module, "RULES", {})
    return declared


def _enforced(rule: str, declared: Mapping[str, Patterns], names: list[str]) -> Iterator[str]:
    """Yield the checks of a rule, or `-` if it is declared that it needs none."""
    for part, patterns in declared.items():
        if part not in rule:
            continue
        if patterns is None:
            yield "-"
        yield from (n for n in names if any(_matches(n, p) for p in _tuple(patterns)))


def _tuple(patterns: Patterns) -> tuple[str, ...]:
    if patterns is None:
        return ()
    return (patterns,) if isinstance(patterns, str) else patterns


def _matches(check: str, pattern: str) -> bool:
    """Return whether a pattern such as `ops[*loop*]` fits a check.

    `purity` fits all checks of the axis except the one that judges every exercise.
    """
    if check == GLOBAL_STATE:
        return pattern == GLOBAL_STATE
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*") + r"(\[.*)?", check) is not None
