"""Start a new exercise: three files, with every unfinished part marked."""

from __future__ import annotations

import re
from typing import Final

from torchkata.course.catalogue import Course
from torchkata.course.stub_digest import digest
from torchkata.errors import UsageError

_STUB: Final = '''"""{title}. UNFINISHED: say in one line what it does.

Task
    UNFINISHED: where real code needs it, and what to return.

Shapes and units
    x         [n]     floating, any device
    return    [n]     the dtype of x

Rules
    UNFINISHED: what is not allowed.

Budget
    at most 2 ops, not counting views

Hints
    1. UNFINISHED: a direction.
    Levels 2 and 3: `nox -s hint -- {name}`.
"""

from torch import Tensor


def {name}(x: Tensor) -> Tensor:
    raise NotImplementedError  # TODO: your code here
'''

_SOLUTION: Final = '''"""Reference: UNFINISHED: the idea in one line.

Fast: UNFINISHED: why it wins.
"""

from torch import Tensor


def {name}(x: Tensor) -> Tensor:
    return x  # UNFINISHED


HINTS = (
    "UNFINISHED: a direction (the same sentence as in the stub)",
    "UNFINISHED: the idea",
    "UNFINISHED: the call",
)

# ------------------------------------------------------------------------------------------------
# Alternatives: other right answers
# ------------------------------------------------------------------------------------------------

ALTERNATIVES = {{"{name}": ()}}  # entry point -> names of functions

# ------------------------------------------------------------------------------------------------
# Traps: wrong answers, each with the axis that must fail
# ------------------------------------------------------------------------------------------------

TRAPS = {{"{name}": {{}}}}  # entry point -> {{name of a function: axis}}
'''

_GRADER: Final = '''"""Grader of {name}. UNFINISHED."""

from torchkata import Case, Function, Ops, Spec, normal


def loop(x):
    return x.clone()  # UNFINISHED: the slow, obvious version


SPEC = Spec(
    Function(
        "{name}",
        inputs={{"x": normal("n")}},
        naive=loop,
        cases=(Case("one", n=1), Case("many", n=1000)),
        budget=(Ops(2),),
    ),
    stub_digest="{digest}",
)
'''


def new_exercise(course: Course, name: str) -> str:
    """Write the three files of an exercise and return what to do next.

    Args:
        course: The course.
        name: `CHAPTER/NN_name`, such as `09_beyond/11_gather_rows`.

    Raises:
        UsageError: The name has another form, or a file exists already.
    """
    if not re.fullmatch(r"\d\d_[a-z]\w*/\d\d_[a-z]\w*", name):
        raise UsageError(
            f"Expected a name CHAPTER/NN_name in lowercase, such as 09_beyond/11_gather_rows, "
            f"got {name!r}."
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
            raise UsageError(
                f"{path.relative_to(course.root)} already exists. Nothing was written."
            )
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    written = "\n".join(f"  {path.relative_to(course.root).as_posix()}" for path in files)
    return f"Created:\n{written}\nFill in the unfinished parts, then run: nox -s check -- {short}"
