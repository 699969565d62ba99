"""Known causes of exceptions: files that are not Python, missing imports, refused access."""

from __future__ import annotations

import ast
import re
from typing import Final

from torchkata.grading.explain.failure import Failure
from torchkata.grading.explain.trap import Details, Trap, trap
from torchkata.grading.explain.tree import keywords
from torchkata.i18n import _

_ANY: Final = "contract shape dtype values stability device purity gradient ops memory speed"
_IMPORTS: Final = {
    "torch": "import torch",
    "nn": "from torch import nn",
    "F": "import torch.nn.functional as F",
    "np": "import numpy as np",
    "numpy": "import numpy",
    "math": "import math",
    "Tensor": "from torch import Tensor",
}
_REFUSED: Final = re.compile(r"\[Errno (?:1|2|13|30)\]")
_SIZES: Final = re.compile(r"cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)")
_NOT_DEFINED: Final = re.compile(r"name '(\w+)' is not defined")


@trap(
    "notebook command",
    _ANY,
    lambda line, text: _(
        "Line {line}, `{text}`, is a command of a notebook. Python does not know it: delete the "
        "line.",
        line=line,
        text=text,
    ),
)
def notebook_command(failure: Failure) -> Details | None:
    """Match `%matplotlib inline` and `!pip install`."""
    return _line_that_starts(failure, "%", "!")


@trap(
    "Markdown fence",
    _ANY,
    lambda line, text: _(
        "Line {line}, `{text}`, marks code in a chat or a Markdown text. Delete it, and everything "
        "that is not Python.",
        line=line,
        text=text,
    ),
)
def markdown_fence(failure: Failure) -> Details | None:
    """Match the three backticks around code in Markdown."""
    return _line_that_starts(failure, "```", "~~~")


@trap(
    "merge conflict",
    _ANY,
    lambda line, text: _(
        "Line {line}, `{text}`, is a mark of a merge conflict that git left. Keep one of the two "
        "versions, and delete all three marks.",
        line=line,
        text=text,
    ),
)
def merge_conflict(failure: Failure) -> Details | None:
    """Match the marks that git puts into a file with conflicts."""
    return _line_that_starts(failure, "<<<<<<<", "=======", ">>>>>>>")


def _line_that_starts(failure: Failure, *starts: str) -> Details | None:
    if failure.exception not in ("SyntaxError", "IndentationError"):
        return None
    lines = failure.source.splitlines()
    first = lines[failure.line - 1].strip() if 0 < failure.line <= len(lines) else ""
    return {"line": failure.line, "text": first} if first.startswith(starts) else None


@trap(
    "notebook saved as .py",
    _ANY,
    lambda: _(
        "The file is a notebook in JSON, not Python. Save its code as a script: in Jupyter, File, "
        "Save and Export Notebook As, Executable Script."
    ),
)
def notebook_saved_as_py(failure: Failure) -> Details | None:
    """Match the JSON of a notebook."""
    start = failure.source.lstrip("\ufeff \t\r\n")
    return {} if failure.exception and start[:1] == "{" and '"cells"' in start else None


@trap(
    "missing import",
    _ANY,
    lambda name, statement: _(
        "`{name}` is never imported. Add `{statement}` at the top of the file.",
        name=name,
        statement=statement,
    ),
)
def missing_import(failure: Failure) -> Details | None:
    """Match the name of a well-known module that the file does not import."""
    name = _undefined_name(failure)
    return {"name": name, "statement": _IMPORTS[name]} if name in _IMPORTS else None


@trap(
    "name from elsewhere",
    _ANY,
    lambda name: _(
        "Nothing in this file defines `{name}`. A file, or a cell of a notebook, is judged alone: "
        "what it uses must be in it.",
        name=name,
    ),
)
def name_from_elsewhere(failure: Failure) -> Details | None:
    """Match a name that only another file, or another cell, can define."""
    name = _undefined_name(failure)
    return {"name": name} if name else None


def _undefined_name(failure: Failure) -> str:
    """Return the name that a NameError is about, if the file binds it nowhere."""
    found = _NOT_DEFINED.search(failure.exception_text)
    if failure.exception != "NameError" or found is None:
        return ""
    return found[1] if found[1] not in failure.tree.defined_names() else ""


@trap(
    "access refused",
    _ANY,
    lambda: _(
        "A submission is judged without access to files, the network, a terminal and other "
        "programs. Compute the result from the arguments alone."
    ),
)
def access_refused(failure: Failure) -> Details | None:
    """Match an error of the operating system, and a debugger without a terminal."""
    refused = failure.exception in ("PermissionError", "OSError", "FileNotFoundError")
    # An exercise on files has its own reasons for such errors.
    if refused and _REFUSED.search(failure.exception_text) and not failure.reads_files:
        return {}
    return {} if failure.exception == "BdbQuit" else None


@trap(
    "gradient of a tensor with several values",
    _ANY,
    lambda line: _(
        "Line {line} differentiates a tensor with several values, and autograd needs to know how "
        "to weigh them. Sum them first, or pass `grad_outputs=torch.ones_like(y)`.",
        line=line,
    ),
)
def gradient_of_several_values(failure: Failure) -> Details | None:
    """Match a backward pass from a tensor that is no scalar."""
    implicit = "grad can be implicitly created only for scalar outputs" in failure.exception_text
    return {"line": failure.line} if implicit and failure.line else None


@trap(
    "vmap without in_dims",
    _ANY,
    lambda line: _(
        "`vmap` on line {line} maps over dim 0 of every argument. An argument that is the same in "
        "all calls, such as the parameters, needs None: `in_dims=(None, 0, 0)`.",
        line=line,
    ),
)
def vmap_without_in_dims(failure: Failure) -> Details | None:
    """Match an error of `vmap` if it is called without `in_dims`."""
    if "vmap" not in failure.exception_text:
        return None
    call = next(
        (c for c in failure.tree.calls("vmap") if not {"in_dims", "**"} & keywords(c)), None
    )
    return {"line": call.lineno} if call is not None and len(call.args) < 2 else None  # noqa: PLR2004


@trap(
    "number as a key of a ModuleDict",
    _ANY,
    lambda line: _(
        "`nn.ModuleDict` on line {line} has strings as keys, such as '0', so nothing is found "
        "under a number. `nn.ModuleList` is indexed by numbers.",
        line=line,
    ),
)
def number_as_a_key(failure: Failure) -> Details | None:
    """Match a lookup of a number in a ModuleDict."""
    number = failure.exception == "KeyError" and failure.exception_text.isdigit()
    used = next(failure.tree.calls("ModuleDict"), None)
    return {"line": used.lineno} if number and used is not None else None


@trap(
    "inner sizes of a product",
    _ANY,
    lambda line, rows, inner, other, columns: _(
        "Line {line} multiplies [{rows}, {inner}] by [{other}, {columns}], so the inner sizes, "
        "{inner} and {other}, differ. A vector of {inner} numbers as a column is "
        "`x.unsqueeze(1)`, [{inner}, 1].",
        line=line,
        rows=rows,
        inner=inner,
        other=other,
        columns=columns,
    ),
)
def inner_sizes_of_a_product(failure: Failure) -> Details | None:
    """Match a row where a product needs a column."""
    found = _SIZES.search(failure.exception_text)
    if found is None or not failure.line:
        return None
    rows, inner, other, columns = map(int, found.groups())
    if rows != 1 or other != 1:
        return None
    return {
        "line": failure.line,
        "rows": rows,
        "inner": inner,
        "other": other,
        "columns": columns,
    }


@trap(
    "no return",
    "contract shape values",
    lambda line, name: _(
        "`{name}` on line {line} has no `return` with a value, so it returns None.",
        line=line,
        name=name,
    ),
)
def no_return(failure: Failure) -> Details | None:
    """Match a function under judgment that returns nothing anywhere."""
    if failure.exception or failure.finding != "wrong-type":
        return None
    for node in failure.tree.whole.body:
        if not isinstance(node, ast.FunctionDef) or node.name != failure.entry:
            continue
        parts = list(ast.walk(node))
        returned = any(isinstance(p, ast.Return) and p.value is not None for p in parts)
        if not returned and not any(isinstance(p, ast.Yield | ast.YieldFrom) for p in parts):
            return {"line": node.lineno, "name": node.name}
    return None


TRAPS: Final[tuple[Trap, ...]] = (
    notebook_command,
    markdown_fence,
    merge_conflict,
    notebook_saved_as_py,
    missing_import,
    name_from_elsewhere,
    access_refused,
    gradient_of_several_values,
    vmap_without_in_dims,
    number_as_a_key,
    inner_sizes_of_a_product,
    no_return,
)
