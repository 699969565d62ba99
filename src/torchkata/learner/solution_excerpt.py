"""After a pass: the learner's answer and the reference, cut down to what was asked for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from torchkata.course.catalogue import Exercise
from torchkata.errors import CourseError
from torchkata.learner.progress import Best
from torchkata.result import Comparison, ExerciseResult, State

_MOST_LINES: Final = 60
_SENTENCE_END: Final = re.compile(r"(?<=[.!?]) (?=[A-Z`])")
_NOT_ANSWERS: Final = {"HINTS", "TRAPS", "ALTERNATIVES"}


def compared(
    exercise: Exercise, result: ExerciseResult, source: bytes, best: Best | None
) -> ExerciseResult:
    """Add to a pass what a learner wants to see then; any other result stays as it is.

    Args:
        lesson: the exercise.
        result: how it was judged.
        source: the file that was judged.
        best: the lowest figures of the passes before; None where nothing is remembered.
    """
    if result.state is not State.PASSED or exercise.files.open_only:
        return result
    names = exercise.grader.spec.names
    try:
        solution = exercise.reference_source.decode("utf-8")
    except UnicodeError as error:
        raise CourseError(f"{exercise.solution_path} cannot be read: {error}") from error
    comparison = Comparison(
        yours=excerpt(source.decode("utf-8-sig", "replace"), names),
        reference=excerpt(solution, names),
        reason=reason(solution),
        best=best,
    )
    return replace(result, comparison=comparison)


def excerpt(source: str, names: Iterable[str]) -> str:
    """The definitions of some names, and of all that they use in the same file; nothing is run.

    Args:
        source: Python code; an empty excerpt if it is none.
        names: what is asked for.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    defined = {name: node for node in tree.body for name in _defines(node)}
    for name in _NOT_ANSWERS:
        defined.pop(name, None)
    found: set[ast.stmt] = set()
    fresh = [defined[name] for name in names if name in defined]
    while fresh:
        node = fresh.pop()
        found.add(node)
        used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
        fresh += [defined[name] for name in used & set(defined) if defined[name] not in found]
    lines = source.splitlines()
    blocks = [lines[_start(node) - 1 : node.end_lineno] for node in tree.body if node in found]
    shown = [line for block in blocks for line in ["", *block]][1:]
    if len(shown) > _MOST_LINES:
        shown = [*shown[:_MOST_LINES], "..."]
    return "\n".join(shown)


def reason(solution: str) -> str:
    """Why the reference wins: the docstring's first sentence behind its title, else the title."""
    text = ast.get_docstring(ast.parse(solution)) or ""
    title, *others = [" ".join(part.split()) for part in text.split("\n\n")]
    told = (others[0] if others else title).removeprefix("Reference: ")
    told = _SENTENCE_END.split(told, maxsplit=1)[0]
    return told[:1].upper() + told[1:]


def _defines(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (
            part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)
        )


def _start(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])
