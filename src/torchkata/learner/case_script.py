"""A script that calls a learner's function with the inputs of one case, in their own process."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch

from torchkata.course.atomic_write import replace_file
from torchkata.errors import UsageError
from torchkata.i18n import _
from torchkata.learner.literals import NotWritableError, count_numbers, is_data, is_plain, literal

_MOST_NUMBERS: Final = 64
"""The most numbers that are written out; more are saved in a file beside the script."""

_SCRIPT: Final = '''\
"""Call `{entry}` with the inputs of one case: {case} (seed {seed})."""

import importlib.util
from pathlib import Path

{imports}

HERE = Path(__file__).resolve().parent
FILE = HERE / {file}


def load(file):
    """Import a file whose name is no module name."""
    spec = importlib.util.spec_from_file_location("submission", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


{inputs}

result = load(FILE).{entry}({call})
print("result:  ", result)
{expected}'''


@dataclass(frozen=True, kw_only=True)
class CaseCall:
    """One call of a function, and what it should return.

    Attributes:
        entry: The function.
        case: The label of the case, in English.
        seed: The seed of its inputs.
        arguments: By the name of the parameter, in order.
        expected: What the reference returns; None if it raises or is not known.
        raises: The exception that is expected instead; empty if none is.
    """

    entry: str
    case: str
    seed: int
    arguments: Mapping[str, object]
    expected: object = None
    raises: str = ""


def write_case_script(call: CaseCall, submission: Path, file: Path) -> list[Path]:
    """Write the script, and its inputs beside it if they are large.

    Args:
        call: What the script calls.
        submission: The learner's file.
        file: The script to write.

    Returns:
        The files that were written.

    Raises:
        UsageError: A file exists already, an input is no data, or the folder cannot be written to.
    """
    data = file.with_suffix(".pt")
    values = list(call.arguments.values())
    large = sum(map(count_numbers, values)) > _MOST_NUMBERS or not all(map(is_plain, values))
    files = [file, data] if large else [file]
    for each in files:
        if each.exists():
            raise UsageError(
                _("{file} exists already. Name another file: `--out FILE.py`.", file=each.name)
            )
    script = _script(call, submission, file, large=large)
    if large:
        saved = io.BytesIO()
        torch.save(tuple(values), saved)
        replace_file(data, saved.getvalue())
    replace_file(file, script.encode("utf-8"))
    return files


def _script(call: CaseCall, submission: Path, file: Path, *, large: bool) -> str:
    names = list(call.arguments)
    if large:
        _require_data(call)
        target = ", ".join(names) + ("," if len(names) == 1 else "")
        inputs = f"{target} = torch.load(HERE / {json.dumps(file.with_suffix('.pt').name)})"
    else:
        inputs = "\n".join(
            f"{name} = {_written(call, name, value)}" for name, value in call.arguments.items()
        )
    path = os.path.relpath(submission.resolve(), file.resolve().parent)
    body = inputs + (expected := _expected(call))
    imports = ["import numpy as np"] * ("np." in body) + ["import torch"] * ("torch." in body)
    return _SCRIPT.format(
        entry=call.entry,
        case=call.case.replace('"""', "'''").replace("\\", "/"),
        seed=call.seed,
        imports="\n".join(imports),
        file=json.dumps(Path(path).as_posix()),
        inputs=inputs,
        call=", ".join(names),
        expected=expected,
    ).replace("\n\n\n\n", "\n\n")


def _expected(call: CaseCall) -> str:
    """Return the line that prints the expected result, if it is small."""
    if call.raises:
        return f'print("expected:", "it raises {call.raises}")\n'
    if call.expected is None or count_numbers(call.expected) > _MOST_NUMBERS:
        return ""
    try:
        return f'print("expected:", {literal(call.expected)})\n'
    except NotWritableError:
        return ""


def _written(call: CaseCall, name: str, value: object) -> str:
    try:
        return literal(value)
    except NotWritableError as error:
        raise _unwritable(call, name) from error


def _require_data(call: CaseCall) -> None:
    """Refuse inputs that `torch.load` would not read back as they were."""
    for name, value in call.arguments.items():
        if not is_data(value):
            raise _unwritable(call, name)


def _unwritable(call: CaseCall, name: str) -> UsageError:
    return UsageError(
        _(
            "The input {name} of the case {case!r} is no data, such as a function, so it cannot be "
            "written to a file. Choose another case.",
            name=name,
            case=call.case,
        )
    )


def choose_names(names: Sequence[str], wanted: str) -> list[int]:
    """Return the places of the names that somebody may mean: by number, name or part of it.

    Args:
        names: In order; numbers start at 1.
        wanted: What was typed.
    """
    if wanted.isdigit() and 1 <= int(wanted) <= len(names):
        return [int(wanted) - 1]
    plain = wanted.strip().casefold()
    known = [name.casefold() for name in names]
    for matches in (
        [place for place, name in enumerate(known) if plain in (name, name.partition(" (")[0])],
        [place for place, name in enumerate(known) if name.startswith(plain)],
        [place for place, name in enumerate(known) if plain in name],
    ):
        if matches:
            return matches
    return []
