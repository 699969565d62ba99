"""Open examples: arguments and the reference's outputs, to JSON and back."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor

from torchkata.course.spec.case import Case, ExpectedOutput
from torchkata.course.spec.function import EntryPoint, Function, Spec
from torchkata.course.spec.tolerance import Tolerance
from torchkata.errors import CourseError
from torchkata.i18n import _

_FORMAT: Final = 1
_INNERMOST: Final = re.compile(r"\[\s+([^\[\]{}]*?)\s+\]")
_BREAK: Final = re.compile(r"\s*\n\s*")
_NOT_IN_JSON: Final = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class NotPlainError(Exception):
    """Raised for a value that an open example cannot hold."""


def dump(facts: Mapping[str, object]) -> bytes:
    """Return the content of the file of an exercise's open examples.

    Args:
        facts: the data that `load` reads, as JSON-ready values.
    """
    text = json.dumps({"format": _FORMAT, **facts}, indent=1, ensure_ascii=False, allow_nan=False)
    rows = _INNERMOST.sub(lambda found: f"[{_BREAK.sub(' ', found[1])}]", text)
    return f"{rows}\n".encode()


def load(data: bytes, path: str) -> Spec:
    """Return the spec that open examples judge: names, parameters, shapes, dtypes and values.

    Args:
        data: the file's content.
        path: of the file, for messages.

    Raises:
        CourseError: the file is damaged, or has another version.
    """
    try:
        facts = json.loads(data)
        if facts["format"] != _FORMAT:
            raise ValueError(facts["format"])  # noqa: TRY301
        functions = {entry["name"]: _function(entry) for entry in facts["functions"]}
        names = facts["contract"]
        return Spec(
            *(functions.get(name) or EntryPoint(name) for name in names),
            stub_digest=facts["shipped"],
            weight=facts["weight"],
            reference_signatures=names,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise CourseError(
            _("{file} is damaged. Copy it from a fresh download of the kit.", file=path)
        ) from error


def _function(entry: Mapping[str, Any]) -> Function:
    tolerance = entry["tolerance"]
    return Function(
        entry["name"],
        inputs={},
        naive=_nothing,
        cases=tuple(_case(number, each) for number, each in enumerate(entry["examples"], 1)),
        dtypes=(_dtype(entry["dtype"]),),
        layouts=(),
        gradient=False,
        device=False,
        purity=False,
        repeated=False,
        tolerance=None if tolerance is None else Tolerance(**tolerance),
    )


def _case(number: int, example: Mapping[str, Any]) -> Case:
    arguments = example["arguments"].values()
    known = ExpectedOutput(
        expected=from_json(example["result"]), precise=from_json(example["precise"])
    )
    for argument in arguments:
        from_json(argument)  # report damage before judging
    return Case(
        f"open example {number}",
        given=lambda _sizes, _generator: tuple(map(from_json, arguments)),
        known=known,
    )


def _nothing() -> None:
    """The naive version of an exercise that has none here."""


def to_json(value: object) -> object:
    """Return a value as JSON-ready data.

    Args:
        value: a CPU tensor, a number, a string, None, or a list, tuple or dict of these.

    Raises:
        NotPlainError: it is something else.
    """
    match value:
        case Tensor():
            return _tensor(value)
        case float() if not math.isfinite(value):
            return {"float": str(value)}
        case None | bool() | int() | float() | str():
            return value
        case tuple() if type(value) is tuple:
            return {"tuple": [to_json(each) for each in value]}
        case list():
            return [to_json(each) for each in value]
        case dict():
            return {"dict": [[to_json(key), to_json(each)] for key, each in value.items()]}
    raise NotPlainError(type(value).__name__)


def from_json(written_value: Any) -> Any:
    """Return a new object from the data that `to_json` returned.

    Raises:
        ValueError, KeyError, TypeError, AttributeError, RuntimeError: the data is malformed.
    """
    if isinstance(written_value, list):
        return [from_json(each) for each in written_value]
    if not isinstance(written_value, dict):
        return written_value
    if "tuple" in written_value:
        return tuple(from_json(each) for each in written_value["tuple"])
    if "dict" in written_value:
        return {from_json(key): from_json(each) for key, each in written_value["dict"]}
    if "float" in written_value:
        return _NOT_IN_JSON[written_value["float"]]
    values = torch.tensor(_numbers(written_value["values"]), dtype=_dtype(written_value["dtype"]))
    return values.reshape(written_value["shape"])


def _tensor(tensor: Tensor) -> dict[str, object]:
    if tensor.is_complex() or tensor.requires_grad or tensor.layout != torch.strided:
        raise NotPlainError(str(tensor.dtype))
    return {
        "dtype": _name(tensor.dtype),
        "shape": list(tensor.shape),
        "values": _rows(tensor, tensor.tolist()),
    }


def _rows(tensor: Tensor, values: Any) -> Any:
    """Values that JSON has; those of float32 as short as they can be told apart."""
    if isinstance(values, list):
        return [_rows(tensor, each) for each in values]
    if isinstance(values, float):
        if not math.isfinite(values):
            return str(values)
        return float(f"{values:.9g}") if tensor.dtype is torch.float32 else values
    return values


def _numbers(values: Any) -> Any:
    if isinstance(values, list):
        return [_numbers(each) for each in values]
    return _NOT_IN_JSON[values] if isinstance(values, str) else values


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _dtype(name: str) -> torch.dtype:
    found = getattr(torch, name)
    if not isinstance(found, torch.dtype):
        raise TypeError(name)
    return found
