"""What has to stand in a catalogue: texts in the engine's source and in the course's files."""

from __future__ import annotations

import ast
import inspect
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from torchkata.course.catalogue import Exercise
from torchkata.course.spec.budgets import Speedup
from torchkata.learner.statement import statement_paragraphs

_PROSE = re.compile(r"[A-Za-z]{2,}\W* .*[A-Za-z]{2,}", re.DOTALL)


def placeholders(text: str) -> set[str]:
    """The names of a message's values."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def said(source: str, where: str = "") -> Iterator[tuple[str, set[str] | str]]:
    """Each text given to `say(...)` with the names of its values; with a fault, in words, instead.

    An if-expression has a text in both arms.
    """
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if node.func.id != "say":
            continue
        names = {keyword.arg for keyword in node.keywords if keyword.arg is not None}
        unnamed = any(keyword.arg is None for keyword in node.keywords)  # `**values`: any of them
        for arm in _arms(node.args[0]):
            if isinstance(arm, ast.Constant) and isinstance(arm.value, str):
                yield arm.value, names | (placeholders(arm.value) if unnamed else set())
            else:
                yield "", f"{where}:{arm.lineno}: say({ast.unparse(arm)}): only literals are found"


def _arms(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.IfExp):
        yield from _arms(node.body)
        yield from _arms(node.orelse)
    else:
        yield node


def engine_texts(folder: Path) -> tuple[dict[str, set[str]], list[str]]:
    """Each message of an engine, with the values that every call gives it; and faults."""
    found: dict[str, set[str]] = {}
    faults = []
    for path in sorted(folder.rglob("*.py")):
        for text, names in said(path.read_text(encoding="utf-8"), path.name):
            if isinstance(names, str):
                faults.append(names)
            else:
                found[text] = found.get(text, names) & names
    return found, faults


def engine_faults(texts: dict[str, set[str]], catalogue: dict[str, str]) -> list[str]:
    """Keys that a catalogue lacks, keys that nothing says any more, values that differ."""
    found = [f"missing: {text!r}" for text in texts if text not in catalogue]
    found += [f"no longer said: {text!r}" for text in catalogue if text not in texts]
    for text, given in texts.items():
        wanted = placeholders(text)
        if wanted - given:
            found.append(f"no value for {sorted(wanted - given)} in {text!r}")
        used = placeholders(catalogue.get(text, text))
        if used != wanted:
            found.append(f"values {sorted(used)} instead of {sorted(wanted)} in {text!r}")
    return found


def statement_texts(exercise: Exercise) -> list[str]:
    """The paragraphs of a stub's statement."""
    source = exercise.stub_path.read_text(encoding="utf-8")
    return [paragraph.template for paragraph in statement_paragraphs(source)]


def hidden_texts(exercise: Exercise) -> list[str]:
    """What the catalogue beside the solution holds: hints, cases, baselines, the grader's words."""
    exercise = exercise.grader.spec
    texts = list(exercise.solution_literal("HINTS", ()))
    for function in exercise.functions:
        texts += [case.name for case in function.cases]
        texts += [budget.rival for budget in function.budget if isinstance(budget, Speedup)]
    for test in exercise.grader.tests.values():
        texts.append((inspect.getdoc(test) or "").strip())
    texts += _prose(exercise.grader_path.read_text(encoding="utf-8"))
    return list(dict.fromkeys(texts))


def _prose(source: str) -> Iterator[str]:
    """The sentences and phrases in the bodies of a grader's functions, values as `{1}`, `{2}`."""
    tree = ast.parse(source)
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        yield from _prose_in(function)


def _prose_in(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(node, ast.FunctionDef) and child is node.body[0] and _is_text(child):
            continue  # a docstring
        if isinstance(child, ast.JoinedStr):
            text = _template(child)
            if _PROSE.search(text):
                yield text
            yield from (text for part in child.values for text in _prose_in(part))
        elif isinstance(child, ast.Constant):
            if isinstance(child.value, str) and _PROSE.search(child.value):
                yield child.value
        else:
            yield from _prose_in(child)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _template(node: ast.JoinedStr) -> str:
    text, values = "", 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += part.value
        else:
            values += 1
            text += f"{{{values}}}"
    return text


def course_faults(texts: list[str], catalogue: dict[str, str]) -> list[str]:
    """Texts that a catalogue lacks, those that are gone from the files, values that differ."""
    found = [f"missing: {text!r}" for text in texts if text not in catalogue]
    found += [f"no longer there: {text!r}" for text in catalogue if text not in texts]
    for text in texts:
        one, other = (sorted(re.findall(r"\{\d+\}", t)) for t in (text, catalogue.get(text, text)))
        if one != other:
            found.append(f"values {other} instead of {one} in {text!r}")
    return found


def twice(file: Path) -> list[str]:
    """Texts that a catalogue holds more than once: gettext would keep the last."""
    ids = re.findall(r'^msgid ((?:"[^\n]*"\n?)+)', file.read_text(encoding="utf-8"), re.MULTILINE)
    counts: dict[str, int] = defaultdict(int)
    for text in ids:
        counts["".join(re.findall(r'"(.*)"', text))] += 1
    return [text for text, count in counts.items() if count > 1]
