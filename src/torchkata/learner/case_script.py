"""A script that calls a learner's function with the inputs of one case, in their own process."""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from torchkata.course.atomic_write import replace_file
from torchkata.errors import UsageError
from torchkata.i18n import _

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


class _NotWritable(Exception):
    """Raised for a value that cannot be written as Python code."""


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
    large = sum(map(_count, values)) > _MOST_NUMBERS or not all(map(_is_plain, values))
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
    if call.expected is None or _count(call.expected) > _MOST_NUMBERS:
        return ""
    try:
        return f'print("expected:", {_literal(call.expected)})\n'
    except _NotWritable:
        return ""


def _written(call: CaseCall, name: str, value: object) -> str:
    try:
        return _literal(value)
    except _NotWritable as error:
        raise _unwritable(call, name) from error


def _require_data(call: CaseCall) -> None:
    """Refuse inputs that `torch.load` would not read back as they were."""
    for name, value in call.arguments.items():
        if not _is_data(value):
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


def _is_data(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_data, value))
    if isinstance(value, dict):
        return all(map(_is_data, value.values()))
    return value is None or isinstance(value, (torch.Tensor, bool, int, float, complex, str))


def _count(value: object) -> int:
    """Return how many numbers a value holds."""
    if isinstance(value, torch.Tensor):
        return value.numel()
    if isinstance(value, np.ndarray):
        return value.size
    if isinstance(value, (list, tuple)):
        return sum(map(_count, value))
    if isinstance(value, dict):
        return sum(map(_count, value.values()))
    return 1


def _is_plain(value: object) -> bool:
    """Return whether code that lists the numbers of a value gives it the same memory layout."""
    if isinstance(value, torch.Tensor):
        return value.is_contiguous()
    return not isinstance(value, (list, tuple)) or all(map(_is_plain, value))


def _literal(value: object) -> str:
    """Return Python code for a value, exact to the last bit."""
    match value:
        case torch.Tensor():
            return _tensor(value)
        case np.ndarray():
            return f"np.array({_numbers(value.tolist(), double=True)}, dtype=np.{value.dtype})"
        case torch.Generator():
            return f"torch.Generator().manual_seed({value.initial_seed()})"
        case bool() | None | int() | complex() | str():
            return repr(value)
        case float():
            return _numbers(value, double=True)
        case torch.dtype():
            return str(value)
        case torch.device():
            return f"torch.device({str(value)!r})"
        case list():
            return f"[{', '.join(map(_literal, value))}]"
        case tuple():
            return f"({', '.join(map(_literal, value))}{',' * (len(value) == 1)})"
        case dict():
            return f"{{{', '.join(f'{key!r}: {_literal(item)}' for key, item in value.items())}}}"
        case _:
            raise _NotWritable


def _tensor(tensor: torch.Tensor) -> str:
    if tensor.layout is not torch.strided or tensor.is_quantized:
        raise _NotWritable
    kept = tensor.detach().cpu()
    double = not kept.is_floating_point() or kept.dtype is torch.float64
    listed: Any = kept.tolist() if double else kept.float().numpy().tolist()
    listed = listed if double else _as_float32(listed)
    text = f"torch.tensor({_numbers(listed, double=double)}, dtype={kept.dtype})"
    if kept.numel() == 0:
        text = f"torch.empty({tuple(kept.shape)}, dtype={kept.dtype})"
    return f"{text}.requires_grad_()" if tensor.requires_grad else text


def _as_float32(value: Any) -> Any:
    return [_as_float32(item) for item in value] if isinstance(value, list) else np.float32(value)


def _numbers(value: Any, *, double: bool) -> str:
    """Return code for nested lists of numbers; the shortest that is exact in their precision."""
    if isinstance(value, list):
        return f"[{', '.join(_numbers(item, double=double) for item in value)}]"
    if isinstance(value, (float, np.floating)) and not math.isfinite(value):
        return {"nan": "float('nan')", "inf": "float('inf')"}.get(str(value), "-float('inf')")
    return repr(value) if double else str(value)


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
