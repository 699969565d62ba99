"""Which texts a catalogue must contain: those in the engine's source and in the course's files."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from torchkata.course.exercise import Exercise
from torchkata.course.source_code import reason_to_win
from torchkata.course.spec.budgets import Speedup
from torchkata.course.spec.case import Case
from torchkata.grading.checks.custom_tests import description
from torchkata.learner.statement import statement_paragraphs


def placeholders(text: str) -> set[str]:
    """Return the names of a template's values; none if it is no template, such as code."""
    try:
        fields = [name for _text, name, _format, _conv in Formatter().parse(text)]
    except ValueError:
        return set()
    return {name for name in fields if name is not None}


def templates(source: str, where: str = "") -> Iterator[tuple[str, set[str] | str]]:
    """Yield each template given to `_(...)` with the names of its values, or a fault as a text.

    A conditional expression has a template in both arms.
    """
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if node.func.id != "_":
            continue
        names = {keyword.arg for keyword in node.keywords if keyword.arg is not None}
        any_names = any(keyword.arg is None for keyword in node.keywords)  # `**values`
        for arm in _arms(node.args[0]):
            if isinstance(arm, ast.Constant) and isinstance(arm.value, str):
                yield arm.value, names | (placeholders(arm.value) if any_names else set())
            else:
                yield "", f"{where}:{arm.lineno}: _({ast.unparse(arm)}): only literals are found"


def _arms(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.IfExp):
        yield from _arms(node.body)
        yield from _arms(node.orelse)
    else:
        yield node


def engine_texts(folder: Path) -> tuple[dict[str, set[str]], list[str]]:
    """Return each template of the engine, with the values that every call gives it; and faults."""
    found: dict[str, set[str]] = {}
    faults = []
    for path in sorted(folder.rglob("*.py")):
        for text, names in templates(path.read_text(encoding="utf-8"), path.name):
            if isinstance(names, str):
                faults.append(names)
            elif text:
                found[text] = found.get(text, names) & names
    return found, faults


def engine_faults(texts: dict[str, set[str]], catalogue: dict[str, str]) -> list[str]:
    """List templates that a catalogue lacks, templates that are gone, and values that differ."""
    found = [f"missing: {text!r}" for text in texts if text not in catalogue]
    found += [f"no longer used: {text!r}" for text in catalogue if text not in texts]
    for text, given in texts.items():
        wanted = placeholders(text)
        if wanted - given:
            found.append(f"no value for {sorted(wanted - given)} in {text!r}")
        used = placeholders(catalogue.get(text, text))
        if used != wanted:
            found.append(f"values {sorted(used)} instead of {sorted(wanted)} in {text!r}")
    return found


def statement_texts(exercise: Exercise) -> list[str]:
    """Return the paragraphs of a stub's statement."""
    source = exercise.stub_path.read_text(encoding="utf-8")
    return [paragraph.template for paragraph in statement_paragraphs(source)]


def hidden_texts(exercise: Exercise) -> list[str]:
    """Return the texts of the catalogue beside the solution: all that learners read of a grader."""
    texts = list(exercise.solution_literal("HINTS", ()))
    texts.append(reason_to_win(exercise.reference_source.decode())[1])
    reasons = exercise.solution_literal("WHY", {}).values()
    texts += [reason if isinstance(reason, str) else reason[0] for reason in reasons]
    for entry in exercise.spec.entries:
        for case in getattr(entry, "cases", ()):
            texts += [case.name, getattr(case, "why", "")]
    for function in exercise.spec.functions:
        texts += [each.baseline_name for each in function.budget if isinstance(each, Speedup)]
    texts += [description(test).template for test in exercise.grader.tests.values()]
    grader = exercise.grader_path.read_text(encoding="utf-8")
    texts += [text for text, _names in templates(grader)]
    of_the_engine = ("", Case.of_equal_sizes({}).name)
    return [text for text in dict.fromkeys(texts) if text not in of_the_engine]


def course_faults(texts: list[str], catalogue: dict[str, str]) -> list[str]:
    """List texts that a catalogue lacks, texts that are gone from the files, values that differ."""
    found = [f"missing: {text!r}" for text in texts if text not in catalogue]
    found += [f"no longer used: {text!r}" for text in catalogue if text not in texts]
    for text in texts:
        if "{" not in catalogue.get(text, ""):
            continue
        wanted, used = placeholders(text), placeholders(catalogue[text])
        if wanted != used:
            found.append(f"values {sorted(used)} instead of {sorted(wanted)} in {text!r}")
    return found


def repeated(file: Path) -> list[str]:
    """Return texts that a catalogue has more than once: gettext would keep the last."""
    ids = re.findall(r'^msgid ((?:"[^\n]*"\n?)+)', file.read_text(encoding="utf-8"), re.MULTILINE)
    counts: dict[str, int] = defaultdict(int)
    for text in ids:
        counts["".join(re.findall(r'"(.*)"', text))] += 1
    return [text for text, count in counts.items() if count > 1]
