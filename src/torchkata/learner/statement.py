"""The statement of an exercise: its text, its signatures or code, and the file to edit."""

from __future__ import annotations

import re

from torchkata.course import source_code
from torchkata.course.exercise import Exercise
from torchkata.errors import KataError
from torchkata.i18n import Message, Translator, _
from torchkata.learner.reset import find_original_stub


def format_statement(exercise: Exercise, translate: Translator) -> str:
    """Return everything that a learner needs to start.

    Args:
        exercise: the exercise.
        translate: the translator of this exercise.

    Raises:
        KataError: the learner's file has no statement, and the original stub cannot be found.
    """
    source = _source_with_statement(exercise)
    edit = _(
        "Edit {file}, then run `nox -s grade -- {name}`.",
        file=exercise.stub_path.relative_to(exercise.course).as_posix(),
        name=exercise.name,
    )
    return "\n\n".join(
        [
            *map(translate, statement_paragraphs(source)),
            *_code(exercise, source),
            translate(edit),
        ]
    )


def _code(exercise: Exercise, source: str) -> list[str]:
    """Return the code to fix as it was handed out, else the signatures of what is to be written."""
    names = exercise.spec.names
    if not exercise.spec.broken_axis:
        return source_code.headers(source, names)
    try:
        original = find_original_stub(exercise).decode("utf-8")
    except KataError:
        original = source
    code = source_code.excerpt(original, names)
    return [code] if code else source_code.headers(source, names)


def statement_paragraphs(source: str) -> tuple[Message, ...]:
    """Return the statement in a stub, split at blank lines; empty if it was deleted."""
    text = source_code.statement(source)
    return tuple(Message(paragraph) for paragraph in re.split(r"\n{2,}", text) if paragraph)


def _source_with_statement(exercise: Exercise) -> str:
    """Return the learner's file if it still has a statement, else the original stub."""
    try:
        source = exercise.stub_path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        source = ""
    if source_code.statement(source):
        return source
    try:
        return find_original_stub(exercise).decode("utf-8")
    except KataError as error:
        raise KataError(
            _(
                "The statement is missing from {file} and could not be recovered: {reason}",
                file=exercise.stub_path.name,
                reason=error.message,
            )
        ) from error
