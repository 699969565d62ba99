"""New exercises: three files with the parts that the gate asks for, named as unfinished."""

from __future__ import annotations

import re

from torchkata.course.catalogue import Course, digest
from torchkata.errors import UsageError

_STUB = '''"""{title}. UNFINISHED: say in one line what it does.

Task
    UNFINISHED: what to return, and why anybody wants it.

Shapes and units
    x         [n]     floating, any device
    return    [n]     the dtype of x

Rules
    UNFINISHED: what is not allowed, and why.

Budget
    at most 2 ops

Hints
    1. UNFINISHED: point a direction.
    Levels 2 and 3: `nox -s hint -- {name}`.
"""

from torch import Tensor


def {name}(x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
'''

_SOLUTION = '''"""Reference: UNFINISHED: the idea in one line.

Fast: UNFINISHED: why it wins.
"""

from torch import Tensor

HINTS = (
    "UNFINISHED: a direction (the same as in the stub)",
    "UNFINISHED: the idea",
    "UNFINISHED: the call",
)

TRAPS = {{"{name}": {{}}}}  # a tempting wrong answer's name -> the axis that must catch it

ALTERNATIVES = {{"{name}": ()}}  # names of other right answers


def {name}(x: Tensor) -> Tensor:
    return x  # UNFINISHED
'''

_GRADER = '''"""Grader of {name}. UNFINISHED."""

from torchkata import Case, Exercise, Function, Ops, normal


def loop(x):
    return x.clone()  # UNFINISHED: the slow, obvious version


EXERCISE = Exercise(
    Function(
        "{name}",
        inputs={{"x": normal("n")}},
        naive=loop,
        cases=(Case("one", n=1), Case("many", n=1000)),
        budget=(Ops(2),),
    ),
    shipped="{digest}",
)
'''


def new_exercise(course: Course, name: str) -> str:
    """Write the three files of an exercise and say what to do with them.

    Args:
        course: where.
        name: `CHAPTER/NN_name`, such as `09_beyond/11_gather_rows`.

    Raises:
        UsageError: the name is not of that form, or a file is there already.
    """
    if not re.fullmatch(r"\d\d_[a-z]\w*/\d\d_[a-z]\w*", name):
        raise UsageError(
            f"{name!r} is no name for an exercise; use CHAPTER/NN_name in small letters."
        )
    chapter, stem = name.split("/")
    short = stem[3:]
    title = f"{chapter[3:].capitalize()} {stem[:2]}: {short.replace('_', ' ')}"
    stub = _STUB.format(title=title, name=short)
    files = {
        course.root / "exercises" / chapter / f"{stem}.py": stub,
        course.root / "solutions" / chapter / f"{stem}.py": _SOLUTION.format(name=short),
        course.root / "tests" / chapter / f"test_{stem}.py": _GRADER.format(
            name=short, digest=digest(stub.encode())
        ),
    }
    for path in files:
        if path.exists():
            raise UsageError(f"{path.relative_to(course.root)} is there already; nothing was done.")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shown = "\n".join(f"  {path.relative_to(course.root).as_posix()}" for path in files)
    return f"Made:\n{shown}\nFill them in, then run: nox -s check -- {short}"
