"""The statement of an exercise: its text, its signatures, and the file to edit."""

from __future__ import annotations

import ast
import inspect
import re

from torchkata.course.catalogue import Exercise
from torchkata.course.translations import told, turn_to
from torchkata.errors import KataError
from torchkata.i18n import _
from torchkata.learner.reset import shipped_source

_DOCSTRING = re.compile(r'\A\s*[rR]?"""(.*?)"""', re.DOTALL)


def show(exercise: Exercise) -> str:
    """Return everything that somebody needs to begin, in the language in force.

    Raises:
        KataError: the learner's file has lost its text, and the text as shipped is not to be had.
    """
    turn_to(exercise.course, exercise.chapter, exercise.stem)
    source = _source(exercise)
    paragraphs = (told(paragraph) for paragraph in paragraphs_of(source))
    file = exercise.stub_path.relative_to(exercise.course).as_posix()
    return "\n\n".join(
        [
            *paragraphs,
            *headers(source, exercise.grader.spec.names),
            _(
                "Edit {file}, then run `nox -s grade -- {name}`.",
                file=file,
                name=exercise.name,
            ),
        ]
    )


def paragraphs_of(source: str) -> list[str]:
    """The statement of a stub, split at blank lines."""
    found = _DOCSTRING.match(source)
    text = inspect.cleandoc(found[1]) if found else ""
    return re.split(r"\n{2,}", text) if text else []


def headers(source: str, names: tuple[str, ...]) -> list[str]:
    """The lines that define `names`, without what is in them; none where Python cannot read it."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    found: list[str] = []
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) if name in names:
                found.append(_header(node, source))
            case ast.ClassDef(name=name, body=body) if name in names:
                methods = [_header(n, source) for n in body if isinstance(n, ast.FunctionDef)]
                bases = ", ".join(map(ast.unparse, node.bases))
                first = f"class {name}({bases}):" if bases else f"class {name}:"
                found.append("\n    ".join([first, *methods]))
            case ast.AnnAssign(target=ast.Name(id=name)) if name in names:
                found.append(f"{name}: {ast.unparse(node.annotation)}")
    return found


def _header(node: ast.FunctionDef, source: str) -> str:
    """A function's first lines as they stand, without the colon."""
    lines = source.splitlines()[node.lineno - 1 : node.body[0].lineno - 1]
    text = "\n".join(lines).strip()
    return text.removesuffix(":") if text else source.splitlines()[node.lineno - 1].strip()


def _source(exercise: Exercise) -> str:
    """The learner's file if the text is still in it, else the file as shipped."""
    try:
        source = exercise.stub_path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        source = ""
    if paragraphs_of(source):
        return source
    try:
        return shipped_source(exercise).decode("utf-8")
    except KataError as error:
        raise KataError(
            _(
                "{file} has lost the text at its top, and it is not to be had elsewhere: {why}",
                file=exercise.stub_path.name,
                why=error,
            )
        ) from error
