"""What the gate reads in an exercise's files without running them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from torchkata.course.catalogue import Exercise, digest
from torchkata.errors import CourseError
from torchkata.learner.hints import LEVELS

HEADINGS = ("Task", "Shapes and units", "Rules", "Budget", "Hints")
MARK = "UNFINISHED"
_TODO = "# TODO"


def text_faults(exercise: Exercise) -> Iterator[str]:
    """Yield what is missing or does not fit together in the texts of the three files."""
    stub = exercise.stub_path.read_text(encoding="utf-8")
    for path in (exercise.stub_path, exercise.solution_path, exercise.grader_path):
        if MARK in path.read_text(encoding="utf-8"):
            yield f"{path.relative_to(exercise.course).as_posix()} has parts marked {MARK}."
    yield from _stub_faults(exercise, stub)
    yield from _hint_faults(exercise, stub)
    yield from _name_faults(exercise, stub)


def seal(exercise: Exercise) -> bool:
    """Write the digest of the stub as it is into the grader; whether that changed anything.

    Raises:
        CourseError: the grader has no `shipped=` to fill in.
    """
    text = exercise.grader_path.read_text(encoding="utf-8")
    current = f'shipped="{digest(exercise.stub_path.read_bytes())}"'
    sealed, count = re.subn(r'shipped="\w*"', current, text)
    if count != 1:
        raise CourseError(
            f'{exercise.grader_path} has {count} times shipped="...", which is needed once.'
        )
    if sealed == text:
        return False
    exercise.grader_path.write_text(sealed, encoding="utf-8")
    return True


def _stub_faults(exercise: Exercise, stub: str) -> Iterator[str]:
    text = ast.get_docstring(ast.parse(stub)) or ""
    present = [line for line in text.splitlines() if line in HEADINGS]
    if tuple(present) != HEADINGS:
        yield f"The stub's headings are {present}; they have to be {list(HEADINGS)}, in this order."
    if _TODO not in stub:
        yield f"The stub has no `{_TODO}`."
    flat = " ".join(text.split())
    for sentence in exercise.grader.spec.join():
        stated = re.escape(" ".join(sentence.split())) + r"(?![\w,])"  # "1 op" is not in "1 ops"
        if not re.search(stated, flat):
            yield f"The stub does not state the budget word for word: {sentence!r}."
    current = digest(stub.encode())
    if exercise.grader.spec.stub_digest != current:
        yield f"The stub has changed: seal it by `nox -s check -- {exercise.name} --seal`."


def _hint_faults(exercise: Exercise, stub: str) -> Iterator[str]:
    hints = exercise.solution_literal("HINTS", ())
    if len(hints) != LEVELS or len(set(hints)) != LEVELS:
        yield f"HINTS has to hold {LEVELS} different levels, from a direction to the call."
    elif " ".join(hints[0].split()) not in " ".join(stub.split()):
        yield "The first hint has to stand in the stub too, word for word."


def _name_faults(exercise: Exercise, stub: str) -> Iterator[str]:
    solution = signatures(exercise.solution_path.read_text(encoding="utf-8"))
    wanted = signatures(stub)
    for name in exercise.grader.spec.names:
        if name not in wanted:
            yield f"The stub does not define {name}."
        elif name not in solution:
            yield f"The solution does not define {name}."
        elif wanted[name] != solution[name]:
            yield (f"{name} takes {wanted[name]} in the stub and {solution[name]} in the solution.")


def signatures(source: str) -> dict[str, str]:
    """The top-level names of a file with their parameters (of classes: of each method)."""
    found: dict[str, str] = {}
    for node in ast.parse(source).body:
        match node:
            case ast.FunctionDef(name=name, args=arguments):
                found[name] = _bare(arguments)
            case ast.ClassDef(name=name, body=body):
                found[name] = "; ".join(
                    f"{method.name}({_bare(method.args)})"
                    for method in body
                    if isinstance(method, ast.FunctionDef)
                    and (method.name == "__init__" or not method.name.startswith("_"))
                )
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = ""
    return found


def _bare(arguments: ast.arguments) -> str:
    """Parameters and defaults without annotations."""
    for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
        argument.annotation = None
    return ast.unparse(arguments)
