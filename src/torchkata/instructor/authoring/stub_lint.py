"""Lint the texts of an exercise's files without running them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from torchkata.course.exercise import Exercise
from torchkata.course.source_code import signatures
from torchkata.course.stub_digest import digest
from torchkata.errors import CourseError
from torchkata.learner.hints import LEVELS

HEADINGS: Final = ("Task", "Shapes and units", "Rules", "Budget", "Hints")
UNFINISHED: Final = "UNFINISHED"
_TODO: Final = "# TODO"
_DIGEST: Final = re.compile(r'stub_digest="\w*"')


def lint_texts(exercise: Exercise) -> Iterator[str]:
    """Yield what is missing or inconsistent in the texts of the three files."""
    stub = exercise.stub_path.read_text(encoding="utf-8")
    for path in (exercise.stub_path, exercise.solution_path, exercise.grader_path):
        if UNFINISHED in path.read_text(encoding="utf-8"):
            name = path.relative_to(exercise.course).as_posix()
            yield f"{name} has parts marked {UNFINISHED}."
    yield from _lint_stub(exercise, stub)
    yield from _lint_hints(exercise, stub)
    yield from _lint_names(exercise, stub)


def record_digest(exercise: Exercise) -> bool:
    """Write the digest of the current stub to the grader.

    Returns:
        Whether that changed the grader.

    Raises:
        CourseError: The grader does not have exactly one `stub_digest="..."`.
    """
    text = exercise.grader_path.read_text(encoding="utf-8")
    current = f'stub_digest="{digest(exercise.stub_path.read_bytes())}"'
    updated, count = _DIGEST.subn(current, text)
    if count != 1:
        raise CourseError(
            f'{exercise.grader_path}: expected stub_digest="..." exactly once, got {count}.'
        )
    if updated == text:
        return False
    exercise.grader_path.write_text(updated, encoding="utf-8")
    return True


def _lint_stub(exercise: Exercise, stub: str) -> Iterator[str]:
    statement = ast.get_docstring(ast.parse(stub)) or ""
    present = [line for line in statement.splitlines() if line in HEADINGS]
    if tuple(present) != HEADINGS:
        yield f"Expected the stub's headings {list(HEADINGS)} in this order, got {present}."
    if _TODO not in stub:
        yield f"The stub has no `{_TODO}`."
    flat = " ".join(statement.split())
    for sentence in exercise.spec.budget_sentences():
        stated = re.escape(" ".join(sentence.split())) + r"(?![\w,])"  # "1 op" is not in "1 ops"
        if not re.search(stated, flat):
            yield f"The stub does not state the budget word for word: {sentence!r}."
    if not exercise.is_untouched(stub.encode()):
        yield f"The stub has changed. Seal it with `nox -s check -- {exercise.name} --seal`."


def _lint_hints(exercise: Exercise, stub: str) -> Iterator[str]:
    hints = exercise.solution_literal("HINTS", ())
    if len(hints) != LEVELS or len(set(hints)) != LEVELS:
        yield f"HINTS must have {LEVELS} different levels, from a direction to the call."
    elif " ".join(hints[0].split()) not in " ".join(stub.split()):
        yield "The stub must contain the first hint word for word."


def _lint_names(exercise: Exercise, stub: str) -> Iterator[str]:
    in_solution = signatures(exercise.solution_path.read_text(encoding="utf-8"))
    in_stub = signatures(stub)
    for name in exercise.spec.names:
        if name not in in_stub:
            yield f"The stub does not define {name}."
        elif name not in in_solution:
            yield f"The solution does not define {name}."
        elif in_stub[name] != in_solution[name]:
            yield (
                f"{name} takes {in_stub[name]} in the stub and {in_solution[name]} in the solution."
            )
